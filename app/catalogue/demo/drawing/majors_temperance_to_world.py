"""The Major Arcana from XIV, Temperance, to XXI, the World."""

from .canvas import Canvas, Path, arc, crescent, curve, ellipse, leaf, mix, polar, rectangle, star, waves
from .parts import CREAM, DEEP, GOLD, PANEL, ROSE, TEAL, cloud, cup
from .window import hills


def temperance(canvas: Canvas) -> None:
    for side in (-1, 1):
        for n in range(6):
            canvas.fill(
                leaf(360 + side * 60, 330 + 18 * n, 190 - 22 * n, 24, side * (48 + 14 * n)),
                mix(PANEL, CREAM, 0.75 - 0.09 * n),
            )
    canvas.circle(360, 330, 76, fill=GOLD)
    canvas.circle(360, 330, 58, line=CREAM, width=4)
    canvas.fill([(360, 288), (398, 354), (322, 354)], ROSE)
    stream = curve((300, 600), (430, 640), (380, 760), (440, 800))
    canvas.stroke(stream, 26, TEAL)
    canvas.stroke(stream, 8, mix(TEAL, CREAM, 0.6))
    with canvas.at(232, 590, rotate=62, scale=0.95):
        cup(canvas, GOLD, CREAM)
    with canvas.at(446, 880, scale=0.95):
        cup(canvas, GOLD, CREAM)
    for k in range(2):
        canvas.stroke(waves(140, 580, 1006 + 30 * k, 8, 5), 6, mix(PANEL, TEAL, 0.8))


def devil(canvas: Canvas) -> None:
    for side in (-1, 1):
        with canvas.at(360, 400, mirror=side < 0):
            canvas.fill(
                [
                    *curve((38, 0), (140, -10), (196, -80), (150, -190)),
                    *curve((150, -190), (150, -100), (90, -70), (20, -66)),
                ],
                CREAM,
            )
            for n in range(4):
                canvas.stroke([(72 + 24 * n, -52 - 14 * n), (82 + 26 * n, -14 - 22 * n)], 4, mix(CREAM, DEEP, 0.4))
    canvas.circle(360, 560, 186, fill=DEEP)
    canvas.circle(360, 560, 186, line=ROSE, width=9)
    canvas.circle(360, 560, 168, line=GOLD, width=3)
    canvas.stroke([polar(360, 560, 160, 180 + 144 * n) for n in range(5)], 13, GOLD, closed=True)
    canvas.fill(
        [
            *curve((360, 510), (390, 550), (408, 590), (360, 620)),
            *curve((360, 620), (312, 590), (330, 550), (360, 510)),
        ],
        ROSE,
    )
    canvas.fill(
        [
            *curve((360, 560), (374, 580), (380, 600), (360, 612)),
            *curve((360, 612), (340, 600), (346, 580), (360, 560)),
        ],
        GOLD,
    )
    for side in (-1, 1):
        for n in range(4):
            canvas.stroke(
                ellipse(360 + side * (80 + 22 * n), 756 + 42 * n, 15 if n % 2 else 19, 25),
                8,
                mix(CREAM, PANEL, 0.25),
                closed=True,
            )
        canvas.circle(360 + side * 164, 948, 58, line=GOLD, width=15)
        canvas.stroke(arc(360 + side * 164, 948, 58, 58, 140, 220), 17, PANEL)


def tower(canvas: Canvas) -> None:
    canvas.fill([(119, 1000), (250, 940), (470, 940), (601, 1010), (601, 1065), (119, 1065)], DEEP)
    canvas.fill([(268, 960), (286, 470), (434, 470), (452, 960)], mix(CREAM, PANEL, 0.35))
    canvas.fill([(370, 960), (366, 470), (434, 470), (452, 960)], mix(CREAM, PANEL, 0.55))
    canvas.fill(
        [
            (270, 470),
            (262, 412),
            (296, 412),
            (302, 438),
            (336, 440),
            (340, 414),
            (368, 430),
            (398, 412),
            (430, 436),
            (456, 420),
            (450, 470),
        ],
        mix(CREAM, PANEL, 0.45),
    )
    for x, y in ((330, 580), (390, 680), (324, 790)):
        canvas.fill(_opening(x, y), DEEP)
        canvas.fill(
            [
                *curve((x, y - 46), (x + 30, y), (x + 22, y + 30), (x, y + 34)),
                *curve((x, y + 34), (x - 22, y + 30), (x - 26, y), (x, y - 46)),
            ],
            ROSE,
        )
        canvas.fill(ellipse(x, y + 18, 8, 14), GOLD)
    with canvas.at(270, 342, rotate=-28):
        canvas.fill([(-90, -66), (-44, -20), (0, -76), (44, -20), (90, -66), (76, 34), (-76, 34)], GOLD)
        canvas.circle(0, -20 + 20, 12, fill=ROSE)
    bolt = [(560, 214), (430, 356), (486, 366), (372, 520), (520, 340), (462, 330), (600, 240)]
    canvas.fill(bolt, GOLD)
    canvas.stroke(bolt, 4, CREAM, closed=True)
    for n, (x, y) in enumerate(
        ((190, 520), (220, 640), (170, 740), (520, 560), (546, 700), (500, 800), (206, 850), (530, 880))
    ):
        canvas.fill([(x, y - 24), *arc(x, y, 9, 12, 60, 300)], GOLD if n % 2 else ROSE)


