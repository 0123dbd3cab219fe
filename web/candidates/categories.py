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
# A page has hundreds of options. In a loop of the template they took a third of its time, so they are put together
# here: what is the same on every page once per process, number, tick and look for each page.
GAP = Markup('<span class="opts__gap" aria-hidden="true"></span>')
BOX = Markup('<input type="checkbox" form="zoek" id="f-{slug}-{code}" name="f.{slug}" value="{code}"')
LABEL = Markup("<span>{label}</span>")


@dataclass(frozen=True)
class CategoryView:
    """A filter category with its options and which of them are ticked.

    `counts` are candidates by option; None when nothing was searched.
    """

    slug: str
    label: str
    ticked: tuple[str, ...]
    open: bool
    single: bool
    options: tuple[_Drawn, ...]
    counts: Mapping[str, int] | None

    @property
    def active(self) -> int:
        """How many options are ticked."""
        return len(self.ticked)

    def drawn(self, mark: Markup) -> Markup:
        """The options as HTML; `mark` is the icon that a ticked one shows."""
        options = (self._option(option, mark) for option in self.options)
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
        yield CategoryView(
            slug=category.slug,
            label=category_label(category.code),
            ticked=query.filters.get(category.code, ()),
            open=query.category == category.code,
            single=category.code in SINGLE,
            options=_draw(view, category.code, language),
            counts=counts.get(category.code, {}) if counts else None,
        )


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
