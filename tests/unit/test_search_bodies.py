"""Request bodies, read as the specification of search: what must match, what excludes, what ranks, what is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from matching.candidates.parts import CATEGORIES, SENSITIVE_PARTS
from matching.search.bodies import count_body, exact_body, facets_body, hits_body, relaxed
from matching.search.criteria import SearchCriteria
from matching.search.errors import TooDeep
from matching.search.fields import FIELDS
from matching.search.ranking import PART_PREFIX, load_profile
from matching.search.textfields import TEXT_FIELDS
from tests.support.knowing import asked, hiding, knowledge
from tests.support.listings import ROTTERDAM

KNOWN, PROFILE = knowledge(), load_profile()
EVERY_FILTER = {code: ["niet-ingevuld"] for code in CATEGORIES}
EVERYTHING_ASKED = {
    "occupations": ("heftruckchauffeur",),
    "words": ("magazijnmedewerker",),
    "levels": ("mbo-2",),
    "languages": ("nl", "en"),
    "licences": ("B",),
    "working_times": ("voltijd",),
    "centre": ROTTERDAM,
    "filters": {**EVERY_FILTER, "hours": ["24-32"]},
}


def hits(**changes: Any) -> dict[str, Any]:
    return hits_body(asked(**changes), PROFILE, KNOWN)


def query(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = hits(**changes)["query"]["bool"]
    return found


def names(body: Any) -> list[str]:
    """Names of clauses, in the order found."""
    if isinstance(body, dict):
        own = [body["_name"]] if "_name" in body else []
        return own + [name for value in body.values() for name in names(value)]
    return [name for item in body for name in names(item)] if isinstance(body, list) else []


def test_without_a_question_everybody_is_listed_latest_first() -> None:
    """CAND-01: the only thing that ranks is how recently a profile was changed."""
    assert query() == {
        "must": [],
        "filter": [{"match_all": {}}],
        "should": [
            {
                "distance_feature": {
                    "field": "updated_at",
                    "origin": "2026-11-24",
                    "pivot": "120d",
                    "boost": 1.0,
                    "_name": "part:recency",
                }
            }
        ],
        "minimum_should_match": 0,
    }


@pytest.mark.requirement("CAND-04")
def test_pages_are_sorted_by_score_and_then_by_id() -> None:
    body = hits(page=3)
    assert (body["from"], body["size"], body["track_total_hits"]) == (40, 20, True)
    assert body["sort"] == [{"_score": "desc"}, {"id": "asc"}]


@pytest.mark.parametrize("page", [5001, 10**9, 0])
def test_a_page_beyond_what_can_be_paged_is_refused(page: int) -> None:
    with pytest.raises(TooDeep):
        hits(page=page)


@pytest.mark.requirement("CAND-14")
def test_an_occupation_is_a_choice_between_rings_of_which_the_nearest_counts() -> None:
    [occupation] = query(occupations=("heftruckchauffeur",))["must"]
    queries = occupation["dis_max"]["queries"]
    assert occupation["dis_max"]["_name"] == "part:occupation"
    assert [one["constant_score"]["boost"] for one in queries[:5]] == pytest.approx([10.0, 9.0, 8.8, 8.2, 8.0])
    first, wanted = (
        {"terms": {"first_function": ["heftruckchauffeur"]}},
        {"terms": {"functions": ["heftruckchauffeur"]}},
    )
    done = {"terms": {"experience.code": ["heftruckchauffeur"]}}
    both = [{"bool": {"filter": [first, done]}}, {"bool": {"filter": [wanted, done]}}]
    assert [one["constant_score"]["filter"] for one in queries[:5]] == [*both, first, wanted, done]
    boosts = [one["constant_score"]["boost"] for one in queries[::5]]
    assert boosts == sorted(boosts, reverse=True)
    assert all(one["constant_score"]["boost"] <= 10 for one in queries)


@pytest.mark.requirement("CAND-14")
def test_without_related_only_the_occupation_itself_counts() -> None:
    body = json.dumps(query(occupations=("heftruckchauffeur",), related=False))
    assert "heftruckchauffeur" in body
    assert "vorkheftruckchauffeur" in body
    assert "orderpicker" not in body
    assert "reachtruckchauffeur" not in body


def test_several_occupations_are_one_choice() -> None:
    [occupation] = query(occupations=("kok", "heftruckchauffeur"))["must"]
    exact = occupation["dis_max"]["queries"][3]["constant_score"]["filter"]
    assert exact == {"terms": {"functions": ["heftruckchauffeur", "kok"]}}


@pytest.mark.requirement("CAND-15")
def test_each_word_must_occur_in_the_text_shown_as_one_field_or_in_the_name() -> None:
    [words] = query(words=("rolstoel", "duwen"))["must"]
    score = words["script_score"]
    assert score["script"]["params"] == {"half_at": 8.0, "weight": 6.0}
    assert score["_name"] == "part:words"
    first, second = score["query"]["bool"]["must"]
    text, name = first["dis_max"]["queries"]
    assert text["combined_fields"]["query"] == "rolstoel"
    assert text["combined_fields"]["operator"] == "and"
    assert {field.split("^")[0] for field in text["combined_fields"]["fields"]} == set(TEXT_FIELDS)
    assert name["constant_score"]["filter"] == {"match": {"name": {"query": "rolstoel", "operator": "and"}}}
    assert second["dis_max"]["queries"][0]["combined_fields"]["query"] == "duwen"


def test_a_compound_may_also_stand_there_as_its_parts() -> None:
    [words] = query(words=("vrachtwagenchauffeur",))["must"]
    [clause] = words["script_score"]["query"]["bool"]["must"]
    texts = [one["combined_fields"] for one in clause["dis_max"]["queries"] if "combined_fields" in one]
    assert [(one["query"], one["boost"]) for one in texts] == [
        ("vrachtwagenchauffeur", 1.0),
        ("vrachtwagen chauffeur", 0.6),
    ]


@pytest.mark.parametrize("text", ["*", "heftr?ck", "a AND (b", '"half', "\\", "/[a-z]+/", "name:x", "{{x}}"])
def test_signs_in_what_is_typed_mean_nothing(text: str) -> None:
    """What is typed is only ever the value of a match: never a query string, a pattern or part of a script."""
    body = hits(words=(text,))
    assert "query_string" not in json.dumps(body)
    assert "wildcard" not in json.dumps(body)
    assert "regexp" not in json.dumps(body)
    source = body["query"]["bool"]["must"][0]["script_score"]["script"]["source"]
    assert source == "saturation(_score, params.half_at) * params.weight"


def test_words_that_say_nothing_are_left_out_beside_others() -> None:
    assert query(words=("kraan", "in", "de")) == query(words=("kraan",))
    assert query(words=("in",), occupations=("kok",)) == query(occupations=("kok",))
    assert query(words=("de",))["must"] != []


@pytest.mark.requirement("OPEN-07")
def test_wishes_rank_and_exclude_only_when_nothing_else_is_asked() -> None:
    alone = query(levels=("mbo-2",), licences=("C",))
    assert alone["filter"] == [
        {
            "bool": {
                "should": [{"terms": {"level": ["mbo-2"]}}, {"terms": {"licences": ["C", "CE"]}}],
                "minimum_should_match": 1,
            }
        }
    ]
    assert query(levels=("mbo-2",), words=("kraan",))["filter"] == []
    assert query(levels=("mbo-2",), occupations=("kok",))["filter"] == []


def test_a_level_counts_less_the_further_it_is() -> None:
    level = next(one for one in query(levels=("mbo-3",))["should"] if names(one) == ["part:level"])
    shares = {
        code: one["constant_score"]["boost"]
        for one in level["dis_max"]["queries"]
        for code in one["constant_score"]["filter"]["terms"]["level"]
    }
    assert shares == pytest.approx({"mbo-3": 2.0, "mbo-4": 1.2, "havo": 1.2, "vwo": 1.2, "mbo-2": 0.8})


@pytest.mark.requirement("OPEN-29")
def test_full_time_and_part_time_both_take_thirty_two_hours() -> None:
    for code, clause in {
        "voltijd": {"bool": {"filter": [{"range": {"hours.max": {"gte": 32}}}]}},
        "deeltijd": {"bool": {"filter": [{"range": {"hours.min": {"lte": 32}}}]}},
    }.items():
        [part] = [one for one in query(working_times=(code,))["should"] if names(one) == ["part:working_time"]]
        assert part["bool"]["should"] == [{"constant_score": {"filter": clause, "boost": 1.0}}]


@pytest.mark.requirement("CAND-16")
def test_nearness_falls_in_even_steps_to_nothing_at_the_radius() -> None:
    [part] = [one for one in query(centre=ROTTERDAM, radius_km=10)["should"] if names(one) == ["part:distance"]]
    score = part["function_score"]
    assert score["query"] == {"exists": {"field": "point"}}
    assert score["boost_mode"] == "replace"
    [function] = score["functions"]
    assert function["weight"] == 2.0
    decay = function["linear"]["point"]
    assert (decay["offset"], decay["scale"], decay["decay"]) == ("1km", "4.5km", 0.5)


def test_every_part_is_one_named_clause_at_the_top_and_nothing_else_has_a_name() -> None:
    body = hits(**EVERYTHING_ASKED)
    top = body["query"]["bool"]
    parts = [name for one in [*top["must"], *top["should"]] for name in names(one)]
    assert sorted(parts) == sorted(PART_PREFIX + name for name in PROFILE.parts)
    assert sorted(names(body)) == sorted(parts)


@pytest.mark.requirement("CAND-29", "CAND-30")
def test_parts_read_only_the_fields_that_the_profile_names() -> None:
    """Target groups and capabilities only ever filter."""
    top = query(**EVERYTHING_ASKED)
    for clause in [*top["must"], *top["should"]]:
        [name] = names(clause)
        part = PROFILE[name.removeprefix(PART_PREFIX)]
        assert {field.partition(".")[0] for field in fields_in(clause)} <= set(part.reads), name


@pytest.mark.requirement("CAND-37", "PROF-03")
@pytest.mark.parametrize("part", sorted({field.part for field in FIELDS if field.part}))
def test_a_part_that_is_hidden_now_is_not_queried_counted_or_returned(part: str) -> None:
    """Whatever the index still holds of it."""
    view = hiding(part)
    hidden = {field.name for field in FIELDS if field.part == part}
    hidden |= {field for field, owner in TEXT_FIELDS.items() if owner == part}
    filters = {code: ["niet-ingevuld"] for code in CATEGORIES if view.category(code)}
    criteria = asked(view, **{**EVERYTHING_ASKED, "filters": filters, "centre": None if part == "home" else ROTTERDAM})
    for body in (hits_body(criteria, PROFILE, KNOWN), facets_body(criteria, PROFILE, KNOWN)):
        used = {field for field in fields_in(body) if field in hidden or field.partition(".")[0] in hidden}
        assert used == set()
    assert set(hits_body(criteria, PROFILE, KNOWN)["_source"]) & hidden == set()


def fields_in(body: Any) -> Iterator[str]:
    """Every field that a body names in a clause, an aggregation or a decay."""
    if isinstance(body, list):
        for item in body:
            yield from fields_in(item)
    elif isinstance(body, dict):
        for key, value in body.items():
            if key in ("terms", "term", "range", "match", "match_phrase", "linear") and isinstance(value, dict):
                yield from ([value["field"]] if "field" in value else [name for name in value if name != "boost"])
            elif key == "geo_distance":
                yield "point"
            elif key in ("exists", "distance_feature"):
                yield value["field"]
            elif key == "combined_fields":
                yield from (field.split("^")[0] for field in value["fields"])
            else:
                yield from fields_in(value)


def test_hidden_occupations_find_nobody_instead_of_everybody() -> None:
    criteria = asked(hiding("functions", "experience"), occupations=("kok",))
    [occupation] = hits_body(criteria, PROFILE, KNOWN)["query"]["bool"]["must"]
    assert occupation["dis_max"]["queries"] == [{"match_none": {}}]


@pytest.mark.requirement("CAND-24")
def test_a_categorys_own_choice_does_not_shrink_its_counts() -> None:
    body = facets_body(asked(filters={"level": ["hbo"], "transport": ["auto"]}), PROFILE, KNOWN)
    assert body["size"] == 0
    assert body["aggs"]["level"]["filter"] == {"bool": {"filter": [{"terms": {"transport": ["auto"]}}]}}
    assert body["aggs"]["transport"]["filter"] == {"bool": {"filter": [{"terms": {"level": ["hbo"]}}]}}
    assert len(body["aggs"]["contact"]["filter"]["bool"]["filter"]) == 2


@pytest.mark.requirement("CAND-33")
def test_a_day_part_is_counted_among_the_ticked_days() -> None:
    body = facets_body(asked(filters={"working_times": ["maandag"]}), PROFILE, KNOWN)
    options = body["aggs"]["working_times"]["aggs"]["options"]["filters"]["filters"]
    assert options["zondag"] == {"terms": {"days": ["zondag"]}}
    assert options["avond"] == {
        "bool": {"filter": [{"terms": {"day_parts": ["avond"]}}, {"terms": {"days": ["maandag"]}}]}
    }


def test_equal_searches_give_equal_bodies() -> None:
    """Otherwise the engine's cache would not know them again."""
    one = asked(occupations=("kok", "heftruckchauffeur"), filters={"level": ["hbo", "wo"], "transport": ["auto"]})
    two = asked(occupations=("heftruckchauffeur", "kok"), filters={"transport": ["auto"], "level": ["wo", "hbo"]})
    for build in (hits_body, facets_body, count_body):
        assert json.dumps(build(one, PROFILE, KNOWN)) == json.dumps(build(two, PROFILE, KNOWN))


