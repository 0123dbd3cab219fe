"""Reads the lines of a synonym file and says what is wrong with them, each problem with its line number.

The format is Solr's: a set ('kok, chef') or a one-way rule ('arts => arts, huisarts'). What a term is to the engine
can be given; without it terms are compared as written, folded to one form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from matching.taxonomy.text import normalise

_ARROW = "=>"


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong in line `line` (from 1) of the file; the message is a sentence without the place."""

    line: int
    message: str


@dataclass(frozen=True)
class Rule:
    """One line: who types a term of `asked` also finds `found`. In a set both are all of its terms."""

    line: int
    text: str
    asked: tuple[str, ...]
    found: tuple[str, ...]

    @property
    def one_way(self) -> bool:
        """Whether the line has an arrow."""
        return _ARROW in self.text

    @property
    def terms(self) -> tuple[str, ...]:
        """Every term as it stands in the line, from left to right."""
        return self.asked + self.found if self.one_way else self.asked


@dataclass(frozen=True)
class Analysed:
    """What the engine makes of a term: its tokens, and the words of it that it throws away."""

    tokens: tuple[str, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleFile:
    """The rules of a file that can be read, and what is wrong with its other lines."""

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Every term of the file once."""
        return tuple(dict.fromkeys(term for rule in self.rules for term in rule.terms))

    @property
    def text(self) -> str:
        """The rules alone, one a line: what an engine is given."""
        return "".join(f"{rule.text}\n" for rule in self.rules)


def read_rules(content: bytes) -> RuleFile:
    """Read a file of UTF-8 text; blank lines and those that start with '#' say nothing. Never raises."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad_line = content.count(b"\n", 0, error.start) + 1
        return RuleFile((), (Problem(bad_line, "is not UTF-8 text: save the file as UTF-8"),))
    rules: list[Rule] = []
    problems: list[Problem] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        rule, wrong = _read_rule(number, line)
        if wrong:
            problems.append(Problem(number, wrong))
        else:
            rules.append(rule)
    return RuleFile(tuple(rules), tuple(problems))


def _read_rule(number: int, text: str) -> tuple[Rule, str]:
    """The rule, and what is wrong with its form ('' when nothing is)."""
    sides = [tuple(term.strip() for term in side.split(",")) for side in text.split(_ARROW)]
    rule = Rule(number, text, sides[0], sides[-1])
    if len(sides) > 2:
        return rule, f"has more than one '{_ARROW}'"
    if "\\" in text:
        return rule, "has a backslash, which means something else to the engine: leave it out"
    if not all(term for side in sides for term in side):
        return rule, "has an empty term: a comma or arrow with nothing beside it"
    return rule, ""


def find_problems(file: RuleFile, analysed: Mapping[str, Analysed] | None = None) -> list[Problem]:
    """Everything wrong with the file, by line.

    `analysed` holds each of the file's terms as the engine reads it. Without it, stop words and terms that become equal
    only in the engine are not seen.
    """
    words = _Words(analysed)
    found = [*file.problems, *_cycles(file.rules, words), *_doubled_lines(file.rules, words)]
    for rule in file.rules:
        found += [Problem(rule.line, message) for message in _wrong(rule, words)]
    return sorted(found)


class _Words:
    """Terms as words that can be compared: the engine's tokens where they are known, else the folded text."""

    def __init__(self, analysed: Mapping[str, Analysed] | None) -> None:
        self._analysed = analysed or {}

    def of(self, term: str) -> tuple[str, ...]:
        known = self._analysed.get(term)
        return known.tokens if known else tuple(normalise(term).split())

    def removed(self, term: str) -> tuple[str, ...]:
        known = self._analysed.get(term)
        return known.removed if known else ()

    def is_one(self, term: str) -> bool:
        """Whether who types the term has typed one word: what is typed is cut at blanks, hyphens and punctuation."""
        return len(normalise(term).split()) == 1 and len(self.of(term)) == 1


def _wrong(rule: Rule, words: _Words) -> Iterator[str]:
    gone = [term for term in rule.terms if words.removed(term) or not words.of(term)]
    if gone:
        yield from (_what_is_gone(term, words) for term in gone)
        return
    asked, found = {words.of(term) for term in rule.asked}, {words.of(term) for term in rule.found}
    if len(asked | found) == 1:
        yield "changes nothing: to the search all its terms are the same"
        return
    for side in (rule.asked, rule.found) if rule.one_way else (rule.asked,):
        yield from _doubled_terms(side, words)
    if rule.one_way:
        for term in rule.asked:
            if words.of(term) not in found:
                yield f"who types {term!r} no longer finds it: repeat it behind the '{_ARROW}'"
    yield from _several_words(rule, words)


def _what_is_gone(term: str, words: _Words) -> str:
    removed = ", ".join(map(repr, words.removed(term)))
    if not words.of(term):
        return f"the search leaves nothing of {term!r}" + (f": it removes {removed}" if removed else "")
    return f"the search removes {removed} from {term!r}: write the term without it, or leave it out"


def _doubled_terms(terms: Sequence[str], words: _Words) -> Iterator[str]:
    first: dict[tuple[str, ...], str] = {}
    for term in terms:
        known = first.get(words.of(term))
        if known is None:
            first[words.of(term)] = term
        else:
            same = "stands twice" if known == term else f"is the same as {known!r} to the search"
            yield f"{term!r} {same}: leave one out"


def _several_words(rule: Rule, words: _Words) -> Iterator[str]:
    """Typed words are looked up one by one (matching.search.words), so only a single word ever calls for its rule."""
    for term in rule.terms:
        if " " not in term and not words.is_one(term):
            yield f"{term!r} is cut into several words: write it with blanks, and beside it as one word"
    several = [term for term in rule.asked if not words.is_one(term)]
    if rule.one_way:
        for term in several:
            yield f"{term!r} is several words, and typed words are looked up one by one: it calls for nothing"
    elif len(several) == len(rule.asked):
        yield "has only terms of several words, and typed words are looked up one by one: add a term that is one word"


def _doubled_lines(rules: Iterable[Rule], words: _Words) -> Iterator[Problem]:
    """A term that calls for two lines finds both, but what stands in the one line doesn't find the other."""
    first: dict[tuple[str, ...], int] = {}
    for rule in rules:
        for term in dict.fromkeys(rule.asked):
            line = first.setdefault(words.of(term), rule.line)
            if line != rule.line and words.of(term):
                yield Problem(rule.line, f"{term!r} stands in line {line} too: put what belongs together in one line")


def _cycles(rules: Iterable[Rule], words: _Words) -> Iterator[Problem]:
    """One-way rules that lead back to where they began: what is meant is a set."""
    steps: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for rule in rules:
        if not rule.one_way:
            continue
        for asked in rule.asked:
            for found in rule.found:
                start, end = words.of(asked), words.of(found)
                if start == end or end in steps.get(start, ()):
                    continue
                if _leads(end, start, steps):
                    message = (
                        f"{asked!r} and {found!r} lead to each other in a circle: make one set of them, without arrow"
                    )
                    yield Problem(rule.line, message)
                steps.setdefault(start, set()).add(end)


def _leads(
    start: tuple[str, ...], goal: tuple[str, ...], steps: Mapping[tuple[str, ...], set[tuple[str, ...]]]
) -> bool:
    waiting, seen = [start], {start}
    while waiting:
        for end in steps.get(waiting.pop(), ()):
            if end == goal:
                return True
            if end not in seen:
                seen.add(end)
                waiting.append(end)
    return False
