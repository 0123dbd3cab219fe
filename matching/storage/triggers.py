"""Makes the database triggers that write the change log, so that no way of changing a row gets past it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

#: As SQLAlchemy stores moments on SQLite: comparable as text.
_NOW = {"sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now')", "postgresql": "clock_timestamp()"}
#: A row that no worker was told of and none ever claimed will be read after the running transaction commits, so it
#: speaks for this change too. On SQLite writers take turns, so this holds for rows of others; on PostgreSQL only for
#: rows of the same transaction.
_FRESH = {
    "sqlite": "log.sent_at IS NULL AND log.claimed_at IS NULL",
    "postgresql": "log.sent_at IS NULL AND log.claimed_at IS NULL AND log.xmin = pg_current_xact_id()::xid OFFSET 0",
}
_WAITS = "SELECT 1 FROM changes AS log WHERE log.kind = '{kind}' AND log.key = {key} AND {fresh}"
_NOTE = """
    INSERT INTO changes (kind, key, at)
    SELECT '{kind}', touched.key, {now} FROM ({keys}) AS touched WHERE NOT EXISTS ({waits})
"""
_OWN_KEYS = "SELECT DISTINCT {key} AS key FROM {rows} AS touching"
#: The condition comes first: most rows of a batch find that their change is noted already, and a trigger that isn't
#: entered costs half as much.
_SQLITE = """
CREATE TRIGGER {name} AFTER {event} ON {table} WHEN {condition}
BEGIN {note};
END
"""
#: Statements are planned once per connection, perhaps while the log is empty, hence `enable_seqscan`; OFFSET 0 above
#: keeps the look into the log one by key.
_POSTGRESQL_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan TO off AS $$
BEGIN
    {lock}
    IF TG_OP = 'INSERT' THEN {inserted};
    ELSIF TG_OP = 'UPDATE' THEN {updated};
    ELSIF TG_OP = 'DELETE' THEN {deleted};
    ELSE {emptied};
    END IF;
    RETURN NULL;
END
$$
"""
_POSTGRESQL_EVENTS = {
    "insert": "AFTER INSERT ON {table} REFERENCING NEW TABLE AS rows_after",
    "update": "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after",
    "delete": "AFTER DELETE ON {table} REFERENCING OLD TABLE AS rows_before",
    "truncate": "BEFORE TRUNCATE ON {table}",
}
#: A row that another transaction is just making refer to the changed one would not be found, and would be read as it
#: was: such transactions end first, and others wait.
_POSTGRESQL_LOCK = "LOCK TABLE {table} IN SHARE MODE;"
#: Rows that are not in both: the same row, changed in a column that is not watched, drops out.
_POSTGRESQL_DIFFERING = """(
    SELECT {key} FROM (
        (SELECT {key}, ROW({columns})::text FROM rows_before EXCEPT SELECT {key}, ROW({columns})::text FROM rows_after)
        UNION ALL
        (SELECT {key}, ROW({columns})::text FROM rows_after EXCEPT SELECT {key}, ROW({columns})::text FROM rows_before)
    ) AS differing
)"""


@dataclass(frozen=True)
class Watch:
    """A table that listings are built from: a change of `columns`, an insert or a delete is noted.

    What is noted is the row's column `key`. Where that isn't what the change is about, `keys` is a SELECT of the
    distinct keys (as `key`) to note for `{rows}`, of which it sees that column, and `found_in` the table that has
    them.
    """

    table: str
    columns: Sequence[str]
    kind: str
    key: str
    keys: str = ""
    found_in: str = ""


def make_triggers(connection: Connection, watches: Iterable[Watch]) -> None:
    """Put the triggers of each watch on its table; those of an earlier revision must be gone (`drop_triggers`)."""
    statements = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    for watch in watches:
        for statement in statements(watch):
            connection.exec_driver_sql(statement)


def drop_triggers(connection: Connection, tables: Iterable[str]) -> None:
    """Take the triggers off these tables."""
    for table in tables:
        if connection.dialect.name == "sqlite":
            for event in ("insert", "update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER {_name(table)}_{event}")
        else:
            connection.exec_driver_sql(f"DROP FUNCTION {_name(table)} CASCADE")


def _name(table: str) -> str:
    return f"note_{table}"


def _waits(dialect: str, watch: Watch, key: str) -> str:
    return _WAITS.format(kind=watch.kind, key=key, fresh=_FRESH[dialect])


def _note(dialect: str, watch: Watch, rows: str) -> str:
    keys = (watch.keys or _OWN_KEYS).format(rows=rows, key=watch.key)
    waits = _waits(dialect, watch, "touched.key")
    return _NOTE.format(kind=watch.kind, keys=keys, now=_NOW[dialect], waits=waits)


def _sqlite(watch: Watch) -> Iterator[str]:
    columns = [f'"{column}"' for column in watch.columns]
    differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)
    old, new = (f"SELECT {row}.{watch.key} AS {watch.key}" for row in ("OLD", "NEW"))

    def unless_noted(row: str) -> str:
        return "TRUE" if watch.keys else f"NOT EXISTS ({_waits('sqlite', watch, f'{row}.{watch.key}')})"

    for name, event, rows, condition in (
        ("insert", "INSERT", new, unless_noted("NEW")),
        ("update", "UPDATE OF " + ", ".join(columns), f"{old} UNION {new}", differs),
        ("delete", "DELETE", old, unless_noted("OLD")),
    ):
        yield _SQLITE.format(
            name=f"{_name(watch.table)}_{name}",
            event=event,
            table=watch.table,
            condition=condition,
            note=_note("sqlite", watch, f"({rows})"),
        )


def _postgresql(watch: Watch) -> Iterator[str]:
    columns = ", ".join(f'"{column}"' for column in watch.columns)
    notes = {
        name: _note("postgresql", watch, rows)
        for name, rows in (
            ("inserted", "rows_after"),
            ("updated", _POSTGRESQL_DIFFERING.format(key=watch.key, columns=columns)),
            ("deleted", "rows_before"),
            ("emptied", watch.table),
        )
    }
    lock = _POSTGRESQL_LOCK.format(table=watch.found_in) if watch.found_in else ""
    yield _POSTGRESQL_FUNCTION.format(name=_name(watch.table), lock=lock, **notes)
    for name, event in _POSTGRESQL_EVENTS.items():
        yield (
            f"CREATE TRIGGER {_name(watch.table)}_{name} {event.format(table=watch.table)} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {_name(watch.table)}()"
        )
