"""Synonyms on a real engine: checked with its analysis, and put in force without a rebuild or not at all."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from indexer import synonyms
from indexer.engine.synonym_file import SynonymFile, synonym_file
from indexer.reader import Basis, Reader
from indexer.synonyms import (
    ProblemsFound,
    RebuildNeeded,
    SynonymsRefused,
    check,
    ensure_published,
    listing_body,
    publish,
)
from indexer.targets import create_index
from matching.search.mapping import index_body, load_word_lists
from matching.search.ranking import load_profile
from matching.search.results import ResultPage
from matching.settings import PROJECT_ROOT, Settings
from matching.taxonomy.occupations import load_bundled
from matching.taxonomy.vocabularies import load_vocabularies
from tests.support.knowing import asked
from tests.support.listings import TODAY, searchable

BASE = (PROJECT_ROOT / "synonyms" / "words.txt").read_bytes()
#: No listing holds 'stapelaar'; the hand-made ones hold 'heftruck' and 'vrachtwagen'.
NEW = b"# new\nstapelaar, heftruck\n"
OTHER = b"stapelaar, vrachtwagen\n"


@pytest.fixture
def file(engine_settings: Settings) -> SynonymFile:
    """Where the synonyms of this test are published."""
    file = synonym_file(engine_settings)
    assert file is not None
    return file


def page(client: Elasticsearch, settings: Settings, word: str) -> ResultPage:
    """What a search for one word finds in the hand-made listings."""
    reader = Reader(client, settings.index_prefix)
    return reader.search(asked(words=(word,)), Basis(load_profile(), load_bundled(), dict(load_vocabularies()), TODAY))


def found(client: Elasticsearch, settings: Settings, word: str) -> set[int]:
    """Ids of the hits, but for the one whose name is a word: names have no synonyms."""
    return {hit.id for hit in page(client, settings, word).hits} - {11}


def beside(file: SynonymFile) -> set[str]:
    """What lies in the engine's folder of this installation beside the published file and the lock."""
    names = {path.name for path in file.path.parent.glob(f"*{file.path.stem}*")}
    return names - {file.path.name, file.lock.name}


def test_the_projects_own_synonyms_have_no_problem(client: Elasticsearch, engine_settings: Settings) -> None:
    assert check(BASE, client, engine_settings) == []
    assert not client.indices.get(index=f"{engine_settings.index_prefix}_synonyms-*")


def test_what_only_the_engine_knows_of_a_term_is_asked_of_it(client: Elasticsearch, engine_settings: Settings) -> None:
    text = """# Signs of two units and accents before what is judged: \U0001f600 crèche
\U0001f600\U0001f600, lachen, crèche
zorg in natura, zinvol
in de, mensen
trucks, truck, vrachtauto
sociale media, social media
C++, cplusplus
"""
    problems = check(text.encode(), client, engine_settings)
    assert [(one.line, one.message.partition(":")[0]) for one in problems] == [
        (2, "'\U0001f600\U0001f600' is cut into several words"),
        (3, "the search removes 'in' from 'zorg in natura'"),
        (4, "the search leaves nothing of 'in de'"),
        (5, "'truck' is the same as 'trucks' to the search"),
        (6, "changes nothing"),
        (7, "changes nothing"),
    ]
    assert [one.line for one in check(text.encode(), None, engine_settings)] == [6]


def test_more_terms_than_fit_in_one_request_are_each_analysed(client: Elasticsearch, engine_settings: Settings) -> None:
    text = "".join(f"woord{number}a, woord{number}b\n" for number in range(600)) + "in de, kok\n"
    assert [one.line for one in check(text.encode(), client, engine_settings)] == [601]


