"""The sixteen court cards: the headdress of the rank above the emblem of the suit."""

from .canvas import Canvas, Colour, arc, curve, ellipse, leaf, mix, polar, rectangle, star
from .parts import BRASS, CREAM, GOLD, PAPER, ROSE, SUIT_COLOURS, arch, frame, pentacle, sword, wand
from .parts import cup as chalice


def court(suit: str, rank: int) -> Canvas:
    """The card of rank 11 (page), 12 (knight), 13 (queen) or 14 (king)."""
    canvas = Canvas(720, 1240, PAPER)
    colour = SUIT_COLOURS[suit]
    dark = mix(colour, (16, 16, 40), 0.42)
    frame(canvas, colour)
    window = arch(110, 110, 610, 1120)
    canvas.shape(window, fill=dark, line=colour, width=6)
    canvas.stroke(arch(128, 128, 592, 1102), 2, GOLD, closed=True)
    glow = mix(dark, colour, 0.6)
    canvas.circle(360, 386, 200, fill=glow)
    canvas.rays(360, 386, 208, 236, 48, GOLD, width=3, short=0.4)
    {11: _cap, 12: _helmet, 13: _tiara, 14: _crown}[rank](canvas, colour)
    _mantle(canvas, mix(dark, colour, 0.85), rank)
    light = mix(colour, CREAM, 0.62)
    with canvas.at(360, 868, scale={"wands": 1.28, "cups": 1.6, "swords": 1.1, "pentacles": 1.4}[suit]):
        if suit == "wands":
            wand(canvas, light, GOLD)
        elif suit == "cups":
            chalice(canvas, light, GOLD)
        elif suit == "swords":
            sword(canvas, light, GOLD)
        else:
            pentacle(canvas, dark, GOLD)
    for number in range(rank - 10):
        canvas.shape(star(360 + 44 * (number - (rank - 11) / 2), 1158, 14, 6, 4), fill=BRASS)
    return canvas


def _mantle(canvas: Canvas, shade: Colour, rank: int) -> None:
    """Shoulders beneath the headdress, with a border that grows richer with the rank."""
    left = curve((146, 1084), (150, 780), (214, 660), (300, 628))
    right = curve((420, 628), (506, 660), (570, 780), (574, 1084))
    canvas.fill([*left, *arc(360, 628, 60, 36, 270, 90), *right], shade)
    canvas.stroke([*left, *arc(360, 628, 60, 36, 270, 90), *right], 4, GOLD)
    if rank >= 13:
        for number in range(13):
            x, y = curve((320, 672), (230, 720), (190, 850), (178, 1060))[number * 2 - (number > 11)]
            for side in (-1, 1):
                canvas.circle(360 + side * (360 - x), y, 6, fill=CREAM)
    if rank == 12:
        for side in (-1, 1):
            for number in range(4):
                canvas.stroke(
                    [
                        (360 + side * (76 + 16 * number), 690 + 30 * number),
                        (360 + side * (140 + 15 * number), 700 + 42 * number),
                    ],
                    4,
                    GOLD,
                )


def _head(canvas: Canvas) -> None:
    canvas.fill(
        [
            *curve((318, 560), (326, 600), (326, 620), (310, 640)),
            *curve((410, 640), (394, 620), (394, 600), (402, 560)),
        ],
        mix(CREAM, BRASS, 0.32),
    )
    canvas.fill(ellipse(360, 478, 84, 108), CREAM)


def _cap(canvas: Canvas, colour: Colour) -> None:
    _head(canvas)
    canvas.fill(
        [
            *curve((252, 440), (230, 300), (400, 250), (476, 350)),
            *curve((476, 350), (500, 400), (480, 430), (462, 440)),
        ],
        ROSE if colour != SUIT_COLOURS["wands"] else BRASS,
    )
    canvas.stroke([(258, 438), (462, 438)], 20, GOLD)
    plume = curve((440, 410), (520, 380), (560, 300), (520, 230))
    canvas.stroke(plume, 5, CREAM)
    for number in range(3, 25, 2):
        x, y = plume[number]
        canvas.fill(leaf(x, y, 46 - number, 10, 70 - 3 * number), CREAM)
        canvas.fill(leaf(x, y, 46 - number, 10, -62 - 2 * number), CREAM)


