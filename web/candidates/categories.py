"""The filter categories with their options, counts and ticks, as the template draws them (CAND-19..37)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from matching.candidates.parts import CATEGORIES, NOT_FILLED, ShowcaseView
from matching.search.results import Facets
from matching.taxonomy.vocabularies import load_vocabularies
from web.candidates.checks import offered_options
from web.candidates.query import Query
from web.formatting import format_number
from web.labels import category_label, option_label
from web.language import chosen_language

#: Categories of which one option is chosen at a time (CAND-35).
SINGLE = frozenset({"recency"})
#: A list longer than LONG shows at most MOST options, those most candidates have; the others are under 'Toon alle'.
LONG, MOST = 14, 18
# A page has hundreds of options. In a loop of the template they took a third of its time, so they are put together
# here: what is the same on every page once per process, number, tick and look for each page.
GAP = '<span class="opts__gap" aria-hidden="true"></span>'
BOX = Markup('"><input type="checkbox" form="zoek" id="f-{slug}-{code}" name="f.{slug}" value="{code}"')
LABEL = Markup("><span>{label}</span>")


@dataclass(frozen=True)
class CategoryView:
    """A filter category: `active` options of `size` are ticked, and the HTML of all.

    `options` are in sight, `others` unfold on demand, `last` is 'Niet ingevuld', which ends every category.
    """

    slug: str
    label: str
    active: int
    size: int
    open: bool
    single: bool
    options: Markup
    others: Markup
    last: Markup


class _Drawn(NamedTuple):
    """What of an option is the same on every page in one language: the HTML before its look, its tick and its count."""

    code: str
    before_look: str
    before_tick: str
    before_count: str


def category_views(view: ShowcaseView, query: Query, counts: Facets) -> Iterator[CategoryView]:
    """The categories that this showcase offers, in its order; `counts` are candidates by category and option."""
    for code, (*drawn, last) in _drawn(view, chosen_language()).items():
        category = CATEGORIES[code]
        ticked = query.filters.get(code, ())
        here = counts.get(code, {}) if counts else None
        options, others = _folded(drawn, ticked, here)
        yield CategoryView(
            slug=category.slug,
            label=category_label(code),
            active=len(ticked),
            size=len(drawn) + 1,
            open=query.category == code,
            single=code in SINGLE,
            options=_html(options, ticked, here),
            others=_html(others, ticked, here),
            last=_html([last], ticked, here),
        )


def _folded(
    drawn: Sequence[_Drawn], ticked: Sequence[str], counts: Mapping[str, int] | None
) -> tuple[Sequence[_Drawn], Sequence[_Drawn]]:
    """The options in sight and the others, each in their own order; what is ticked is in sight."""
    if counts is None or len(drawn) < LONG:
        return drawn, ()
    most = sorted(drawn, key=lambda option: -counts.get(option.code, 0))[:MOST]
    kept = {option.code for option in most if counts.get(option.code, 0)}.union(ticked)
    others = [option for option in drawn if option.code not in kept]
    return [option for option in drawn if option.code in kept], others


def _html(options: Iterable[_Drawn], ticked: Sequence[str], counts: Mapping[str, int] | None) -> Markup:
    """Options as HTML; `counts` are candidates by option, None if nothing was searched."""
    html = []
    for code, before_look, before_tick, before_count in options:
        look = count = ""
        if counts is not None:
            number = counts.get(code, 0)
            look = "" if number else " opt--zero"
            count = f' <span class="opt__count">{format_number(number)}</span>'
        tick = " checked" if code in ticked else ""
        html.append(f"{before_look}{look}{before_tick}{tick}{before_count}{count}</label>")
    return Markup("\n".join(html))  # noqa: S704 - made of Markup and numbers only


@lru_cache(maxsize=32)
def _drawn(view: ShowcaseView, language: str) -> Mapping[str, tuple[_Drawn, ...]]:
    """The options of each category offered; `language` is that of the request, whose labels they get."""
    return {shown.code: tuple(_draw(view, shown.code)) for shown in view.categories if view.category(shown.code)}


def _draw(view: ShowcaseView, category: str) -> Iterator[_Drawn]:
    vocabularies = dict(load_vocabularies())
    names, slug = CATEGORIES[category].vocabularies, CATEGORIES[category].slug
    begins = {vocabularies[names[1]].codes[0], NOT_FILLED} if len(names) > 1 else set()
    for code in offered_options(view, category, vocabularies):
        yield _Drawn(
            code,
            f'{GAP if code in begins else ""}<label class="opt{" opt--none" if code == NOT_FILLED else ""}',
            BOX.format(slug=slug, code=code),
            LABEL.format(label=option_label(category, code)),
        )
