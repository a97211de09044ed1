"""The Major Arcana from 0, the Fool, to VI, the Lovers."""

from .canvas import Canvas, arc, crescent, curve, heart, infinity, leaf, mix, polar, rectangle, star
from .parts import CREAM, DEEP, GOLD, PANEL, ROSE, TEAL, crown, cup, pentacle, sword, wand
from .window import hills, stars, sun


def fool(canvas: Canvas) -> None:
    sun(canvas, 262, 316, 60)
    stars(canvas, 2, 5, bottom=420)
    hills(canvas, level=930)
    canvas.fill(
        [(119, 800), (330, 800), (352, 826), (330, 880), (346, 930), (300, 1000), (312, 1065), (119, 1065)],
        DEEP,
    )
    canvas.stroke([(119, 800), (330, 800), (352, 826), (330, 880), (346, 930), (300, 1000), (312, 1065)], 5, GOLD)
    canvas.stroke([(196, 776), (420, 452)], 14, CREAM)
    canvas.fill(
        [
            *curve((420, 470), (330, 500), (330, 630), (410, 640)),
            *curve((410, 640), (490, 640), (506, 510), (420, 470)),
        ],
        ROSE,
    )
    canvas.fill([(420, 474), (384, 430), (418, 446), (440, 420), (444, 452), (480, 446)], ROSE)
    canvas.stroke(arc(418, 478, 26, 10, 90, 270), 6, GOLD)
    for n, (x, y) in enumerate(((404, 540), (446, 570), (392, 594))):
        canvas.shape(star(x, y, 15, 6, 4, turn=20 * n), fill=GOLD)
    canvas.stroke([(480, 1010), (470, 890)], 5, TEAL)
    for n in range(5):
        canvas.fill(leaf(470, 880, 42, 19, 72 * n), CREAM)
    canvas.circle(470, 880, 11, fill=GOLD)
    canvas.fill(leaf(476, 960, 52, 16, 60), TEAL)
    canvas.fill([(440, 1065), *curve((440, 1065), (480, 1000), (540, 990), (601, 1020)), (601, 1065)], DEEP)


def magician(canvas: Canvas) -> None:
    canvas.stroke(infinity(360, 268, 104), 14, GOLD, closed=True)
    canvas.rays(360, 520, 120, 190, 20, mix(PANEL, GOLD, 0.6), width=4, short=0.5)
    canvas.stroke([(360, 380), (360, 640)], 20, CREAM)
    for y in (372, 648):
        canvas.circle(360, y, 22, fill=ROSE)
        canvas.circle(360, y, 22, line=GOLD, width=5)
    canvas.stroke(arc(360, 520, 84, 26, -90, 270), 5, GOLD)
    canvas.fill([(150, 850), (570, 850), (548, 890), (172, 890)], GOLD)
    canvas.fill([(196, 890), (222, 890), (212, 1062), (190, 1062)], mix(GOLD, DEEP, 0.3))
    canvas.fill([(498, 890), (524, 890), (530, 1062), (508, 1062)], mix(GOLD, DEEP, 0.3))
    with canvas.at(204, 776, scale=0.46):
        wand(canvas, ROSE, TEAL)
    with canvas.at(302, 800, scale=0.5):
        cup(canvas, TEAL, GOLD)
    with canvas.at(412, 768, scale=0.46):
        sword(canvas, (150, 152, 206), GOLD)
    with canvas.at(512, 800, scale=0.48):
        pentacle(canvas, PANEL, GOLD)


def high_priestess(canvas: Canvas) -> None:
    for x, fill in ((196, DEEP), (524, CREAM)):
        canvas.shape(rectangle(x, 660, 84, 600), fill=fill, line=GOLD, width=5)
        canvas.shape(rectangle(x, 352, 120, 40), fill=GOLD)
        canvas.shape(rectangle(x, 968, 120, 40), fill=GOLD)
        for y in range(420, 930, 60):
            canvas.shape(star(x, y, 12, 5, 4), fill=GOLD)
    canvas.fill(
        [(238, 400), *curve((238, 400), (290, 470), (430, 470), (482, 400)), (482, 940), (238, 940)],
        mix(PANEL, TEAL, 0.4),
    )
    for row in range(4):
        for column in range(3 - row % 2):
            x, y = 300 + 60 * column + 30 * (row % 2), 540 + 84 * row
            canvas.circle(x, y, 17, fill=ROSE)
            canvas.fill(
                [
                    (x - 9, y - 26),
                    (x - 3, y - 16),
                    (x, y - 26),
                    (x + 3, y - 16),
                    (x + 9, y - 26),
                    (x + 6, y - 12),
                    (x - 6, y - 12),
                ],
                ROSE,
            )
    canvas.circle(360, 300, 58, fill=CREAM)
    with canvas.at(360, 300):
        canvas.fill(crescent(30, 0, 74, bite=0.92, shift=0.4), GOLD)
        with canvas.at(0, 0, mirror=True):
            canvas.fill(crescent(30, 0, 74, bite=0.92, shift=0.4), GOLD)
    with canvas.at(360, 940, rotate=90):
        canvas.fill(crescent(0, 0, 100), GOLD)


