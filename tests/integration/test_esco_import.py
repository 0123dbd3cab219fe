"""`hallowerk taxonomy` on real databases: the bundled list, ESCO instead of it, refusal once there are candidates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from matching.accounts.records import AuditEntry
from matching.candidates.records import Candidate
from matching.candidates.taxonomy_lists import SystemNotEmpty, replace_occupations, seed
from matching.storage.database import Database
from matching.taxonomy.esco import ATTRIBUTION, is_esco, read_esco
from matching.taxonomy.store import load_taxonomy
from tests.support.command import hallowerk
from tests.support.esco import write_tables

OFFICIAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "esco"


def test_esco_takes_the_place_of_the_bundled_list_and_stays(database: Database, tmp_path: Path) -> None:
    taxonomy = read_esco(write_tables(tmp_path))
    with database.write() as session:
        seed(session)
    for _ in range(2):
        with database.write() as session:
            replace_occupations(session, taxonomy)
    with database.write() as session:
        seed(session)
    with database.read() as session:
        loaded = load_taxonomy(session)
    assert dict(loaded.occupations) == dict(taxonomy.occupations)
    assert dict(loaded.groups) == dict(taxonomy.groups)
    assert is_esco(loaded)


def test_system_with_candidates_keeps_its_list(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        seed(session)
        now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
        session.add(Candidate(external_id="K-1", name="Noor de Vries", updated_at=now, fingerprint=""))
    with pytest.raises(SystemNotEmpty, match="1 candidates"), database.write() as session:
        replace_occupations(session, read_esco(write_tables(tmp_path)))
    with database.read() as session:
        assert not is_esco(load_taxonomy(session))


def test_official_tables_load_whole(database: Database) -> None:
    if not OFFICIAL.is_dir():
        pytest.skip("ESCO's tables (../shared/data/esco) are not on this machine; the made-up tables cover the code")
    with database.write() as session:
        replace_occupations(session, read_esco(OFFICIAL))
    with database.read() as session:
        loaded = load_taxonomy(session)
    assert len(loaded.occupations) == 3039
    assert all(occupation.field and occupation.level for occupation in loaded.occupations.values())
    cook = [match for match in loaded.find_label("kok") if match.kind == "occupation"]
    assert [match.via for match in cook] == ["label"]


def test_commands_load_show_and_import(tmp_path: Path) -> None:
    first = hallowerk(tmp_path, "taxonomy", "show", "kok")
    assert first.returncode != 0
    assert "hallowerk database upgrade" in first.stderr

    loaded = hallowerk(tmp_path, "taxonomy", "load")
    assert loaded.returncode == 0, loaded.stderr
    assert hallowerk(tmp_path, "taxonomy", "load").stdout == loaded.stdout
    shown = hallowerk(tmp_path, "taxonomy", "show", "heftruckrijder")
    assert "Heftruckchauffeur (heftruckchauffeur)" in shown.stdout
    assert "Reachtruckchauffeur" in shown.stdout.partition("same ISCO unit group:")[2].partition("\n")[0]
    unknown = hallowerk(tmp_path, "taxonomy", "show", "zzz")
    assert (unknown.returncode, unknown.stderr) == (1, "No occupation or group is called 'zzz'.\n")

    imported = hallowerk(tmp_path, "taxonomy", "import-esco", str(write_tables(tmp_path / "esco")))
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.startswith("4 occupations in 3 groups")
    assert ATTRIBUTION in imported.stdout
    record = Database(f"sqlite:///{tmp_path / 'state' / 'hallowerk.db'}")
    with record.read() as session:
        noted = session.execute(select(AuditEntry.action, AuditEntry.details)).one()
    record.close()
    assert tuple(noted) == ("taxonomy.import-esco", {"occupations": 4, "groups": 3})
    both = hallowerk(tmp_path, "taxonomy", "show", "chef").stdout
    assert "'chef' names 2 occupations" in both
    assert ATTRIBUTION in both
    empty = tmp_path / "empty"
    empty.mkdir()
    refused = hallowerk(tmp_path, "taxonomy", "import-esco", str(empty))
    assert refused.returncode == 1
    assert "ISCOGroups_nl.csv: no such file" in refused.stderr