def test_published_synonyms_are_searched_with_at_once(client: Elasticsearch, engine_settings: Settings) -> None:
    with searchable(client, engine_settings) as alias:
        made = client.indices.get_settings(index=alias).body
        trucks = found(client, engine_settings, "heftruck")
        assert trucks
        before = page(client, engine_settings, "stapelaar")
        assert (before.total, before.hits) == (0, ())
        assert page(client, engine_settings, "stapelaar") == before, "and is answered from the cache now"

        done = publish(NEW, client, engine_settings)
        assert (done.rules, done.fixed, done.down) == (1, (), ())
        assert set(done.indexes) == set(made)
        after = page(client, engine_settings, "stapelaar")
        assert {hit.id for hit in after.hits} == trucks
        assert sum(sum(counts.values()) for counts in after.facets.values()) > 0

        publish(OTHER, client, engine_settings)
        assert found(client, engine_settings, "stapelaar") == found(client, engine_settings, "vrachtwagen")
        assert client.indices.get_settings(index=alias).body == made


def test_publishing_again_is_no_change(client: Elasticsearch, engine_settings: Settings, file: SynonymFile) -> None:
    with searchable(client, engine_settings):
        first, second = (publish(NEW, client, engine_settings) for _ in range(2))
    assert first == second
    assert file.read() == "stapelaar, heftruck\n"
    assert beside(file) == set()
    assert not client.indices.get(index=f"{engine_settings.index_prefix}_synonyms-*")


@pytest.mark.parametrize(
    "broken", [b"a => b => c\n", b"in de, heftruck\n", b"cr\xe8che, opvang\n", NEW + b"kok,,chef\n"]
)
def test_a_file_with_problems_changes_nothing(
    client: Elasticsearch, engine_settings: Settings, file: SynonymFile, broken: bytes
) -> None:
    with searchable(client, engine_settings):
        publish(OTHER, client, engine_settings)
        with pytest.raises(ProblemsFound) as raised:
            publish(broken, client, engine_settings)
        assert [problem.line for problem in raised.value.problems] == [broken.count(b"\n")]
        assert file.read() == OTHER.decode()
        assert beside(file) == set()
        assert found(client, engine_settings, "stapelaar") == found(client, engine_settings, "vrachtwagen")


@pytest.mark.parametrize("broken", [b"in de, heftruck\n", b"zorg in natura, zin\n"])
def test_rules_that_the_engine_cannot_read_never_reach_its_folder(
    client: Elasticsearch,
    engine_settings: Settings,
    file: SynonymFile,
    monkeypatch: pytest.MonkeyPatch,
    broken: bytes,
) -> None:
    """Should our own checks miss something, the engine's reading of the rules stands before the folder."""
    written: list[str] = []
    monkeypatch.setattr(synonyms, "find_problems", lambda *_: [])
    monkeypatch.setattr(SynonymFile, "write_draft", lambda _, text: written.append(text))
    with pytest.raises(SynonymsRefused, match=r"can't read the rules \(term: "):
        publish(broken, client, engine_settings)
    assert written == []
    assert file.read()


def test_when_an_index_cannot_read_the_new_rules_the_former_ones_come_back(
    client: Elasticsearch, engine_settings: Settings, file: SynonymFile
) -> None:
    """The engine answers 200 then, with failures: an index with other stop words, which takes rules strictly."""
    strict = deepcopy(index_body(synonyms_path=file.engine_path))
    filters = strict["settings"]["analysis"]["filter"]
    filters["synonyms"]["lenient"] = False
    filters["stop"]["stopwords"] = ["stapelaar"]
    with searchable(client, engine_settings):
        former = file.read()
        create_index(client, f"{engine_settings.index_prefix}-strict", strict, {})
        with pytest.raises(SynonymsRefused, match=r"former ones were put back .*stapelaar was completely eliminated"):
            publish(NEW, client, engine_settings)
        assert file.read() == former
        assert beside(file) == set()
        assert found(client, engine_settings, "stapelaar") == set()
        assert found(client, engine_settings, "vorkheftruck") == found(client, engine_settings, "heftruck")
        client.indices.delete(index=f"{engine_settings.index_prefix}-strict")
        publish(NEW, client, engine_settings)
        assert found(client, engine_settings, "stapelaar") == found(client, engine_settings, "heftruck")


