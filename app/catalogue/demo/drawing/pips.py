"""The forty numbered cards: each suit arranges its emblems in a little scene of its own."""

from collections.abc import Sequence
from typing import TypeAlias

from .canvas import (
    Canvas,
    Colour,
    arc,
    crescent,
    ellipse,
    heart,
    infinity,
    leaf,
    mix,
    polar,
    rectangle,
    scatter,
    star,
    waves,
)
from .parts import BRASS, LEAF, PAPER, ROMAN, ROSE, SUIT_COLOURS, cloud, crown, emblem, frame, numeral

Place: TypeAlias = tuple[float, float, float, float]  # x, y, scale, rotation


def pip(suit: str, rank: int) -> Canvas:
    """The card of `rank` 1 to 10."""
    canvas = Canvas(720, 1240, PAPER)
    colour = SUIT_COLOURS[suit]
    frame(canvas, colour)
    numeral(canvas, ROMAN[rank], 360, 112, colour)
    canvas.stroke([(300, 156), (420, 156)], 2, colour)
    canvas.shape(star(360, 156, 9, 4, 4), fill=BRASS)
    pale = mix(PAPER, colour, 0.16)
    {"wands": _wands, "cups": _cups, "swords": _swords, "pentacles": _pentacles}[suit](canvas, rank, colour, pale)
    return canvas


def _put(canvas: Canvas, suit: str, places: Sequence[Place]) -> None:
    for x, y, scale, rotate in places:
        emblem(canvas, suit, x, y, scale=scale, rotate=rotate, crowded=len(places) > 4)


