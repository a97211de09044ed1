"""The back of the deck, and the logo and cover of each demo project."""

import math

from .canvas import Canvas, Colour, arc, crescent, curve, leaf, mix, polar, rectangle, scatter, star
from .parts import CREAM, DEEP, GOLD, NIGHT, PANEL, ROSE, frame

LINEN: Colour = (245, 242, 232)
GREEN: Colour = (74, 104, 82)
SAGE: Colour = (150, 172, 146)
CLAY: Colour = (190, 96, 66)


def back() -> Canvas:
    """The back: the same when turned upside down, so that it gives no reversal away."""
    canvas = Canvas(720, 1240, NIGHT)
    frame(canvas, GOLD)
    canvas.shape(rectangle(360, 620, 560, 1080), fill=PANEL, line=GOLD, width=4)
    for row in range(-7, 8):
        for column in range(-3, 4):
            if (row + column) % 2 == 0:
                x, y = 360 + 80 * column, 620 + 72 * row
                canvas.shape(star(x, y, 11, 4, 4), fill=mix(PANEL, GOLD, 0.5))
    for side in (0, 180):
        with canvas.at(360, 620, rotate=side):
            canvas.fill(rectangle(0, -330, 150, 150), PANEL)
            with canvas.at(0, -330, rotate=-90):
                canvas.fill(crescent(0, 0, 66), GOLD)
            canvas.shape(star(0, -352, 22, 7, 4), fill=CREAM)
    canvas.circle(360, 620, 222, fill=NIGHT)
    canvas.circle(360, 620, 222, line=GOLD, width=6)
    canvas.circle(360, 620, 204, line=GOLD, width=2)
    canvas.rays(360, 620, 150, 196, 32, GOLD, width=4, short=0.5)
    canvas.shape(star(360, 620, 140, 46, 8), fill=GOLD)
    canvas.shape(star(360, 620, 84, 30, 8, turn=22.5), fill=NIGHT)
    canvas.circle(360, 620, 22, fill=CREAM)
    return canvas


def luna_logo() -> Canvas:
    """A golden crescent that holds a star."""
    canvas = Canvas(512, 512, NIGHT)
    canvas.circle(256, 256, 214, fill=PANEL)
    canvas.circle(256, 256, 214, line=GOLD, width=7)
    canvas.circle(256, 256, 198, line=GOLD, width=2)
    with canvas.at(250, 262, rotate=-24):
        canvas.fill(crescent(0, 0, 142, bite=0.84, shift=0.4), GOLD)
    canvas.shape(star(214, 222, 58, 17, 8), fill=CREAM)
    for x, y, size in ((140, 150, 12), (330, 116, 15), (128, 330, 10), (372, 176, 9)):
        canvas.shape(star(x, y, size, size * 0.35, 4), fill=CREAM)
    return canvas


def luna_cover() -> Canvas:
    """The moon over quiet hills."""
    canvas = Canvas(1200, 800, DEEP)
    for n in range(7):
        canvas.circle(600, 340, 760 - 96 * n, fill=mix(DEEP, (62, 64, 136), 0.1 * (n + 1)))
    for n, (x, y) in enumerate(scatter(11, 70, 30, 24, 1170, 520)):
        size = 4 + 3 * (n % 3)
        canvas.shape(star(x, y, size, size * 0.35, 4), fill=mix(PANEL, CREAM, 0.55 + 0.15 * (n % 3)))
    canvas.rays(600, 330, 196, 260, 48, GOLD, width=3, short=0.45)
    canvas.circle(600, 330, 172, fill=mix(PANEL, GOLD, 0.25))
    with canvas.at(600, 330, rotate=-20):
        canvas.fill(crescent(0, 0, 172, bite=0.86, shift=0.34), GOLD)
    canvas.shape(star(548, 300, 46, 14, 8), fill=CREAM)
    for n, (level, rise) in enumerate(((600, 90), (660, -70), (724, 50))):
        shade = mix((58, 58, 124), DEEP, 0.3 + 0.32 * n)
        canvas.fill(
            [
                (0, level),
                *curve((0, level), (300, level - rise), (460, level + rise), (700, level)),
                *curve((700, level), (880, level - rise * 0.7), (1040, level + rise * 0.5), (1200, level - 20)),
                (1200, 800),
                (0, 800),
            ],
            shade,
        )
    return canvas