def _opening(x: float, y: float) -> Path:
    return [*arc(x, y - 20, 24, 34, -90, 90), (x + 24, y + 42), (x - 24, y + 42)]


def the_star(canvas: Canvas) -> None:
    for n in range(7):
        x, y = polar(360, 480, 206, -105 + 35 * n)
        canvas.shape(star(x, y, 30, 10, 8), fill=CREAM)
    canvas.rays(360, 480, 90, 164, 16, mix(PANEL, GOLD, 0.6), width=4, short=0.6)
    canvas.shape(star(360, 480, 150, 44, 8), fill=GOLD)
    canvas.shape(star(360, 480, 84, 30, 8, turn=22.5), fill=CREAM)
    canvas.circle(360, 480, 24, fill=GOLD)
    canvas.fill([(119, 900), *waves(119, 601, 880, 10, 3), (601, 1065), (119, 1065)], mix(PANEL, TEAL, 0.55))
    for n in range(4):
        canvas.stroke(waves(170 + 24 * n, 550 - 24 * n, 920 + 34 * n, 6, 4), 5, mix(TEAL, CREAM, 0.45))
    for x, turn in ((236, 118), (484, -118)):
        with canvas.at(x, 730, rotate=turn, scale=0.62):
            canvas.fill(
                [
                    *curve((-26, -86), (-20, -40), (-84, 0), (-40, 84)),
                    *curve((40, 84), (84, 0), (20, -40), (26, -86)),
                ],
                ROSE,
            )
            canvas.stroke([(-36, -88), (36, -88)], 14, GOLD)
            canvas.stroke(arc(0, 30, 54, 16, 100, 260), 7, GOLD)
    for side in (-1, 1):
        canvas.stroke(
            curve((360 + side * 76, 762), (360 + side * 52, 780), (360 + side * 44, 830), (360 + side * 44, 892)),
            11,
            TEAL,
        )


def the_moon(canvas: Canvas) -> None:
    canvas.rays(360, 380, 150, 200, 32, GOLD, width=5, short=0.5)
    canvas.circle(360, 380, 136, fill=mix(PANEL, GOLD, 0.22))
    canvas.fill(crescent(360, 380, 136, bite=0.8, shift=0.44), GOLD)
    canvas.stroke(curve((424, 350), (404, 364), (384, 380), (398, 390)), 5, DEEP)
    canvas.stroke(arc(440, 352, 16, 10, 90, 270), 5, DEEP)
    canvas.stroke(curve((398, 420), (416, 428), (424, 424), (432, 416)), 5, DEEP)
    for n in range(8):
        x, y = 220 + 40 * n, 610 + 36 * (n % 2) + 8 * abs(n - 4)
        canvas.fill([(x, y - 26), *arc(x, y, 9, 12, 60, 300)], mix(GOLD, CREAM, 0.4))
    for x in (182, 538):
        canvas.fill(
            [
                (x - 46, 950),
                (x - 40, 720),
                (x - 54, 720),
                (x - 54, 676),
                (x - 30, 676),
                (x - 30, 692),
                (x - 12, 692),
                (x - 12, 676),
                (x + 12, 676),
                (x + 12, 692),
                (x + 30, 692),
                (x + 30, 676),
                (x + 54, 676),
                (x + 54, 720),
                (x + 40, 720),
                (x + 46, 950),
            ],
            mix(PANEL, DEEP, 0.7),
        )
        canvas.fill(rectangle(x, 780, 18, 40), GOLD)
    hills(canvas, level=900)
    canvas.fill(
        [
            *curve((352, 916), (300, 950), (430, 980), (340, 1064)),
            (430, 1064),
            *curve((430, 1064), (480, 980), (350, 950), (368, 916)),
        ],
        mix(GOLD, CREAM, 0.3),
    )


