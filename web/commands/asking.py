"""Turns the words of `hallowerk search` into typed criteria, or says which of them can't be used and what can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matching.candidates.parts import CATEGORIES, NOT_FILLED, ShowcaseView, category_by_word
from matching.search.criteria import CHIP_FIELDS, DEFAULT_RADIUS_KM, MAX_CHIPS, MAX_TEXT, Centre, SearchCriteria
from matching.search.filters import offered_options
from matching.search.knowledge import Knowledge
from matching.search.limits import MAX_WORD_TOKENS, count_tokens
from matching.search.understanding import Understander, Understood, with_understood
from matching.taxonomy.places import Ambiguous, Gazetteer, Resolved
from matching.taxonomy.text import normalise


class Unusable(ValueError):
    """Something on the command line can't be used; the message says what, and what can be."""


@dataclass(frozen=True)
class Asking:
    """What is known to read a command line with."""

    knowledge: Knowledge
    gazetteer: Gazetteer
    views: Sequence[ShowcaseView]

    def showcase(self, code: str) -> ShowcaseView:
        """The showcase of that code, the first when none is named."""
        if not self.views:
            raise Unusable("There is no showcase yet: run `hallowerk demo load`, or define one.")
        for view in self.views:
            if not code or code in (view.code, view.name):
                return view
        raise Unusable(f"There is no showcase {code!r}; there are: {', '.join(view.code for view in self.views)}.")

    def occupation(self, text: str) -> str:
        """The code of an occupation by code, label or synonym."""
        taxonomy = self.knowledge.taxonomy
        if text in taxonomy.occupations:
            return text
        found = [match for match in taxonomy.find_label(text) if match.kind == "occupation"]
        by_label = [match for match in found if match.via == "label"] or found
        if not by_label:
            raise Unusable(f"There is no occupation {text!r}: give a code, label or synonym (`hallowerk taxonomy`).")
        if len(by_label) > 1:
            raise Unusable(f"Several occupations are called {text!r}: {', '.join(match.code for match in by_label)}.")
        return by_label[0].code

    def centre(self, text: str) -> Centre | None:
        """The point of a place or postcode; several places of one name are never guessed between."""
        if not text.strip():
            return None
        point = self.gazetteer.at(text.strip())
        if point:
            return Centre(text.strip(), point.label, point.lat, point.lon)
        found = self.gazetteer.resolve(text)
        if isinstance(found, Resolved):
            return Centre(found.ref, found.point.label, found.point.lat, found.point.lon)
        if isinstance(found, Ambiguous):
            options = "; ".join(f"{self.gazetteer.label(place)} = {place.id}" for place in found.options)
            raise Unusable(f"Several places are called {text!r}; name one by its id: {options}.")
        like = ", ".join(self.gazetteer.label(location) for location in found.suggestions)
        raise Unusable(f"There is no place or postcode {text!r}.{f' Did you mean: {like}?' if like else ''}")

    def filters(self, texts: Sequence[str], view: ShowcaseView) -> dict[str, frozenset[str]]:
        """Category and options of 'category=value' texts; both by code or by their Dutch word."""
        found: dict[str, set[str]] = {}
        for text in texts:
            word, equals, value = (piece.strip() for piece in text.partition("="))
            if not equals or not value:
                raise Unusable(f"{text!r} is no filter: write category=value, for example rijbewijs=B.")
            category = category_by_word(word.lower())
            offered = offered_options(category.code, view, self.knowledge) if category else ()
            if category is None or not offered:
                words = [CATEGORIES[shown.code].slug for shown in view.categories if view.category(shown.code)]
                raise Unusable(f"Showcase {view.code} has no filter {word!r}; it has: {', '.join(words)}.")
            found.setdefault(category.code, set()).add(self._option(category.code, value, offered, word))
        return {code: frozenset(options) for code, options in found.items()}

    def _option(self, category: str, value: str, offered: Sequence[str], word: str) -> str:
        labels: dict[str, str] = {NOT_FILLED: "Niet ingevuld"}
        for name in CATEGORIES[category].vocabularies:
            labels |= self.knowledge.vocabularies[name].labels
        key = normalise(value)
        for code in offered:
            if value == code or key in (normalise(code), normalise(labels[code])):
                return code
        raise Unusable(f"Filter {word} has no value {value!r}; it has: {', '.join(offered)}.")


@dataclass(frozen=True)
class Asked:
    """The criteria, and what each piece of the typed text was understood as."""

    criteria: SearchCriteria
    understood: tuple[Understood, ...]


def understood_criteria(base: SearchCriteria, text: str, understander: Understander) -> Asked:
    """Add to `base` what the text means; raises Unusable when it is too long, or has nothing to look for."""
    if len(text) > MAX_TEXT:
        raise Unusable(f"The text has {len(text)} characters; use at most {MAX_TEXT}.")
    understood = understander.read(text, base.showcase)
    if text.strip() and not understood:
        raise Unusable(f"There is no word to look for in {text!r}.")
    criteria = with_understood(base, understood)
    if sum(len(getattr(criteria, name)) for name in CHIP_FIELDS.values()) > MAX_CHIPS:
        raise Unusable(f"Ask for at most {MAX_CHIPS} things at a time.")
    if count_tokens(criteria.words) > MAX_WORD_TOKENS:
        raise Unusable(f"Ask for at most {MAX_WORD_TOKENS} words at a time.")
    return Asked(criteria, understood)


def radius_km(text: str | None) -> int | None:
    """Whole kilometres, or None for 'all'; the usual radius when nothing is given."""
    if text is None:
        return DEFAULT_RADIUS_KM
    if text.strip().lower() in ("all", "alle"):
        return None
    if text.isascii() and text.isdigit() and 0 < int(text[:6]) <= 1000:
        return int(text[:6])
    raise Unusable(f"{text!r} is no radius: give whole kilometres from 1 to 1000, or 'all'.")