def _wands(canvas: Canvas, rank: int, colour: Colour, pale: Colour) -> None:
    canvas.circle(360, 640, 236, fill=pale)
    if rank == 1:
        canvas.rays(360, 640, 254, 290, 32, BRASS, width=5, short=0.45)
    places: dict[int, Sequence[Place]] = {
        1: [(360, 640, 2.2, 0)],
        2: [(238, 650, 2, 0), (482, 650, 2, 0)],
        3: [(200, 700, 1.8, 0), (360, 600, 1.8, 0), (520, 700, 1.8, 0)],
        4: [(160, 720, 1.8, 0), (294, 720, 1.8, 0), (426, 720, 1.8, 0), (560, 720, 1.8, 0)],
        5: [
            (270, 640, 1.6, 34),
            (330, 600, 1.6, -40),
            (380, 700, 1.5, 62),
            (460, 640, 1.6, -12),
            (350, 780, 1.5, 84),
        ],
        6: [(146 + 76 * n, 790, 1.4, 0) for n in range(5)] + [(556, 690, 1.95, 0)],
        7: [(150 + 84 * n, 860 + 26 * (n % 2), 1.25, -10 + 4 * n) for n in range(6)] + [(360, 440, 1.6, 64)],
        8: [(232 + 256 * (n % 2), 400 + 170 * (n // 2) - 60 * (n % 2), 0.98, 56) for n in range(8)],
        9: [(140 + 64 * n, 600 + 22 * (n % 2), 1.6, 0) for n in range(8)] + [(360, 760, 2, 9)],
        10: [(*polar(366, 1240, 600, 3.6 * (n - 4.5)), 1.65, 3.6 * (n - 4.5)) for n in range(10)],
    }
    _put(canvas, "wands", places[rank])
    if rank == 4:
        for n in range(3):
            x = 227 + 133 * n
            canvas.stroke(arc(x, 470, 66, 84, 90, 270), 5, BRASS)
            for angle in (110, 145, 180, 215, 250):
                canvas.circle(
                    x + 66 * (angle - 180) / 90 * 0.98,
                    470 + 84 * (1 - ((angle - 180) / 90) ** 2) ** 0.5,
                    10,
                    fill=ROSE if angle % 2 else BRASS,
                )
    if rank == 6:
        for n in range(20):
            canvas.fill(leaf(*polar(556, 330, 62, 18 * n), 30, 11, 18 * n + 60), LEAF)
    if rank == 10:
        canvas.stroke(arc(366, 790, 142, 24, 100, 260), 18, BRASS)
    _ground(canvas, colour)


def _ground(canvas: Canvas, colour: Colour) -> None:
    canvas.stroke([(150, 1120), (570, 1120)], 3, colour)
    for x, angle in ((330, -42), (345, -16), (375, 16), (390, 42)):
        canvas.fill(leaf(x, 1120, 40, 12, angle), colour)


def _cups(canvas: Canvas, rank: int, colour: Colour, pale: Colour) -> None:
    for n in range(3):
        shade = mix(PAPER, colour, 0.12 + 0.1 * n)
        canvas.fill([*waves(60, 660, 1050 + 36 * n, 12, 4), (660, 1178), (60, 1178)], shade)
    frame(canvas, colour)
    places: dict[int, Sequence[Place]] = {
        1: [(360, 650, 2.5, 0)],
        2: [(226, 680, 1.5, 0), (494, 680, 1.5, 0)],
        3: [(360, 420, 1.35, 0), (218, 760, 1.35, 0), (502, 760, 1.35, 0)],
        4: [(172, 860, 1.1, 0), (360, 860, 1.1, 0), (548, 860, 1.1, 0), (360, 430, 1.25, 0)],
        5: [
            (180, 820, 0.9, -104),
            (360, 940, 0.9, 98),
            (540, 830, 0.9, 106),
            (246, 480, 1.25, 0),
            (474, 480, 1.25, 0),
        ],
        6: [(x, y, 1.0, 0) for y in (400, 660, 920) for x in (230, 490)],
        7: [(360, 320, 0.95, 0)] + [(x, y, 0.95, 0) for y in (590, 850) for x in (186, 360, 534)],
        8: [(x, 720, 0.7, 0) for x in (194, 304, 526)] + [(x, 910, 0.7, 0) for x in (136, 248, 360, 472, 584)],
        9: [(*polar(360, 740, 240, -112 + 28 * n), 0.64, 0) for n in range(9)],
        10: [(*polar(360, 720, 254, -99 + 22 * n), 0.54, 0) for n in range(10)],
    }
    if rank == 1:
        canvas.rays(360, 380, 60, 150, 9, BRASS, width=5, short=0.5, start=-80)
        for side in (-1, 1):
            for k in range(2):
                start = (360 + side * (150 + 0 * k), 430)
                canvas.stroke(
                    [
                        (start[0] + side * 36 * k, 430),
                        *arc(start[0] + side * 18, 560 - 40 * k, 60 + 34 * k, 150, 0, side * 90),
                        (start[0] + side * (78 + 34 * k), 1040),
                    ],
                    7,
                    mix(colour, PAPER, 0.35),
                )
    if rank == 2:
        canvas.circle(326, 440, 74, line=BRASS, width=11)
        canvas.circle(394, 440, 74, line=colour, width=11)
    if rank == 4:
        cloud(canvas, 360, 590, 110, pale)
    if rank == 8:
        canvas.circle(360, 370, 112, fill=pale)
        canvas.fill(crescent(360, 370, 112), BRASS)
    if rank == 9:
        canvas.shape(star(360, 740, 120, 46, 8), fill=BRASS)
        canvas.circle(360, 740, 28, fill=PAPER)
    if rank == 10:
        for k, shade in enumerate((ROSE, BRASS, LEAF, colour)):
            canvas.stroke(arc(360, 720, 182 - 26 * k, 182 - 26 * k, -90, 90), 16, shade)
        canvas.fill(heart(360, 790, 64), ROSE)
    if rank == 7:
        canvas.rays(360, 320, 120, 152, 16, BRASS, width=4, short=0.5)
    _put(canvas, "cups", places[rank])
    if rank == 1:
        for k, x in enumerate((300, 360, 420)):
            canvas.fill(_drop(x, 330 - 50 * (k % 2), 34), colour)
    if rank == 3:
        canvas.shape(star(360, 660, 40, 15, 6), fill=BRASS)
    if rank == 6:
        for y in (400, 660, 920):
            for x in (230, 490):
                canvas.shape(star(x, y - 128, 32, 15, 5), fill=ROSE)
                canvas.circle(x, y - 128, 9, fill=BRASS)


def _drop(x: float, y: float, size: float) -> list[tuple[float, float]]:
    return [(x, y - size * 1.5), *arc(x, y, size * 0.62, size * 0.62, 60, 300)]


def _swords(canvas: Canvas, rank: int, colour: Colour, pale: Colour) -> None:
    for y, left, right in ((230, 90, 330), (258, 150, 290), (286, 470, 630), (258, 420, 600)):
        canvas.stroke([(left, y), (right, y)], 9, pale)
    places: dict[int, Sequence[Place]] = {
        1: [(360, 690, 2.1, 0)],
        2: [(360, 640, 2.05, 38), (360, 640, 2.05, -38)],
        3: [(360, 610, 2, 180), (360, 610, 2, 146), (360, 610, 2, 214)],
        4: [(172, 500, 1.35, 180), (360, 500, 1.35, 180), (548, 500, 1.35, 180), (360, 960, 1.5, 90)],
        5: [
            (180, 620, 1.55, 0),
            (280, 620, 1.55, 0),
            (380, 620, 1.55, 0),
            (400, 970, 1.4, 72),
            (380, 990, 1.4, -66),
        ],
        6: [(150 + 84 * n, 620 - 24 * (n % 2), 1.4, 180) for n in range(6)],
        7: [(*polar(360, 1180, 600, -18 + 9 * n), 1.4, -18 + 9 * n) for n in range(5)]
        + [(140, 890, 1.2, 180), (580, 890, 1.2, 180)],
        8: [(360 + side * (250 - 60 * n), 680 + 30 * n, 1.45, 180) for n in range(4) for side in (-1, 1)],
        9: [(360 + (26 if n % 2 else -26), 330 + 76 * n, 1.35, 90 if n % 2 else 270) for n in range(9)],
        10: [(108 + 56 * n, 600 - 110 * polar(0, 0, 1, 20 * n)[0], 1.25, 180) for n in range(10)],
    }
    if rank == 3:
        canvas.fill(heart(360, 590, 190), ROSE)
    if rank == 8:
        canvas.circle(360, 330, 62, fill=BRASS)
        canvas.rays(360, 330, 78, 122, 24, BRASS, width=4, short=0.5)
    if rank == 10:
        canvas.fill([*arc(360, 1100, 170, 170, -90, 90)], (232, 186, 96))
        for n in range(-11, 12):
            reach = 216 if n % 2 else 242
            canvas.stroke([polar(360, 1100, 188, 8 * n), polar(360, 1100, reach, 8 * n)], 5, (232, 186, 96))
        canvas.stroke([(90, 1100), (630, 1100)], 5, colour)
    _put(canvas, "swords", places[rank])
    if rank == 1:
        crown(canvas, 360, 372, 190, BRASS, ROSE)
        for side in (-1, 1):
            for n in range(5):
                canvas.fill(leaf(360 + side * (96 + 8 * n), 500 - 44 * n, 60, 17, side * (60 - 8 * n)), LEAF)
    if rank == 2:
        canvas.fill(crescent(360, 300, 74), BRASS)
    if rank == 4:
        canvas.stroke(rectangle(360, 960, 560, 150), 4, colour, closed=True)
    if rank == 6:
        canvas.fill(arc(360, 800, 276, 150, 90, 270), mix(colour, BRASS, 0.25))
        for depth in (50, 96):
            canvas.stroke(arc(360, 800, 276, depth, 104, 256), 4, mix(colour, BRASS, 0.55))
        canvas.stroke([(92, 800), (628, 800)], 12, BRASS)
    if rank in (2, 6):
        for n in range(3):
            canvas.stroke(waves(110 + 40 * n, 610 - 40 * n, 1040 + 36 * n, 9, 5 - n), 6, mix(PAPER, colour, 0.45))
    if rank == 3:
        for x, y in ((150, 880), (240, 960), (360, 1050), (480, 960), (570, 880), (150, 1040), (570, 1040)):
            canvas.stroke([(x, y), (x - 16, y + 56)], 6, mix(PAPER, colour, 0.5))
    if rank in (1, 7, 8):
        _ground(canvas, colour)


def _pentacles(canvas: Canvas, rank: int, colour: Colour, pale: Colour) -> None:
    tree = [
        (360, 270),
        (540, 380),
        (180, 380),
        (540, 590),
        (180, 590),
        (360, 490),
        (540, 800),
        (180, 800),
        (360, 700),
        (360, 940),
    ]
    places: dict[int, Sequence[Place]] = {
        1: [(360, 610, 2.1, 0)],
        2: [(360, 430, 1.25, 0), (360, 850, 1.25, 0)],
        3: [(360, 400, 1.15, 0), (210, 660, 1.15, 0), (510, 660, 1.15, 0)],
        4: [(210, 420, 1.15, 0), (510, 420, 1.15, 0), (210, 860, 1.15, 0), (510, 860, 1.15, 0)],
        5: [
            (360, 330, 0.95, 0),
            (200, 500, 0.95, 0),
            (520, 500, 0.95, 0),
            (270, 720, 0.95, 0),
            (450, 720, 0.95, 0),
        ],
        6: [
            (360, 350, 0.92, 0),
            (250, 580, 0.92, 0),
            (470, 580, 0.92, 0),
            (150, 810, 0.92, 0),
            (360, 810, 0.92, 0),
            (570, 810, 0.92, 0),
        ],
        7: [
            (360, 290, 0.82, 0),
            (220, 410, 0.82, 0),
            (500, 410, 0.82, 0),
            (190, 620, 0.82, 0),
            (530, 620, 0.82, 0),
            (230, 830, 0.82, 0),
            (490, 830, 0.82, 0),
        ],
        8: [(x, 330 + 212 * n, 0.92, 0) for n in range(4) for x in (230, 490)],
        9: [(x, y, 0.82, 0) for y in (370, 630, 890) for x in (170, 360, 550)],
        10: [(x, y, 0.68, 0) for x, y in tree],
    }
    if rank == 1:
        canvas.rays(360, 610, 240, 290, 36, BRASS, width=4, short=0.5)
    if rank == 2:
        with canvas.at(360, 640, rotate=90):
            canvas.stroke(infinity(0, 0, 400), 22, pale, closed=True)
            canvas.stroke(infinity(0, 0, 400), 5, colour, closed=True)
    if rank == 3:
        canvas.stroke(
            [(120, 1100), (120, 560), *arc(360, 560, 240, 330, -90, 90), (600, 1100)],
            8,
            mix(PAPER, colour, 0.45),
        )
        canvas.stroke([(360, 530), (360, 1100)], 8, mix(PAPER, colour, 0.45))
    if rank == 4:
        canvas.stroke(rectangle(360, 640, 300, 440), 8, mix(PAPER, colour, 0.45), closed=True)
        canvas.shape(star(360, 640, 84, 30, 4), fill=BRASS)
    if rank == 5:
        canvas.fill([(110, 900), (110, 480), *arc(360, 480, 250, 270, -90, 90), (610, 900)], pale)
        for n, (x, y) in enumerate(scatter(5, 15, 110, 930, 610, 1120)):
            canvas.shape(star(x, y, 13, 4, 6, turn=9 * n), fill=mix(PAPER, colour, 0.5))
    if rank == 6:
        canvas.stroke([(360, 430), (360, 740)], 6, colour)
    if rank in (7, 9):
        stems = (360,) if rank == 7 else (265, 455)
        for x in stems:
            canvas.stroke([(x, 1110), (x, 300)], 8, colour)
            for n in range(9):
                side = 1 if n % 2 else -1
                canvas.fill(leaf(x, 1040 - 84 * n, 66, 20, side * 56), LEAF)
    if rank == 10:
        for one, other in (
            (0, 1),
            (0, 2),
            (0, 5),
            (1, 2),
            (1, 3),
            (2, 4),
            (1, 5),
            (2, 5),
            (3, 4),
            (3, 5),
            (4, 5),
            (3, 6),
            (4, 7),
            (5, 8),
            (3, 8),
            (4, 8),
            (6, 7),
            (6, 8),
            (7, 8),
            (8, 9),
            (6, 9),
            (7, 9),
        ):
            canvas.stroke([tree[one], tree[other]], 4, mix(PAPER, colour, 0.5))
    _put(canvas, "pentacles", places[rank])
    if rank in (1, 3, 4, 6, 7, 8, 9, 10):
        _hedge(canvas, colour)


def _hedge(canvas: Canvas, colour: Colour) -> None:
    for n in range(19):
        x = 108 + 28 * n
        canvas.fill(
            leaf(x, 1150, 62 + 16 * (n % 2), 15, -14 + 28 * (n % 2)),
            colour if n % 2 else mix(colour, PAPER, 0.3),
        )
    canvas.fill(ellipse(360, 1152, 264, 5), colour)