def sprig(canvas: Canvas, stem: list[tuple[float, float]], colour: Colour, *, length: float, pairs: int = 6) -> None:
    """A stem with pairs of leaves that grow smaller towards the tip."""
    canvas.stroke(stem, length * 0.07, colour)
    for n in range(pairs):
        at = round((len(stem) - 2) * (n + 1) / (pairs + 0.4))
        (x, y), (next_x, next_y) = stem[at], stem[at + 1]
        along = _bearing(next_x - x, next_y - y)
        size = length * (1 - 0.55 * n / pairs)
        for side in (-1, 1):
            canvas.fill(leaf(x, y, size, size * 0.26, along + side * 48), colour)
    (before_x, before_y), (x, y) = stem[-2], stem[-1]
    canvas.fill(leaf(x, y, length * 0.5, length * 0.14, _bearing(x - before_x, y - before_y)), colour)


def _bearing(dx: float, dy: float) -> float:
    return math.degrees(math.atan2(dx, -dy))


def flower(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    """A five-petalled flower of verbena."""
    for n in range(5):
        canvas.circle(*polar(x, y, size * 0.56, 72 * n), size * 0.4, fill=colour)
    canvas.circle(x, y, size * 0.24, fill=LINEN)


def verbena_logo() -> Canvas:
    """A sprig of verbena on light paper."""
    canvas = Canvas(512, 512, LINEN)
    canvas.circle(256, 256, 214, fill=(232, 234, 218))
    canvas.circle(256, 256, 214, line=GREEN, width=6)
    sprig(canvas, curve((256, 440), (250, 380), (262, 320), (256, 250)), GREEN, length=104, pairs=4)
    for x, y, size in (
        (222, 112, 29),
        (290, 112, 29),
        (256, 84, 29),
        (204, 168, 38),
        (308, 168, 38),
        (256, 146, 40),
        (256, 212, 40),
    ):
        flower(canvas, x, y, size, CLAY if size > 30 else mix(CLAY, LINEN, 0.3))
    return canvas


def verbena_cover() -> Canvas:
    """Sprigs, leaves and a terracotta sun on paper."""
    canvas = Canvas(1200, 800, LINEN)
    canvas.circle(600, 380, 236, fill=mix(LINEN, CLAY, 0.16))
    canvas.circle(600, 380, 168, fill=CLAY)
    for side in (-1, 1):
        for reach, tip, length, colour in (
            (150, 170, 96, GREEN),
            (330, 250, 112, SAGE),
            (480, 430, 104, GREEN),
        ):
            stem = curve(
                (600 + side * 40, 800),
                (600 + side * (60 + reach * 0.3), 640),
                (600 + side * reach, 560),
                (600 + side * (reach + 40), tip),
            )
            sprig(canvas, stem, colour, length=length, pairs=7)
    for x, y, size in (
        (600, 560, 40),
        (560, 592, 34),
        (642, 592, 34),
        (600, 634, 36),
        (576, 538, 26),
        (628, 538, 26),
    ):
        flower(canvas, x, y, size, mix(CLAY, ROSE, 0.5) if size > 35 else mix(CLAY, LINEN, 0.25))
    sprig(canvas, curve((600, 800), (602, 740), (598, 700), (600, 640)), GREEN, length=70, pairs=2)
    canvas.stroke(arc(600, 380, 262, 262, -120, 120), 3, GREEN)
    for n in range(9):
        canvas.circle(*polar(600, 380, 262, -120 + 30 * n), 6, fill=GREEN)
    return canvas