def the_sun(canvas: Canvas) -> None:
    for n in range(12):
        with canvas.at(360, 470, rotate=30 * n):
            canvas.fill([(-26, -150), (0, -240), (26, -150)], GOLD)
            with canvas.at(0, 0, rotate=15):
                canvas.stroke(curve((0, -150), (22, -172), (-22, -200), (2, -222)), 11, ROSE)
    canvas.circle(360, 470, 138, fill=GOLD)
    canvas.circle(360, 470, 120, line=CREAM, width=5)
    for side in (-1, 1):
        canvas.stroke(arc(360 + side * 48, 450, 22, 12, -90, 90), 7, mix(GOLD, DEEP, 0.75))
        canvas.circle(360 + side * 76, 506, 15, fill=mix(GOLD, ROSE, 0.6))
    canvas.stroke(curve((360, 456), (366, 480), (376, 500), (350, 502)), 6, mix(GOLD, DEEP, 0.75))
    canvas.stroke(curve((316, 528), (340, 556), (380, 556), (404, 528)), 7, mix(GOLD, DEEP, 0.75))
    for row in range(3):
        for column in range(-1, 7):
            left, right = (
                max(119, 119 + 84 * column + 42 * (row % 2)),
                min(601, 119 + 84 * (column + 1) + 42 * (row % 2) - 6),
            )
            if right - left > 8:
                canvas.fill(
                    [
                        (left, 940 + 42 * row),
                        (right, 940 + 42 * row),
                        (right, 976 + 42 * row),
                        (left, 976 + 42 * row),
                    ],
                    mix(PANEL, ROSE, 0.55),
                )
    for x, y in ((180, 850), (300, 880), (420, 880), (540, 850)):
        canvas.stroke([(x, y), (x, 938)], 7, TEAL)
        canvas.fill(leaf(x, y + 74, 44, 13, 54), TEAL)
        for n in range(12):
            canvas.fill(leaf(*polar(x, y, 16, 30 * n), 34, 10, 30 * n), GOLD)
        canvas.circle(x, y, 20, fill=mix(ROSE, DEEP, 0.4))


def judgement(canvas: Canvas) -> None:
    cloud(canvas, 300, 360, 74, mix(PANEL, CREAM, 0.3))
    cloud(canvas, 430, 340, 92, mix(PANEL, CREAM, 0.45))
    with canvas.at(356, 560, rotate=40):
        canvas.fill(
            [
                (-11, -220),
                (11, -220),
                (14, 120),
                *curve((14, 120), (22, 170), (50, 200), (84, 220)),
                (-84, 220),
                *curve((-84, 220), (-50, 200), (-22, 170), (-14, 120)),
            ],
            GOLD,
        )
        canvas.stroke(ellipse(0, 222, 84, 20), 8, CREAM, closed=True)
        canvas.fill(ellipse(0, 222, 80, 16), mix(GOLD, DEEP, 0.55))
        for y in (-150, 20, 110):
            canvas.stroke([(-18, y), (18, y)], 9, CREAM)
        canvas.fill([(16, -130), (156, -130), (156, 14), (16, 14)], CREAM)
        canvas.stroke([(86, -124), (86, 8)], 20, ROSE)
        canvas.stroke([(24, -58), (148, -58)], 20, ROSE)
    for k in range(3):
        canvas.fill(
            [(119, 1064), *waves(119, 601, 930 + 42 * k, 10, 3 + k), (601, 1064)],
            mix(PANEL, TEAL, 0.3 + 0.18 * k),
        )
    for x, y, turn in ((230, 930, -8), (360, 960, 4), (490, 936, 10)):
        with canvas.at(x, y, rotate=turn):
            canvas.stroke([(0, -30), (0, -90)], 22, CREAM)
            canvas.stroke([(0, -74), (-34, -124)], 12, CREAM)
            canvas.stroke([(0, -74), (34, -124)], 12, CREAM)
            canvas.circle(0, -122, 19, fill=CREAM)
            canvas.shape([(-44, -34), (44, -34), (38, 14), (-38, 14)], fill=mix(ROSE, DEEP, 0.35), line=GOLD, width=4)


def world(canvas: Canvas) -> None:
    for n in range(44):
        t = 360 * n / 44
        x, y = 360 + 176 * polar(0, 0, 1, t)[0], 610 - 262 * -polar(0, 0, 1, t)[1]
        lean = t + 90 if t < 180 else t - 90
        canvas.fill(leaf(x, y, 64, 17, lean + 150 if t < 180 else lean - 150), TEAL)
        canvas.fill(leaf(x, y, 64, 17, lean + 210 if t < 180 else lean - 210), mix(TEAL, CREAM, 0.25))
    for y in (348, 872):
        for turn in (-34, 34):
            with canvas.at(360, y, rotate=turn):
                canvas.stroke([(-48, 0), (48, 0)], 16, ROSE)
    canvas.circle(360, 610, 116, fill=mix(PANEL, TEAL, 0.45))
    canvas.circle(360, 610, 116, line=GOLD, width=9)
    for rx in (44, 86):
        canvas.stroke(ellipse(360, 610, rx, 116), 4, GOLD, closed=True)
    for dy, half in ((-58, 100), (0, 116), (58, 100)):
        canvas.stroke([(360 - half, 610 + dy), (360 + half, 610 + dy)], 4, GOLD)
    canvas.shape(star(360, 610, 70, 24, 8), fill=CREAM)
    for x, y in ((172, 372), (548, 372), (172, 968), (548, 968)):
        canvas.shape(star(x, y, 34, 11, 4), fill=GOLD)
        canvas.circle(x, y, 40, line=GOLD, width=3)
