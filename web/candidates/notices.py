"""Sentences for what could not be used in an address: what is wrong, and what the page did instead."""

from __future__ import annotations

from dataclasses import dataclass

from web import formatting
from web.candidates.query import Problem
from web.texts import gettext as _

#: Problems that are nobody's fault: the page says them and is otherwise as it should be.
TOLD = frozenset({"fell_away"})


@dataclass(frozen=True)
class Notice:
    """A message above the list; tone 'wrong' or 'told'."""

    text: str
    tone: str = "wrong"


def notice_of(problem: Problem) -> Notice:
    """The sentence for a problem."""
    value = problem.value
    return Notice(
        {
            "radius": _("“%(value)s” is geen afstand die je kunt kiezen. We zochten binnen 25 km.", value=value),
            "place": _("De plaats “%(value)s” kennen we niet. We zochten zonder plaats.", value=value),
            "place_typed": _("De plaats “%(value)s” kennen we niet.", value=value),
            "place_hidden": _("In deze etalage kun je niet op plaats zoeken. We zochten zonder plaats."),
            "not_offered": _(
                "In deze etalage kun je niet zoeken op “%(value)s”. We zochten zonder die term.", value=value
            ),
            "category": _("Het filter “%(value)s” bestaat niet. We zochten zonder dat filter.", value=value),
            "option": _(
                "Op “%(value)s” kun je in deze etalage niet filteren. We zochten zonder dat filter.", value=value
            ),
            "fell_away": _("Deze etalage heeft dit niet, dus het viel weg: %(value)s.", value=value),
            "too_many_filters": _("Er zijn te veel filters gekozen. Wis er een paar."),
            "chip": _("De zoekterm “%(value)s” kennen we niet. We zochten zonder die term.", value=value),
            "too_many_chips": _(
                "Je kunt op hoogstens %(value)s termen tegelijk zoeken. De rest lieten we weg.", value=value
            ),
            "too_many_words": _(
                "Je kunt op hoogstens %(value)s losse woorden tegelijk zoeken. De rest lieten we weg.", value=value
            ),
            "text_too_long": _("Je zoektekst is te lang. Gebruik hoogstens 200 tekens."),
            "page": _("Pagina “%(value)s” bestaat niet. Dit is de eerste.", value=value),
            "page_beyond": _("Pagina %(value)s bestaat niet. Dit is de eerste.", value=value),
            "window": _(
                "Verder dan %(value)s kandidaten kun je niet bladeren. Maak je zoekvraag preciezer. Dit is pagina 1.",
                value=value,
            ),
            "candidate": _("Deze kandidaat staat niet (meer) in deze etalage."),
            "engine": _("Zoeken lukt nu even niet. Je ziet het profiel, maar niet waarom het bij je zoekvraag past."),
            "nothing_to_search": _("In “%(value)s” staat geen woord om op te zoeken.", value=value),
        }[problem.kind],
        "told" if problem.kind in TOLD else "wrong",
    )


def status_of(problems: tuple[Problem, ...]) -> int:
    """404 for a page or candidate that isn't there, 400 for anything else that could not be used, else 200."""
    kinds = {problem.kind for problem in problems} - TOLD
    if not kinds:
        return 200
    return 404 if kinds <= {"page_beyond", "window", "candidate"} else 400


def page_problem(page: int, window: int, page_size: int) -> Problem:
    """Why a page isn't there: beyond what can be paged, or beyond the results."""
    if page * page_size > window:
        return Problem("window", formatting.format_number(window))
    return Problem("page_beyond", formatting.format_number(page))
