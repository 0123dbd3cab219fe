"""The filter categories with their options, counts and ticks, as the template draws them (CAND-19..37)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from matching.candidates.parts import CATEGORIES, NOT_FILLED, ShowcaseView
from matching.taxonomy.vocabularies import load_vocabularies
from web import formatting
from web.candidates.checks import offered_options
from web.candidates.query import Query
from web.labels import category_label, option_label
from web.language import chosen_language

#: Categories of which one option is chosen at a time (CAND-35).
SINGLE = frozenset({"recency"})
#: A list longer than LONG shows at most MOST options, those most candidates have; the others are under 'Toon alle'.
LONG, MOST = 14, 18
# A page has hundreds of options. In a loop of the template they took a third of its time, so they are put together
# here: what is the same on every page once per process, number, tick and look for each page.
GAP = Markup('<span class="opts__gap" aria-hidden="true"></span>')
BOX = Markup('<input type="checkbox" form="zoek" id="f-{slug}-{code}" name="f.{slug}" value="{code}"')
LABEL = Markup("<span>{label}</span>")


@dataclass(frozen=True)
class CategoryView:
    """A filter category with its options and which of them are ticked.

    `options` are in sight, `others` unfold on demand; `counts` are candidates by option, None if nothing was searched.
    """

    slug: str
    label: str
    ticked: tuple[str, ...]
    open: bool
    single: bool
    options: tuple[_Drawn, ...]
    others: tuple[_Drawn, ...]
    counts: Mapping[str, int] | None

    @property
    def active(self) -> int:
        """How many options are ticked."""
        return len(self.ticked)

    @property
    def size(self) -> int:
        """How many options there are, in sight or not."""
        return len(self.options) + len(self.others)

    def drawn(self, mark: Markup) -> Markup:
        """The options in sight as HTML; `mark` is the icon that a ticked one shows."""
        return self._html(self.options, mark)

    def drawn_others(self, mark: Markup) -> Markup:
        """The options under 'Toon alle' as HTML."""
        return self._html(self.others, mark)

    def _html(self, drawn: tuple[_Drawn, ...], mark: Markup) -> Markup:
        options = (self._option(option, mark) for option in drawn)
        return Markup("\n".join(options))  # noqa: S704 - made of Markup and numbers only

    def _option(self, option: _Drawn, mark: Markup) -> str:
        look = option.look
        count = ""
        if self.counts is not None:
            number = formatting.format_number(self.counts.get(option.code, 0))
            look += " opt--zero" if number == "0" else ""
            count = f' <span class="opt__count">{number}</span>'
        ticked = " checked" if option.code in self.ticked else ""
        return f'{option.gap}<label class="opt{look}">{option.box}{ticked}>{mark}{option.label}{count}</label>'


class _Drawn(NamedTuple):
    """What of an option is the same on every page in one language; `look` holds class names."""

    code: str
    gap: Markup
    look: str
    box: Markup
    label: Markup


def category_views(view: ShowcaseView, query: Query, counts: Mapping[str, Mapping[str, int]]) -> Iterator[CategoryView]:
    """The categories that this showcase offers, in its order; `counts` are candidates by category and option."""
    language = chosen_language()
    for shown in view.categories:
        if view.category(shown.code) is None:
            continue
        category = CATEGORIES[shown.code]
        ticked = query.filters.get(category.code, ())
        here = counts.get(category.code, {}) if counts else None
        options, others = _folded(_draw(view, category.code, language), ticked, here)
        yield CategoryView(
            slug=category.slug,
            label=category_label(category.code),
            ticked=ticked,
            open=query.category == category.code,
            single=category.code in SINGLE,
            options=options,
            others=others,
            counts=here,
        )


def _folded(
    drawn: tuple[_Drawn, ...], ticked: tuple[str, ...], counts: Mapping[str, int] | None
) -> tuple[tuple[_Drawn, ...], tuple[_Drawn, ...]]:
    """The options in sight and the others, each in their own order; what is ticked and 'Niet ingevuld' are in sight."""
    if counts is None or len(drawn) <= LONG:
        return drawn, ()
    most = sorted(drawn, key=lambda option: -counts.get(option.code, 0))[:MOST]
    kept = {option.code for option in most if counts.get(option.code, 0)} | {*ticked, NOT_FILLED}
    others = tuple(option for option in drawn if option.code not in kept)
    return tuple(option for option in drawn if option.code in kept), others


@lru_cache(maxsize=256)
def _draw(view: ShowcaseView, category: str, language: str) -> tuple[_Drawn, ...]:
    """The options of a category; `language` is that of the request, whose labels they get."""
    vocabularies = dict(load_vocabularies())
    names, slug = CATEGORIES[category].vocabularies, CATEGORIES[category].slug
    begins = {vocabularies[names[1]].codes[0], NOT_FILLED} if len(names) > 1 else set()
    return tuple(
        _Drawn(
            code,
            GAP if code in begins else Markup(""),
            " opt--none" if code == NOT_FILLED else "",
            BOX.format(slug=slug, code=code),
            LABEL.format(label=option_label(category, code)),
        )
        for code in offered_options(view, category, vocabularies)
    )
