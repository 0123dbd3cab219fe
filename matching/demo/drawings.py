"""Drawn portraits and mood boards in flat colours: pictures for the demo that show nobody."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from matching.demo.chance import Chance

SIZE = 400
#: Drawn this many times larger and scaled down, so that edges are smooth.
FINE = 2
SKINS = (
    ((246, 214, 190), (238, 196, 168), (250, 224, 204)),
    ((224, 178, 140), (206, 158, 120), (232, 190, 156)),
    ((140, 94, 66), (110, 72, 52), (168, 118, 86)),
)
HAIRS = ((44, 34, 30), (72, 50, 38), (28, 26, 30), (112, 74, 44), (176, 128, 74), (140, 60, 40))
DARK_HAIRS = HAIRS[:3]
GREYS = ((176, 176, 178), (208, 206, 202), (132, 132, 136))
BACKDROPS = (
    (214, 230, 240),
    (240, 224, 206),
    (218, 234, 218),
    (236, 218, 228),
    (226, 222, 240),
    (244, 232, 196),
    (206, 230, 228),
    (232, 232, 228),
)
CLOTHES = (
    (38, 84, 124),
    (196, 84, 60),
    (60, 120, 92),
    (118, 78, 130),
    (226, 168, 56),
    (70, 76, 88),
    (170, 60, 84),
    (54, 132, 150),
    (232, 232, 236),
    (142, 106, 78),
)
INK = (30, 24, 26)
MEN = ("short", "parting", "curls", "bald", "cap", "crop", "quiff", "fringe")
WOMEN = ("long", "bob", "bun", "curls-long", "scarf", "tail", "pixie", "waves")
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


def draw_portrait(number: int) -> bytes:
    """Portrait `number` (0..299) as PNG of 400 pixels: 0..149 men, then women; by fifties light, olive, dark skin;

    the last ten of each fifty have grey hair.
    """
    chance = Chance("portrait", number)
    women, rest = divmod(number, 150)
    tone, variant = divmod(rest, 50)
    face = _Face(chance, chance.pick(BACKDROPS))
    hair = chance.pick(GREYS if variant >= 40 else HAIRS if tone == 0 else DARK_HAIRS)
    style = (WOMEN if women else MEN)[variant % 8]
    if style == "scarf" and tone == 0:
        style = "bun"
    face.draw(chance.pick(SKINS[tone]), hair, chance.pick(CLOTHES), style, beard=not women and variant % 3 == 1)
    return _png(face.image)


def draw_board(number: int) -> bytes:
    """Mood board `number` as PNG of 800 by 600 pixels: twelve tiles with plain shapes in colours that go together."""
    chance = Chance("board", number)
    image = Image.new("RGB", (800 * FINE, 600 * FINE), chance.pick(BACKDROPS))
    draw = ImageDraw.Draw(image)
    for column in range(4):
        for row in range(3):
            left, top = (16 + column * 194) * FINE, (16 + row * 192) * FINE
            ground = chance.pick(BACKDROPS + CLOTHES)
            draw.rounded_rectangle((left, top, left + 184 * FINE, top + 182 * FINE), 14 * FINE, ground)
            shape = chance.pick([colour for colour in CLOTHES if colour != ground])
            _tile(draw, chance.pick(("sun", "hills", "leaf", "stripes", "cup", "rings", "house")), left, top, shape)
    return _png(image)


class _Face:
    """One portrait in the making; all measures are of a 400 pixel square."""

    def __init__(self, chance: Chance, backdrop: Colour) -> None:
        self.chance = chance
        self.image = Image.new("RGB", (SIZE * FINE, SIZE * FINE), backdrop)
        self._draw = ImageDraw.Draw(self.image)
        self._wide = chance.between(-6, 8)

    def draw(self, skin: Colour, hair: Colour, clothes: Colour, style: str, beard: bool) -> None:
        """Paint from back to front: back hair, body, head, features, front hair."""
        width = 84 + self._wide
        head: Box = (200 - width, 92, 200 + width, 296)
        shade = _darker(skin, 0.9)
        scarf = self.chance.pick(CLOTHES) if style == "scarf" else hair
        self._behind(style, scarf, head)
        self._ellipse((52, 316, 348, 560), clothes)
        self._box((166, 260, 234, 350), shade, 26)
        self._ellipse((150, 308, 250, 364), shade)
        if style != "scarf":
            for side in (head[0] - 2, head[2] + 2):
                self._ellipse((side - 15, 182, side + 15, 226), shade)
        self._ellipse(head, skin)
        if beard:
            self._pie((head[0] + 2, 120, head[2] - 2, 300), 18, 162, hair)
            self._ellipse((head[0] + 26, 150, head[2] - 26, 262), skin)
        self._features(skin, hair, beard)
        self._front(style, scarf, head)

    def _features(self, skin: Colour, hair: Colour, beard: bool) -> None:
        brow = _darker(hair, 0.8)
        for centre in (166, 234):
            self._ellipse((centre - 7, 194, centre + 7, 210), INK)
            self._line((centre - 15, 180, centre + 15, 178), brow, 6)
        self._arc((190, 204, 214, 238), 20, 150, _darker(skin, 0.78), 5)
        smile = self.chance.pick(((168, 226, 232, 268), (172, 236, 228, 264), (164, 218, 236, 272)))
        self._arc(smile, 25, 155, (250, 246, 240) if beard else _darker(skin, 0.55), 7)
        if self.chance.maybe(0.28):
            for centre in (166, 234):
                self._arc((centre - 26, 178, centre + 26, 228), 0, 360, INK, 5)
            self._line((192, 200, 208, 200), INK, 5)

    def _behind(self, style: str, hair: Colour, head: Box) -> None:
        if style in ("long", "waves", "curls-long"):
            self._box((head[0] - 26, 110, head[2] + 26, 372), hair, 80)
        if style == "curls-long":
            for x, y in ((100, 170), (92, 230), (100, 290), (300, 170), (308, 230), (300, 290)):
                self._ellipse((x - 40, y - 40, x + 40, y + 40), hair)
        if style == "bob":
            self._box((head[0] - 24, 100, head[2] + 24, 290), hair, 70)
        if style == "bun":
            self._ellipse((156, 26, 244, 110), hair)
        if style == "tail":
            self._ellipse((256, 120, 344, 330), hair)
        if style == "scarf":
            self._ellipse((head[0] - 28, 66, head[2] + 28, 336), hair)
            self._box((130, 270, 270, 372), _darker(hair, 0.92), 40)

    def _front(self, style: str, hair: Colour, head: Box) -> None:
        top: Box = (head[0] - 6, 80, head[2] + 6, 260)
        if style == "scarf":
            self._arc((head[0] - 14, 82, head[2] + 14, 312), 0, 360, hair, 24)
            self._pie((head[0] - 12, 80, head[2] + 12, 250), 205, 335, hair)
        elif style == "bald":
            self._arc((head[0] - 4, 150, head[2] + 4, 300), 168, 196, hair, 12)
            self._arc((head[0] - 4, 150, head[2] + 4, 300), 344, 372, hair, 12)
        elif style == "cap":
            self._pie((head[0] - 8, 66, head[2] + 8, 270), 180, 360, self.chance.pick(CLOTHES))
            self._box((head[0] - 10, 156, head[2] + 46, 174), INK, 9)
        elif style in ("curls", "curls-long"):
            for step in range(7):
                x = head[0] + 4 + step * (head[2] - head[0] - 8) / 6
                y = 112 + abs(step - 3) ** 2 * 5
                self._ellipse((x - 36, y - 36, x + 36, y + 36), hair)
        elif style in ("parting", "long", "bob"):
            self._pie(top, 180, 300, hair)
            self._pie((head[0] + 50, 78, head[2] + 8, 250), 200, 362, hair)
        elif style in ("quiff", "pixie"):
            self._pie(top, 184, 356, hair)
            self._ellipse((head[0] + 8, 66, head[2] - 26, 140), hair)
        elif style == "crop":
            self._pie((head[0] + 2, 86, head[2] - 2, 250), 190, 350, hair)
        else:
            self._pie(top, 182, 358, hair)
            self._ellipse((head[0] + 4, 92, head[2] - 4, 164), hair)

    def _ellipse(self, box: Box, colour: Colour) -> None:
        self._draw.ellipse(_fine(box), fill=colour)

    def _box(self, box: Box, colour: Colour, radius: int) -> None:
        self._draw.rounded_rectangle(_fine(box), radius * FINE, fill=colour)

    def _pie(self, box: Box, start: int, end: int, colour: Colour) -> None:
        self._draw.chord(_fine(box), start, end, fill=colour)

    def _arc(self, box: Box, start: int, end: int, colour: Colour, width: int) -> None:
        self._draw.arc(_fine(box), start, end, fill=colour, width=width * FINE)

    def _line(self, points: Box, colour: Colour, width: int) -> None:
        self._draw.line(_fine(points), fill=colour, width=width * FINE)


def _tile(draw: ImageDraw.ImageDraw, kind: str, left: int, top: int, colour: Colour) -> None:
    def at(box: Box) -> Box:
        x0, y0, x1, y1 = _fine(box)
        return (left + x0, top + y0, left + x1, top + y1)

    if kind == "sun":
        draw.ellipse(at((52, 50, 132, 130)), fill=colour)
    elif kind == "hills":
        draw.pieslice(at((-10, 90, 120, 274)), 200, 340, fill=colour)
        draw.pieslice(at((60, 70, 200, 294)), 205, 335, fill=_darker(colour, 0.85))
    elif kind == "leaf":
        draw.pieslice(at((40, 30, 200, 190)), 180, 270, fill=colour)
        draw.pieslice(at((-40, 10, 120, 170)), 0, 90, fill=_darker(colour, 0.85))
    elif kind == "stripes":
        for step in range(4):
            draw.rounded_rectangle(at((24, 30 + step * 34, 160, 48 + step * 34)), 9 * FINE, fill=colour)
    elif kind == "cup":
        draw.rounded_rectangle(at((48, 64, 118, 134)), 14 * FINE, fill=colour)
        draw.arc(at((100, 76, 146, 118)), 270, 450, fill=colour, width=10 * FINE)
    elif kind == "rings":
        for step in (0, 22, 44):
            draw.arc(at((36 + step, 34 + step, 148 - step, 146 - step)), 0, 360, fill=colour, width=10 * FINE)
    else:
        draw.rectangle(at((54, 88, 130, 144)), fill=colour)
        roof = at((40, 40, 144, 92))
        draw.polygon([(roof[0], roof[3]), ((roof[0] + roof[2]) / 2, roof[1]), (roof[2], roof[3])], fill=colour)


def _fine(box: Box) -> Box:
    return (box[0] * FINE, box[1] * FINE, box[2] * FINE, box[3] * FINE)


def _darker(colour: Colour, share: float) -> Colour:
    return (int(colour[0] * share), int(colour[1] * share), int(colour[2] * share))


def _png(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.reduce(FINE).save(target, "PNG")
    return target.getvalue()
