"""What the operations page says of states, and what deserves attention; codes become words here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from indexer import drift
from indexer.memory import RebuildState
from indexer.overview import CURRENT, DUE, NO_INDEX, PAUSED, UPDATING, Operations, ShowcaseIndex
from indexer.rebuild.lease import CREATE, FILL, HELD, OPEN, ROLLBACK, SWAP, UNDONE, VERIFY
from matching.storage.changes import CANDIDATE, OCCUPATIONS, SHOWCASE
from web.texts import gettext as _
from web.texts import ngettext

#: Above this share the engine begins to place no more data on a disk.
FULL_DISK = 0.85
#: Changes are searchable within seconds; after this long something holds them up.
LATE_S = 60.0

#: How a badge looks: good, worth a look, wrong, or neither.
MET, PARTLY, WRONG, QUIET = "met", "partly", "wrong", "quiet"


@dataclass(frozen=True)
class Attention:
    """Something that a person should act on, and the command that helps."""

    look: str
    title: str
    text: str
    command: str = ""


@dataclass(frozen=True)
class Badge:
    """A state in a word, with a sign and a look."""

    look: str
    sign: str
    text: str


def attention(found: Operations) -> list[Attention]:
    """What asks for a person, the worst first; empty when all is well."""
    return sorted(_attention(found), key=lambda one: one.look != WRONG)


def _attention(found: Operations) -> Iterator[Attention]:
    yield from _of_the_engine(found)
    for row in found.showcases:
        yield from _of_an_index(row)
    yield from _of_what_waits(found)
    for rebuild in found.rebuilds:
        if rebuild.step == HELD and rebuild.ended_at is None:
            yield Attention(
                WRONG,
                _("Een herbouw kwam niet door de controle"),
                _("De index die live staat is niet veranderd. Kijk wat er niet klopt en beslis."),
                "hallowerk index status",
            )
        elif stopped(rebuild):
            yield Attention(
                WRONG,
                _("Een herbouw is gestopt"),
                _("De index die live staat is niet veranderd. De herbouw kan verder waar hij was."),
                "hallowerk index resume",
            )
    strange = {one.showcase for one in found.drift if one.kind == drift.TIMELINE and one.waiting}
    for row in found.showcases:
        if row.showcase in strange and row.state != PAUSED:
            yield Attention(
                WRONG,
                _("De index van %(showcase)s was van een andere database", showcase=row.name),
                _("Alleen een herbouw herstelt dit. Is die er al geweest, dan verdwijnt deze melding vanzelf."),
                f"hallowerk index rebuild --showcase {row.showcase}",
            )
    differing = sum(one.waiting for one in found.drift if one.kind != drift.TIMELINE)
    if differing:
        yield Attention(
            PARTLY,
            ngettext("%(num)s afwijking wacht op herstel", "%(num)s afwijkingen wachten op herstel", differing),
            _("Index en database verschillen. Dit wordt vanzelf hersteld; nu meteen kan ook."),
            "hallowerk index reconcile",
        )
    if found.missed:
        yield Attention(
            WRONG,
            ngettext("%(num)s profiel is geweigerd", "%(num)s profielen zijn geweigerd", found.missed),
            _("De zoekmachine nam ze niet aan, dus zoeken vindt ze niet of niet zoals ze nu zijn."),
            "hallowerk index dead-letters list",
        )


def _of_the_engine(found: Operations) -> Iterator[Attention]:
    cluster = found.cluster
    if cluster is None:
        yield Attention(
            WRONG,
            _("De zoekmachine geeft geen antwoord"),
            _("Zoeken lukt nu niet. Wijzigingen blijven bewaard en komen in de index zodra ze er weer is."),
            "hallowerk doctor",
        )
        return
    if cluster.health == "red":
        yield Attention(
            WRONG,
            _("De zoekmachine is rood"),
            _("Een deel van een index is er niet. Herstel de zoekmachine, of herbouw de index."),
            "hallowerk doctor",
        )
    for node in cluster.nodes:
        if node.used_share > FULL_DISK:
            yield Attention(
                PARTLY,
                _("De schijf van %(node)s is bijna vol", node=node.name),
                _("Is hij helemaal vol, dan neemt de zoekmachine geen wijzigingen meer aan."),
                "hallowerk index prune",
            )


def _of_an_index(row: ShowcaseIndex) -> Iterator[Attention]:
    if row.state == NO_INDEX:
        yield Attention(
            WRONG,
            _("%(showcase)s heeft geen index", showcase=row.name),
            _("Zoeken in deze etalage lukt pas na een herbouw."),
            f"hallowerk index rebuild --showcase {row.showcase}",
        )
    if row.state == PAUSED:
        yield Attention(
            WRONG,
            _("%(showcase)s hoort bij een andere database", showcase=row.name),
            _("Misschien is een reservekopie teruggezet. Wijzigingen wachten tot de index herbouwd is."),
            f"hallowerk index rebuild --showcase {row.showcase}",
        )
    if row.state == DUE:
        yield Attention(
            PARTLY,
            _("%(showcase)s moet herbouwd worden", showcase=row.name),
            _("De index is gemaakt met andere instellingen dan die van nu. Zoeken gaat intussen door."),
            f"hallowerk index rebuild --showcase {row.showcase}",
        )
    if row.blocked:
        yield Attention(
            WRONG,
            _("%(showcase)s neemt geen wijzigingen aan", showcase=row.name),
            _("De zoekmachine heeft de index op slot gezet, meestal omdat de schijf vol is. Maak ruimte."),
            "hallowerk index prune",
        )


def _of_what_waits(found: Operations) -> Iterator[Attention]:
    if found.backlog.broker_away is not None:
        yield Attention(
            WRONG,
            _("De wachtrijen geven geen antwoord"),
            _("Wijzigingen blijven in de database staan en worden later doorgegeven. Kijk of Redis draait."),
            "hallowerk queues",
        )
    elif found.lag_s > LATE_S:
        yield Attention(
            PARTLY,
            _("Wijzigingen wachten te lang"),
            _("Kijk of de relay en de workers draaien."),
            "hallowerk queues",
        )


def index_badge(row: ShowcaseIndex) -> Badge:
    """The state of a showcase's index."""
    if row.blocked:
        return Badge(WRONG, "✕", _("op slot"))
    known = {
        CURRENT: Badge(MET, "✓", _("actueel")),
        UPDATING: Badge(PARTLY, "◐", _("wordt bijgewerkt")),
        DUE: Badge(PARTLY, "◐", _("herbouwen")),
        PAUSED: Badge(WRONG, "✕", _("stilgezet")),
        NO_INDEX: Badge(WRONG, "✕", _("geen index")),
    }
    return known.get(row.state, Badge(QUIET, "?", _("onbekend")))


