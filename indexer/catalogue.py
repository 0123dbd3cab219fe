"""What the indexer must know before it reads candidates: the showcases, and the labels that listings hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from indexer.documents import Labels
from matching.candidates.listings import ShowcaseRow, read_showcases
from matching.taxonomy.store import load_occupation_labels
from matching.taxonomy.vocabularies import load_vocabularies


class UnknownShowcase(ValueError):
    """There is no showcase of that code; the message names those that exist."""


@dataclass(frozen=True)
class Catalogue:
    """Every showcase in the order shown, and all labels, as one snapshot of the record holds them."""

    showcases: tuple[ShowcaseRow, ...]
    labels: Labels

    @property
    def codes(self) -> tuple[str, ...]:
        """The showcases' codes."""
        return tuple(row.view.code for row in self.showcases)

    def choose(self, codes: Sequence[str]) -> tuple[ShowcaseRow, ...]:
        """The showcases of these codes; all when none is given. Raises UnknownShowcase."""
        unknown = [code for code in codes if code not in self.codes]
        if unknown:
            raise UnknownShowcase(
                f"unknown showcase {', '.join(unknown)}; there are: {', '.join(self.codes) or 'none'}"
            )
        return tuple(row for row in self.showcases if not codes or row.view.code in codes)


def read_catalogue(session: Session) -> Catalogue:
    """Read the catalogue; a handful of statements, however many candidates there are."""
    return Catalogue(read_showcases(session), Labels.of(load_occupation_labels(session), load_vocabularies()))
