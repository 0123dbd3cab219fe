"""Labels of codes in the language of the interface: vocabularies carry both, parts and categories use gettext."""

from __future__ import annotations

from matching.candidates.parts import CATEGORIES, NOT_FILLED, PARTS
from matching.taxonomy.vocabularies import load_vocabularies
from web.language import chosen_language
from web.services import services
from web.texts import gettext as _


def term_label(vocabulary: str, code: str) -> str:
    """The label of a vocabulary's value; the code itself when a profile holds one that is no longer in the list."""
    term = load_vocabularies()[vocabulary].get(code)
    if term is None:
        return code
    return term.label_en if chosen_language() == "en" and term.label_en else term.label


def occupation_label(code: str) -> str:
    """The label of an occupation, which the taxonomy has in Dutch only; the code when it isn't known."""
    occupation = services().taxonomy.occupations.get(code)
    return occupation.label if occupation else code


def group_label(code: str) -> str:
    """The label of an occupation group; the code when it isn't known."""
    group = services().taxonomy.groups.get(code)
    return group.label if group else code


def part_label(code: str) -> str:
    """The label of a profile part."""
    return _(PARTS[code][0])


def category_label(code: str) -> str:
    """The label of a filter category."""
    return _(CATEGORIES[code].label)


def option_label(category: str, code: str) -> str:
    """The label of a filter option."""
    if code == NOT_FILLED:
        return _("Niet ingevuld")
    vocabularies = load_vocabularies()
    vocabulary = next((name for name in CATEGORIES[category].vocabularies if code in vocabularies[name]), None)
    return term_label(vocabulary, code) if vocabulary else code


def chip_label(kind: str, value: str) -> str:
    """What a chip of the search field says."""
    if kind == "occupation":
        return occupation_label(value)
    if kind == "group":
        return group_label(value)
    return value if kind == "word" else term_label(kind, value)


def kind_label(kind: str) -> str:
    """What kind of term a chip or suggestion is, as the manual names it (p. 14)."""
    return {
        "occupation": _("beroep"),
        "group": _("beroepsgroep"),
        "word": _("woord"),
        "level": _("niveau"),
        "language": _("taal"),
        "licence": _("rijbewijs"),
        "working_time": _("werktijd"),
        "target_group": _("doelgroep"),
        "capability": _("belastbaarheid"),
    }[kind]