def empress(canvas: Canvas) -> None:
    for n in range(12):
        x, y = polar(360, 560, 214, -88 + 16 * n)
        canvas.shape(star(x, y, 20, 8, 5), fill=GOLD)
    canvas.fill(heart(360, 590, 138), ROSE)
    canvas.stroke(heart(360, 590, 138), 6, GOLD, closed=True)
    canvas.circle(360, 560, 40, line=CREAM, width=11)
    canvas.stroke([(360, 602), (360, 672)], 11, CREAM)
    canvas.stroke([(330, 638), (390, 638)], 11, CREAM)
    for side in (-1, 0, 1):
        for spread in (0.7, 1.25) if side else (0,):
            stalk = curve(
                (360, 1040),
                (360 + side * 40, 960),
                (360 + side * 150 * spread, 900),
                (360 + side * 168 * spread, 770),
            )
            canvas.stroke(stalk, 5, GOLD)
            for n in range(0, 14, 2):
                x, y = stalk[24 - n]
                canvas.fill(leaf(x, y, 38, 11, side * 12 - 40), GOLD)
                canvas.fill(leaf(x, y, 38, 11, side * 12 + 40), GOLD)
    crown(canvas, 360, 424, 110, GOLD, CREAM)


def emperor(canvas: Canvas) -> None:
    canvas.fill(
        [
            (119, 760),
            (170, 620),
            (215, 720),
            (360, 470),
            (505, 720),
            (550, 600),
            (601, 740),
            (601, 1065),
            (119, 1065),
        ],
        mix(PANEL, ROSE, 0.4),
    )
    canvas.fill([(206, 1000), (206, 520), (232, 480), (488, 480), (514, 520), (514, 1000)], DEEP)
    canvas.stroke([(206, 1000), (206, 520), (232, 480), (488, 480), (514, 520), (514, 1000)], 7, GOLD)
    for side in (-1, 1):
        with canvas.at(360 + side * 150, 500, mirror=side > 0):
            canvas.stroke([*arc(0, 0, 66, 66, 60, -150), *arc(4, 10, 40, 44, -150, -420)], 17, GOLD)
    canvas.stroke(rectangle(360, 1010, 400, 26), 8, GOLD, closed=True)
    canvas.circle(360, 730, 96, fill=ROSE)
    canvas.circle(360, 730, 96, line=GOLD, width=8)
    canvas.stroke(arc(360, 730, 96, 26, 90, 270), 8, GOLD)
    canvas.stroke([(360, 634), (360, 756)], 8, GOLD)
    canvas.stroke([(360, 622), (360, 556)], 14, GOLD)
    canvas.stroke([(334, 584), (386, 584)], 14, GOLD)
    crown(canvas, 360, 350, 200, GOLD, ROSE)
    canvas.stroke([(206, 900), (514, 900)], 4, GOLD)


def hierophant(canvas: Canvas) -> None:
    canvas.rays(360, 380, 150, 214, 28, mix(PANEL, GOLD, 0.7), width=4, short=0.5)
    canvas.stroke([(360, 250), (360, 900)], 22, GOLD)
    for y, half in ((330, 56), (410, 86), (490, 116)):
        canvas.stroke([(360 - half, y), (360 + half, y)], 22, GOLD)
        canvas.circle(360 - half, y, 17, fill=CREAM)
        canvas.circle(360 + half, y, 17, fill=CREAM)
    canvas.circle(360, 246, 22, fill=CREAM)
    for side, colour in ((-1, GOLD), (1, CREAM)):
        with canvas.at(360, 800, rotate=side * 42):
            canvas.circle(0, 168, 44, line=colour, width=15)
            canvas.stroke([(0, 124), (0, -190)], 15, colour)
            canvas.fill(
                [
                    (0, -190),
                    (60, -190),
                    (60, -120),
                    (38, -120),
                    (38, -146),
                    (22, -146),
                    (22, -120),
                    (0, -120),
                ],
                colour,
            )
    canvas.circle(360, 800, 24, fill=ROSE)
    canvas.circle(360, 800, 24, line=GOLD, width=5)


def lovers(canvas: Canvas) -> None:
    canvas.circle(360, 330, 74, fill=GOLD)
    canvas.rays(360, 330, 92, 190, 32, GOLD, width=5, short=0.55)
    canvas.circle(290, 690, 128, line=GOLD, width=24)
    canvas.circle(430, 690, 128, line=CREAM, width=24)
    canvas.stroke(arc(290, 690, 128, 128, 30, 80), 24, GOLD)
    canvas.fill(heart(360, 694, 42), ROSE)
    for side in (-1, 1):
        branch = curve((360, 1030), (360 + side * 120, 1020), (360 + side * 200, 960), (360 + side * 214, 830))
        canvas.stroke(branch, 5, TEAL)
        for n in range(3, 24, 3):
            x, y = branch[n]
            canvas.fill(leaf(x, y, 50, 15, side * (60 - 3 * n) - 34), TEAL)
            canvas.fill(leaf(x, y, 50, 15, side * (60 - 3 * n) + 34), TEAL)
    for n in range(5):
        canvas.circle(360 + 24 * (n - 2), 1030 - 5 * abs(2 - n), 8, fill=ROSE)
