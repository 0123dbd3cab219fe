"""The three showcases of the demo, as configuration (CAND-37, PROF-03)."""

from __future__ import annotations

from matching.candidates.parts import PARTS, ShowcaseView, ShownCategory
from matching.candidates.showcases import standard

#: What employers who train young people see: no contact data, transport or hobbies, and other filters first.
LEARNING_PARTS = frozenset(PARTS) - {"contact", "transport", "hobbies"}
LEARNING_CERTIFICATES = (
    "vca-basis",
    "bhv",
    "ehbo",
    "heftruck",
    "reachtruck",
    "sociale-hygiene",
    "haccp",
    "bosmaaier",
    "beveiliger",
    "ehbo-kinderen",
    "tiltechnieken",
    "nen-3140",
    "lassen-mig-mag",
    "vog",
    "inburgering",
)
LEARNING_CATEGORIES = (
    ShownCategory("target_group", ("bbl", "leerwerkplek", "bol-stage", "banenafspraak", "jongere", "praktijkroute")),
    ShownCategory("work_type"),
    ShownCategory("level", ("praktijkonderwijs", "vmbo", "mbo-1", "mbo-2", "mbo-3", "mbo-4", "havo")),
    ShownCategory("hours"),
    ShownCategory("working_times"),
    ShownCategory("certificate", LEARNING_CERTIFICATES),
    ShownCategory("licence", ("AM", "B", "BE", "C", "T")),
    ShownCategory("language"),
    ShownCategory("capability"),
    ShownCategory("recency"),
)

#: In the order of the tabs.
SHOWCASES: tuple[ShowcaseView, ...] = (
    standard("rijnmond", "Regio Rijnmond"),
    standard("haaglanden", "Regio Haaglanden"),
    ShowcaseView("leerwerkbanen", "Leerwerkbanen", LEARNING_PARTS, LEARNING_CATEGORIES),
)