def engine_badge(found: Operations) -> Badge:
    """The state of the engine as a whole."""
    if found.cluster is None:
        return Badge(WRONG, "✕", _("geen antwoord"))
    known = {
        "green": Badge(MET, "✓", _("groen")),
        "yellow": Badge(PARTLY, "◐", _("geel")),
    }
    return known.get(found.cluster.health, Badge(WRONG, "✕", _("rood")))


def rebuild_badge(rebuild: RebuildState) -> Badge:
    """What a rebuild is at, or how it ended."""
    if rebuild.ended_at is None and rebuild.step == HELD:
        return Badge(WRONG, "✕", _("tegengehouden"))
    if stopped(rebuild):
        return Badge(WRONG, "✕", _("gestopt"))
    if rebuild.ended_at is None:
        return Badge(PARTLY, "◐", step(rebuild.step))
    if rebuild.step == UNDONE:
        return Badge(QUIET, "✕", _("ongedaan gemaakt"))
    return Badge(MET, "✓", _("klaar"))


def stopped(rebuild: RebuildState) -> bool:
    """Whether nobody works on a rebuild any more; what it failed at before somebody took it over does not count."""
    return rebuild.ended_at is None and not rebuild.held


def step(code: str) -> str:
    """What a rebuild does at this step."""
    known = {
        CREATE: _("index maken"),
        FILL: _("vullen"),
        VERIFY: _("controleren"),
        OPEN: _("openzetten"),
        SWAP: _("overschakelen"),
        ROLLBACK: _("terugzetten"),
    }
    return known.get(code, code)


def queue(code: str) -> str:
    """What a queue is for."""
    known = {
        "changes": _("Wijzigingen"),
        "rebuild": _("Herbouw"),
        "mail": _("E-mail"),
        "housekeeping": _("Onderhoud"),
    }
    return known.get(code, code)


def changes(code: str) -> str:
    """What a kind of change is about."""
    known = {
        CANDIDATE: _("Kandidaten"),
        SHOWCASE: _("Etalages"),
        OCCUPATIONS: _("Beroepen"),
    }
    return known.get(code, code)


def difference(code: str) -> str:
    """How index and record differ."""
    known = {
        drift.MISSING: _("ontbreekt in de index"),
        drift.SURPLUS: _("te veel in de index"),
        drift.OUTDATED: _("verouderd"),
        drift.EDITED: _("door iets anders geschreven"),
        drift.LEDGER: _("alleen de administratie klopt niet"),
        drift.ALIAS: _("alias klopt niet"),
        drift.INDEX_GONE: _("index is weg"),
        drift.INDEX_EMPTIED: _("index is leeg"),
        drift.TIMELINE: _("index van een andere database"),
    }
    return known.get(code, code)
