"""Which files and links a made-up person has; the files themselves are drawn by drawings.py and resumes.py."""

from __future__ import annotations

from pydantic import HttpUrl

from matching.candidates.profile import File, Link
from matching.demo.chance import Chance
from matching.demo.material import lists
from matching.demo.persona import Persona

PORTRAITS = 300
MOOD_BOARDS = 60
#: Which third of the portraits suits an origin: 0 light, 1 olive, 2 dark.
SKIN = {"nl": 0, "pl": 0, "ua": 0, "bg": 0, "zh": 0, "tr": 1, "ma": 1, "sy": 1, "ir": 1, "es": 1}
SKIN |= {"sr": 2, "cw": 2, "cv": 2, "er": 2, "so": 2}
_VIDEO_LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
Media = tuple[str | None, tuple[File, ...], tuple[Link, ...], tuple[Link, ...], tuple[File, ...]]


def draw_media(person: Persona) -> Media:
    """Portrait (30 %), photos (5 %), videos (5 %), links (4 %) and documents (20 %) of one person, before thinning.

    File paths are relative to the folder that `matching.demo.bundle.write_demo` fills.
    """
    chance = person.chance("media")
    has_portrait = chance.maybe(0.333)
    portrait = portrait_path(_portrait(person)) if has_portrait else None
    photos = []
    if chance.maybe(0.05):
        for board in chance.some(range(MOOD_BOARDS), chance.between(1, 3)):
            photos.append(File(file=board_path(board), title=chance.pick(lists()["photo titles"])))
    videos = [Link(url=_video(chance), title=chance.pick(lists()["video titles"]))] if chance.maybe(0.055) else []
    links = [Link(url=_website(person), title=chance.pick(lists()["link titles"]))] if chance.maybe(0.04) else []
    documents = [File(file=f"files/cv-{person.index:05d}.pdf", title="CV")] if chance.maybe(0.222) else []
    return portrait, tuple(photos), tuple(videos), tuple(links), tuple(documents)


def portrait_path(number: int) -> str:
    """Path of a portrait beside the demo's candidates file."""
    return f"files/portrait-{number:03d}.png"


def board_path(number: int) -> str:
    """Path of a mood board beside the demo's candidates file."""
    return f"files/board-{number:02d}.png"


def _portrait(person: Persona) -> int:
    """A portrait that can be this person's, by sex, likely skin and grey hair; see drawings.draw_portrait."""
    chance = person.chance("portrait")
    tone = SKIN[person.origin] if chance.maybe(0.85) else chance.below(3)
    variant = 40 + chance.below(10) if person.age >= 52 else chance.below(40)
    return (150 if person.sex == "v" else 0) + 50 * tone + variant


def _video(chance: Chance) -> HttpUrl:
    """A YouTube address with a made-up id: 'demo' and seven letters."""
    return HttpUrl("https://www.youtube.com/watch?v=demo" + "".join(chance.pick(_VIDEO_LETTERS) for _ in range(7)))


def _website(person: Persona) -> HttpUrl:
    return HttpUrl(f"https://www.example.org/demo/{person.index:05d}")
