"""Which files and links a made-up person has; the files themselves are drawn by drawings.py and resumes.py."""

from __future__ import annotations

from pydantic import HttpUrl

from matching.candidates.profile import File, Link
from matching.demo.chance import Chance
from matching.demo.material import lists
from matching.demo.persona import Persona

PORTRAITS = 300
MOOD_BOARDS = 60
_VIDEO_LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
Media = tuple[str | None, tuple[File, ...], tuple[Link, ...], tuple[Link, ...], tuple[File, ...]]


def draw_media(person: Persona) -> Media:
    """Portrait (30 %), photos (5 %), videos (5 %), links (4 %) and documents (20 %) of one person, before thinning.

    File paths are relative to the folder that `matching.demo.bundle.write_demo` fills.
    """
    chance = person.chance("media")
    portrait = f"files/portrait-{chance.below(PORTRAITS):03d}.png" if chance.maybe(0.333) else None
    photos = []
    if chance.maybe(0.05):
        for board in chance.some(range(MOOD_BOARDS), chance.between(1, 3)):
            photos.append(File(file=f"files/board-{board:02d}.png", title=chance.pick(lists()["photo titles"])))
    videos = [Link(url=_video(chance), title=chance.pick(lists()["video titles"]))] if chance.maybe(0.055) else []
    links = [Link(url=_website(person), title=chance.pick(lists()["link titles"]))] if chance.maybe(0.04) else []
    documents = [File(file=f"files/cv-{person.index:05d}.pdf", title="CV")] if chance.maybe(0.222) else []
    return portrait, tuple(photos), tuple(videos), tuple(links), tuple(documents)


def _video(chance: Chance) -> HttpUrl:
    """A YouTube address with a made-up id: 'demo' and seven letters."""
    return HttpUrl("https://www.youtube.com/watch?v=demo" + "".join(chance.pick(_VIDEO_LETTERS) for _ in range(7)))


def _website(person: Persona) -> HttpUrl:
    return HttpUrl(f"https://www.example.org/demo/{person.index:05d}")
