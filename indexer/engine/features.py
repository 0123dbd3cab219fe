"""Asks an engine what it can: its version, its modules, and each feature that the product uses, by trying it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from indexer.engine.pins import VERSION

#: Modules of the full distribution that the product leaves alone, so that one code path is tested on every engine.
UNUSED_MODULES = {
    "mapper-extras": "_synonyms API, search_as_you_type, rank_feature, scaled_float",
    "percolator": "percolate queries",
    "rank-eval": "_rank_eval",
    "lang-mustache": "search templates",
    "rank-rrf": "rrf retriever",
    "search-business-rules": "pinned queries",
    "x-pack-esql": "ES|QL",
    "x-pack-ilm": "index life-cycle management",
}


_JSON = {"accept": "application/json", "content-type": "application/json"}


@dataclass(frozen=True)
class Feature:
    """Something the product uses, whether this engine has it (None: it would not say), and what it said."""

    name: str
    present: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Examination:
    """What an engine can: `modules` as it lists them, None when it does not tell."""

    version: str
    cluster: str
    health: str
    modules: list[str] | None
    features: list[Feature]

    @property
    def version_fits(self) -> bool:
        """Whether its main version is the one the product speaks."""
        return self.version.split(".")[0] == VERSION.split(".")[0]

    @property
    def unused_absent(self) -> dict[str, str]:
        """Modules this engine lacks and the product does not use: name -> what they would bring."""
        if self.modules is None:
            return {}
        return {name: what for name, what in UNUSED_MODULES.items() if name not in self.modules}


def examine(client: Elasticsearch) -> Examination:
    """Ask the engine; nothing is written. Raises the client's errors when it is out of reach or refuses us."""
    info = client.info()
    return Examination(
        version=str(info["version"]["number"]),
        cluster=str(info["cluster_name"]),
        health=str(client.cluster.health()["status"]),
        modules=_modules(client),
        features=[*(_analysis(client, *probe) for probe in _ANALYSIS), _painless(client), _no_guessed_index(client)],
    )


def _modules(client: Elasticsearch) -> list[str] | None:
    try:
        nodes = client.nodes.info(node_id="_local", metric="plugins")["nodes"]
    except ApiError:
        return None
    return sorted({str(m["name"]) for node in nodes.values() for m in (*node["modules"], *node["plugins"])})


#: name, chain of token filters, text, a token that must come out
_ANALYSIS: list[tuple[str, list[Any], str, str]] = [
    (
        "Dutch stop words and stemming",
        ["lowercase", {"type": "stop", "stopwords": "_dutch_"}, {"type": "stemmer", "language": "dutch"}],
        "de werken",
        "werk",
    ),
    (
        "splitting compounds",
        ["lowercase", {"type": "dictionary_decompounder", "word_list": ["vracht", "wagen"]}],
        "vrachtwagen",
        "wagen",
    ),
    ("synonyms at search time", [{"type": "synonym_graph", "synonyms": ["kok, chef"]}], "kok", "chef"),
    (
        "protected words and stemming exceptions",
        [
            {"type": "keyword_marker", "keywords": ["lassen"]},
            {"type": "stemmer_override", "rules": ["kokkin => kok"]},
            {"type": "stemmer", "language": "dutch"},
        ],
        "lassen kokkin",
        "lassen",
    ),
]


def _analysis(client: Elasticsearch, name: str, chain: list[Any], text: str, token: str) -> Feature:
    try:
        answer = client.indices.analyze(tokenizer="standard", filter=chain, text=text)
    except ApiError as error:
        return _refused(name, error)
    tokens = [found["token"] for found in answer["tokens"]]
    return Feature(name, token in tokens, "" if token in tokens else f"'{text}' became {tokens}")


def _painless(client: Elasticsearch) -> Feature:
    name = "scored scripts (painless)"
    try:
        # Not by the client's own method: it warns that this diagnostic call may change.
        answer = client.perform_request(
            "POST", "/_scripts/painless/_execute", headers=_JSON, body={"script": {"source": "1 + 1"}}
        )
    except ApiError as error:
        return _refused(name, error)
    return Feature(name, answer["result"] == "2")


def _no_guessed_index(client: Elasticsearch) -> Feature:
    """Whether a write to an index that is gone fails, instead of making it anew with a guessed mapping."""
    name = "no automatic index creation"
    setting = "action.auto_create_index"
    try:
        answer = client.cluster.get_settings(include_defaults=True, filter_path=f"*.{setting}")
    except ApiError as error:
        return _refused(name, error)
    levels = [answer[level] for level in ("transient", "persistent", "defaults") if level in answer]
    off = bool(levels) and str(levels[0]["action"]["auto_create_index"]).lower() == "false"
    return Feature(name, off, "" if off else f"set {setting} to false on the cluster")


def _refused(name: str, error: ApiError) -> Feature:
    if error.status_code in {401, 403}:
        return Feature(name, None, "this API key may not ask; the privilege 'monitor' would do")
    return Feature(name, False, str(error.message)[:200])