def test_the_exact_count_is_asked_only_with_an_occupation() -> None:
    assert exact_body(asked(words=("kraan",)), PROFILE, KNOWN) is None
    body = exact_body(asked(occupations=("heftruckchauffeur",)), PROFILE, KNOWN)
    assert body is not None
    assert body["size"] == 0
    assert "orderpicker" not in json.dumps(body)


def test_each_thing_asked_is_left_out_once() -> None:
    criteria = asked(
        occupations=("kok",), words=("diploma",), levels=("hbo",), filters={"level": ["hbo"]}, centre=ROTTERDAM, page=4
    )
    found = {(kind, value): other for kind, value, other in relaxed(criteria)}
    assert list(found) == [
        ("occupation", "kok"),
        ("word", "diploma"),
        ("level", "hbo"),
        ("filter", "level"),
        ("radius", "25"),
    ]
    assert found["occupation", "kok"] == asked(
        words=("diploma",), levels=("hbo",), filters={"level": ["hbo"]}, centre=ROTTERDAM
    )
    assert found["radius", "25"].radius_km is None


def test_sensitive_parts_have_no_text_to_search() -> None:
    assert set(TEXT_FIELDS.values()).isdisjoint(SENSITIVE_PARTS)


def test_an_unknown_occupation_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        hits_body(SearchCriteria(asked().showcase, occupations=("nobody",)), PROFILE, KNOWN)


@pytest.mark.requirement("UI-20", "CAND-04")
@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("match", {"_score": "desc"}),
        ("name", {"name.sort": "asc"}),
        ("-name", {"name.sort": "desc"}),
        ("updated", {"updated_at": "asc"}),
        ("-updated", {"updated_at": "desc"}),
    ],
)
def test_the_engine_orders_and_keeps_the_scores(order: str, first: dict[str, str]) -> None:
    body = hits(order=order)
    assert body["sort"][0] == first
    assert body["sort"][-1] == {"id": "asc"}
    assert body["track_scores"] is True
