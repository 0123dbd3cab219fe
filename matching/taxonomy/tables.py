"""Reading of the tab-separated tables that come with the package."""

from __future__ import annotations

from importlib.resources import files


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of `data/NAME.tsv` in file order, as column name -> text without surrounding blanks.

    Empty lines and lines that start with '#' are left out; columns missing at a line's end are empty.
    Raises ValueError, naming file and line, when a line has more columns than the heading.
    """
    text = files("matching.taxonomy").joinpath("data", f"{name}.tsv").read_text(encoding="utf-8")
    heading: list[str] | None = None
    rows: list[dict[str, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if heading is None:
            heading = cells
            continue
        if len(cells) > len(heading):
            raise ValueError(f"{name}.tsv line {number}: {len(cells)} columns, heading has {len(heading)}")
        rows.append(dict(zip(heading, cells + [""] * (len(heading) - len(cells)), strict=True)))
    return rows


def split_list(cell: str) -> tuple[str, ...]:
    """The parts of a '|'-separated cell in order; an empty cell gives none."""
    return tuple(part.strip() for part in cell.split("|") if part.strip())
