"""Hands a list of rows to one statement as a table that it can join, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, Subquery, bindparam, cast, func, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine


def given_rows(session: Session, rows: Iterable[Sequence[Any]], **columns: TypeEngine[Any]) -> Subquery:
    """A table `given` with these rows and columns; values are numbers and texts.

    One parameter holds all of it: no limit on the number of rows, and a fraction of the time of a statement per row.
    """
    content = json.dumps(list(rows))
    if session.get_bind().dialect.name == "sqlite":
        each = func.json_each(content).table_valued("value", name="each_row")
        picked = [
            func.json_extract(each.c.value, f"$[{place}]", type_=kind).label(name)
            for place, (name, kind) in enumerate(columns.items())
        ]
    else:
        parameter = cast(bindparam(None, content, unique=True), JSON)
        each = func.json_array_elements(parameter).table_valued("value", name="each_row")
        picked = [
            cast(each.c.value.op("->>")(place), kind).label(name) for place, (name, kind) in enumerate(columns.items())
        ]
    return select(*picked).select_from(each).subquery("given")
