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
#: An option's checkbox; drawn once per process, since a page has hundreds of them.
BOX = Markup(
    '<input type="checkbox" form="zoek" id="f-{slug}-{code}" name="f.{slug}" value="{code}"{ticked}>'
)  # fmt: skip
TICKED = Markup(" checked")


class OptionView(NamedTuple):
    """A filter option: `number` is '' when nothing was searched; `look` holds class names.

    `separated` when another group of options begins with it.
    """

    box: Markup
    label: Markup
    number: str
    look: str
    separated: bool


@dataclass(frozen=True)
class CategoryView:
    """A filter category with its options and how many of them are ticked."""

    slug: str
    label: str
    active: int
    open: bool
    single: bool
    options: tuple[OptionView, ...]


class _Drawn(NamedTuple):
    """What of an option is the same on every page in one language."""

    code: str
    box: Markup
    ticked_box: Markup
    label: Markup
    separated: bool


def category_views(view: ShowcaseView, query: Query, counts: Mapping[str, Mapping[str, int]]) -> Iterator[CategoryView]:
    """The categories that this showcase offers, in its order; `counts` are candidates by category and option."""
    language = chosen_language()
    for shown in view.categories:
        if view.category(shown.code) is None:
            continue
        category = CATEGORIES[shown.code]
        active = query.filters.get(category.code, ())
        here = counts.get(category.code, {}) if counts else None
        yield CategoryView(
            slug=category.slug,
            label=category_label(category.code),
            active=len(active),
            open=query.category == category.code,
            single=category.code in SINGLE,
            options=tuple(_option(drawn, active, here) for drawn in _draw(view, category.code, language)),
        )


def _option(drawn: _Drawn, active: tuple[str, ...], counts: Mapping[str, int] | None) -> OptionView:
    number = "" if counts is None else formatting.format_number(counts.get(drawn.code, 0))
    look = (" opt--none" if drawn.code == NOT_FILLED else "") + (" opt--zero" if number == "0" else "")
    box = drawn.ticked_box if drawn.code in active else drawn.box
    return OptionView(box, drawn.label, number, look, drawn.separated)


@lru_cache(maxsize=256)
def _draw(view: ShowcaseView, category: str, language: str) -> tuple[_Drawn, ...]:
    """The options of a category; `language` is that of the request, whose labels they get."""
    vocabularies = dict(load_vocabularies())
    names, slug = CATEGORIES[category].vocabularies, CATEGORIES[category].slug
    begins = {vocabularies[names[1]].codes[0], NOT_FILLED} if len(names) > 1 else set()
    return tuple(
        _Drawn(
            code,
            BOX.format(slug=slug, code=code, ticked=""),
            BOX.format(slug=slug, code=code, ticked=TICKED),
            Markup.escape(option_label(category, code)),
            code in begins,
        )
        for code in offered_options(view, category, vocabularies)
    )