def _helmet(canvas: Canvas, colour: Colour) -> None:
    steel = mix(CREAM, colour, 0.32)
    for number in range(6):
        tip = (512 + 16 * number, 300 + 52 * number)
        canvas.stroke(
            curve((360, 268), (430, 190 + 8 * number), (500 + 8 * number, 210 + 20 * number), tip),
            18,
            ROSE if number % 2 == 0 else mix(ROSE, CREAM, 0.3),
        )
    shell = [
        *arc(360, 404, 112, 140, -90, 90),
        *curve((472, 404), (474, 540), (430, 610), (360, 636)),
        *curve((360, 636), (290, 610), (246, 540), (248, 404)),
    ]
    canvas.fill(shell, steel)
    canvas.fill(
        [(360, 264), *arc(360, 404, 112, 140, 0, 90), *curve((472, 404), (474, 540), (430, 610), (360, 636))],
        mix(steel, colour, 0.22),
    )
    canvas.stroke([(272, 440), (448, 440)], 18, mix(colour, (16, 16, 40), 0.6))
    canvas.stroke([(360, 262), (360, 632)], 7, GOLD)
    canvas.stroke([(248, 412), (472, 412)], 7, GOLD)
    for row in range(3):
        for side in (-1, 1):
            canvas.stroke(
                [(360 + side * 26, 496 + 34 * row), (360 + side * (66 - 8 * row), 490 + 34 * row)],
                6,
                mix(colour, (16, 16, 40), 0.5),
            )


def _tiara(canvas: Canvas, colour: Colour) -> None:
    hair = mix(BRASS, colour, 0.45)
    canvas.fill(
        [
            *arc(360, 470, 128, 150, -90, 90),
            *curve((488, 470), (500, 600), (470, 640), (430, 690)),
            (290, 690),
            *curve((290, 690), (250, 640), (220, 600), (232, 470)),
        ],
        hair,
    )
    _head(canvas)
    canvas.fill(
        [*arc(360, 470, 92, 112, -90, 90), *reversed(curve((268, 470), (300, 400), (420, 400), (452, 470)))],
        hair,
    )
    canvas.stroke(arc(360, 452, 118, 92, -76, 76), 15, GOLD)
    for number in range(-3, 4):
        x, y = 360 + 118 * 0.97 * _sine(24 * number), 452 - 92 * _cosine(24 * number)
        height = 92 - 13 * abs(number)
        canvas.fill(leaf(x, y, height, 16, 15 * number), GOLD)
        canvas.circle(*polar(x, y, height + 10, 15 * number), 8, fill=ROSE if number % 2 == 0 else CREAM)


def _sine(angle: float) -> float:
    return polar(0, 0, 1, angle)[0]


def _cosine(angle: float) -> float:
    return -polar(0, 0, 1, angle)[1]


def _crown(canvas: Canvas, colour: Colour) -> None:
    beard = mix(CREAM, BRASS, 0.5)
    canvas.fill(
        [
            *curve((270, 480), (258, 620), (320, 690), (360, 716)),
            *curve((360, 716), (400, 690), (462, 620), (450, 480)),
        ],
        beard,
    )
    _head(canvas)
    canvas.fill(
        [
            *curve((276, 500), (290, 560), (330, 546), (360, 546)),
            *curve((360, 546), (390, 546), (430, 560), (444, 500)),
            *curve((444, 500), (456, 620), (400, 680), (360, 706)),
            *curve((360, 706), (320, 680), (264, 620), (276, 500)),
        ],
        beard,
    )
    canvas.fill([*arc(360, 400, 112, 130, -90, 90)], mix(colour, ROSE, 0.5))
    for rx in (112, 54):
        canvas.stroke(arc(360, 400, rx, 130, -90, 90), 12, GOLD)
    canvas.stroke([(360, 400), (360, 270)], 12, GOLD)
    canvas.fill(rectangle(360, 414, 240, 48), GOLD)
    for number in range(-2, 3):
        canvas.circle(360 + 48 * number, 414, 10, fill=ROSE if number % 2 == 0 else mix(colour, (16, 16, 40), 0.3))
    canvas.circle(360, 254, 18, fill=GOLD)
    canvas.shape(star(360, 222, 24, 8, 4), fill=GOLD)
