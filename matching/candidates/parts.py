"""Profile parts and filter categories that a showcase can show: the list that every other list is checked against."""

from __future__ import annotations

from dataclasses import dataclass

#: code -> (Dutch label, requirement). A showcase shows a subset; name and update date are always shown.
PARTS: dict[str, tuple[str, str]] = {
    "intro": ("Introductie", "PROF-06"),
    "portrait": ("Foto", "PROF-07"),
    "one_liner": ("Eigen omschrijving", "PROF-08"),
    "media": ("Foto's & video's", "PROF-09"),
    "documents": ("Documenten", "PROF-10"),
    "work_types": ("Favoriete werksoorten", "PROF-18"),
    "target_groups": ("Doelgroep", "PROF-11"),
    "home": ("Woonplaats", "PROF-12"),
    "level": ("Werk- en denkniveau", "PROF-13"),
    "hours": ("Inzetbaarheid", "PROF-14"),
    "about": ("Over de kandidaat", "PROF-15"),
    "hobbies": ("Hobby's en interesses", "PROF-05"),
    "fields": ("Favoriete vakgebieden", "PROF-19"),
    "functions": ("Favoriete functies", "PROF-20"),
    "languages": ("Talen", "PROF-21"),
    "licences": ("Rijbewijzen", "PROF-22"),
    "transport": ("Vervoersmiddelen", "PROF-23"),
    "certificates": ("Certificaten", "PROF-24"),
    "availability": ("Beschikbaarheid", "PROF-25"),
    "capabilities": ("Belastbaarheid", "PROF-26"),
    "contact": ("Contact", "CAND-34"),
    "experience": ("Werkervaring", "PROF-34"),
    "education": ("Opleidingen", "PROF-35"),
    "courses": ("Cursussen & Trainingen", "PROF-36"),
}

SENSITIVE_PARTS = frozenset({"target_groups", "capabilities"})


@dataclass(frozen=True)
class Category:
    """A filter category: its code, the word in addresses and on the command line, its label and what it reads."""

    code: str
    slug: str
    label: str
    requirement: str
    part: str
    vocabularies: tuple[str, ...]


#: In the order of the manual (p. 15), with werksoort as the twelfth (OPEN-10).
CATEGORIES: dict[str, Category] = {
    category.code: category
    for category in (
        Category("level", "niveau", "Niveau", "CAND-25", "level", ("level",)),
        Category("licence", "rijbewijs", "Rijbewijs", "CAND-26", "licences", ("licence",)),
        Category("transport", "vervoer", "Vervoer", "CAND-27", "transport", ("transport",)),
        Category("certificate", "certificaat", "Certificaat", "CAND-28", "certificates", ("certificate",)),
        Category("target_group", "doelgroep", "Doelgroep", "CAND-29", "target_groups", ("target_group",)),
        Category("capability", "belastbaarheid", "Belastbaarheid", "CAND-30", "capabilities", ("capability",)),
        Category("language", "taal", "Taal", "CAND-31", "languages", ("language",)),
        Category("hours", "beschikbaarheid", "Beschikbaarheid", "CAND-32", "hours", ("hours",)),
        Category("working_times", "werktijden", "Werktijden", "CAND-33", "availability", ("day", "day_part")),
        Category("contact", "contact", "Contact", "CAND-34", "contact", ("contact",)),
        Category("recency", "laatste-wijziging", "Laatste wijziging", "CAND-35", "", ("recency",)),
        Category("work_type", "werksoort", "Werksoort", "CAND-36", "work_types", ("work_type",)),
    )
}

#: The option that ends every category: profiles in which it is empty.
NOT_FILLED = "niet-ingevuld"


def category_by_word(word: str) -> Category | None:
    """Find a category by its code or its Dutch word ('certificate' or 'certificaat')."""
    return CATEGORIES.get(word) or next((c for c in CATEGORIES.values() if c.slug == word), None)


@dataclass(frozen=True)
class ShownCategory:
    """A category as one showcase shows it; `options` None means every option of its vocabularies (CAND-37)."""

    code: str
    options: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ShowcaseView:
    """What one showcase shows at this moment; limits every request and every page."""

    code: str
    name: str
    parts: frozenset[str]
    categories: tuple[ShownCategory, ...]

    def shows(self, part: str) -> bool:
        """Whether profiles in this showcase show `part`; the empty part stands for what is always shown."""
        return part == "" or part in self.parts

    def category(self, code: str) -> ShownCategory | None:
        """The category as shown here; None when it is not offered or its part is hidden."""
        shown = next((c for c in self.categories if c.code == code), None)
        return shown if shown and self.shows(CATEGORIES[code].part) else None