def test_an_engine_that_goes_away_before_the_reload_finds_the_former_file(
    client: Elasticsearch, engine_settings: Settings, file: SynonymFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = file.read()

    def away(*_: object) -> None:
        Elasticsearch("http://127.0.0.1:9", max_retries=0).info()

    monkeypatch.setattr(synonyms, "_reload", away)
    with pytest.raises(Exception, match="Connection"):
        publish(NEW, client, engine_settings)
    assert file.read() == former


def test_an_index_made_with_synonyms_of_its_own_is_named(client: Elasticsearch, engine_settings: Settings) -> None:
    own = f"{engine_settings.index_prefix}-own"
    create_index(client, own, index_body(), {})
    assert publish(NEW, client, engine_settings).fixed == (own,)


def test_an_index_that_is_down_is_named(client: Elasticsearch, engine_settings: Settings) -> None:
    down = f"{engine_settings.index_prefix}-down"
    nowhere = {"index": {"number_of_replicas": 0, "routing.allocation.include._name": "nobody"}}
    client.indices.create(index=down, settings=nowhere, wait_for_active_shards=0)
    assert publish(NEW, client, engine_settings).down == (down,)


def test_other_synonyms_make_no_rebuild_due(client: Elasticsearch, engine_settings: Settings) -> None:
    """A rebuild is due when an index would be made otherwise now, and the rules are no part of what it is made with."""
    before = listing_body(engine_settings)
    publish(NEW, client, engine_settings)
    assert listing_body(engine_settings) == before
    elsewhere = listing_body(engine_settings.model_copy(update={"synonyms_dir": None}))
    assert elsewhere["settings"]["analysis"]["filter"]["synonyms"]["synonyms"] == list(load_word_lists().synonyms)


def test_before_the_first_index_the_projects_own_synonyms_are_published(
    client: Elasticsearch, engine_settings: Settings, file: SynonymFile
) -> None:
    file.path.unlink()
    ensure_published(client, engine_settings)
    assert file.read().splitlines() == list(load_word_lists().synonyms)
    publish(NEW, client, engine_settings)
    ensure_published(client, engine_settings)
    assert file.read() == "stapelaar, heftruck\n", "what was published stays"


def test_a_folder_that_the_engine_does_not_read_is_noticed(
    client: Elasticsearch, engine_settings: Settings, tmp_path: Path
) -> None:
    wrong = engine_settings.model_copy(update={"synonyms_dir": tmp_path})
    with pytest.raises(SynonymsRefused, match=f"does not read files from {tmp_path}"):
        publish(NEW, client, wrong)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]
    missing = engine_settings.model_copy(update={"synonyms_dir": tmp_path / "none"})
    with pytest.raises(SynonymsRefused, match="no folder"):
        publish(NEW, client, missing)
    assert not (tmp_path / "none").exists()


def test_without_a_known_folder_synonyms_wait_for_a_rebuild(client: Elasticsearch, engine_settings: Settings) -> None:
    unknown = engine_settings.model_copy(update={"synonyms_dir": None})
    with pytest.raises(RebuildNeeded, match="hallowerk index rebuild"):
        publish(NEW, client, unknown)
    ensure_published(client, unknown)
    assert check(b"in de, kok\n", client, unknown)


def test_a_scratch_index_that_was_left_behind_goes_and_a_fresh_one_stays(
    client: Elasticsearch, engine_settings: Settings
) -> None:
    stem = f"{engine_settings.index_prefix}_synonyms-"
    left, fresh = f"{stem}20200101000000000000", f"{stem}29990101000000000000"
    for name in (left, fresh, f"{stem}of-somebody-else"):
        client.indices.create(index=name)
    check(NEW, client, engine_settings)
    assert set(client.indices.get(index=f"{stem}*")) == {fresh, f"{stem}of-somebody-else"}
