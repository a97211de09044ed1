"""The Major Arcana from VII, the Chariot, to XIII, Death."""

from .canvas import Canvas, arc, curve, infinity, leaf, mix, polar, rectangle, star
from .parts import CREAM, DEEP, GOLD, PANEL, ROSE, TEAL, cloud, sword
from .window import hills, stars


def chariot(canvas: Canvas) -> None:
    canvas.fill([(170, 420), *curve((170, 420), (230, 270), (490, 270), (550, 420))], mix(PANEL, TEAL, 0.55))
    canvas.stroke([(170, 420), *curve((170, 420), (230, 270), (490, 270), (550, 420))], 7, GOLD, closed=True)
    for n in range(5):
        canvas.stroke(arc(208 + 76 * n, 420, 38, 30, 90, 270), 6, GOLD)
    for n, (x, y) in enumerate(((250, 376), (320, 346), (400, 346), (470, 376), (360, 392))):
        canvas.shape(star(x, y, 17, 7, 5 + n % 2), fill=CREAM)
    for x in (196, 524):
        canvas.stroke([(x, 424), (x, 700)], 13, GOLD)
    canvas.shape([(170, 660), (550, 660), (514, 900), (206, 900)], fill=DEEP, line=GOLD, width=7)
    for side in (-1, 1):
        for n in range(4):
            canvas.fill(leaf(360 + side * 44, 760 + 8 * n, 120 - 16 * n, 15, side * (66 + 15 * n)), CREAM)
    canvas.circle(360, 768, 50, fill=ROSE)
    canvas.circle(360, 768, 50, line=GOLD, width=7)
    canvas.shape(star(360, 560, 64, 22, 8), fill=GOLD)
    for x in (216, 504):
        canvas.circle(x, 930, 86, fill=PANEL)
        canvas.circle(x, 930, 86, line=GOLD, width=16)
        canvas.rays(x, 930, 16, 80, 8, GOLD, width=8, start=22.5)
        canvas.circle(x, 930, 22, fill=CREAM)


def strength(canvas: Canvas) -> None:
    canvas.stroke(infinity(360, 276, 96), 13, CREAM, closed=True)
    for n in range(24):
        canvas.fill(
            leaf(*polar(360, 660, 120, 15 * n), 128 if n % 2 else 104, 32, 15 * n),
            GOLD if n % 2 else mix(GOLD, ROSE, 0.6),
        )
    canvas.circle(360, 660, 152, fill=mix(GOLD, CREAM, 0.25))
    for side in (-1, 1):
        canvas.circle(360 + side * 108, 560, 42, fill=GOLD)
        canvas.circle(360 + side * 108, 560, 22, fill=ROSE)
        canvas.stroke(
            curve((360 + side * 96, 634), (360 + side * 84, 656), (360 + side * 50, 656), (360 + side * 40, 634)),
            10,
            DEEP,
        )
        canvas.stroke(curve((360, 742), (360 + side * 8, 780), (360 + side * 60, 780), (360 + side * 70, 748)), 8, DEEP)
        canvas.stroke([(360 + side * 26, 600), (360 + side * 20, 690)], 5, mix(GOLD, ROSE, 0.7))
        for n in range(3):
            canvas.circle(360 + side * (48 + 18 * (n % 2)), 716 + 16 * n, 4, fill=DEEP)
    canvas.fill(
        [
            (322, 690),
            *curve((322, 690), (340, 678), (380, 678), (398, 690)),
            *curve((398, 690), (392, 724), (370, 736), (360, 740)),
            *curve((360, 740), (350, 736), (328, 724), (322, 690)),
        ],
        ROSE,
    )
    canvas.stroke(arc(360, 880, 190, 120, 118, 242), 6, TEAL)
    for n in range(9):
        x, y = 360 + 190 * polar(0, 0, 1, 120 + 15 * n)[0], 880 - 120 * -polar(0, 0, 1, 120 + 15 * n)[1]
        canvas.fill(leaf(x, y, 44, 14, 90 if n % 2 else -60), TEAL)
        if n % 2 == 0:
            for petal in range(5):
                canvas.fill(leaf(x, y, 28, 14, 72 * petal), CREAM)
            canvas.circle(x, y, 8, fill=ROSE)


def hermit(canvas: Canvas) -> None:
    stars(canvas, 9, 9, bottom=560)
    hills(canvas, level=900)
    canvas.fill([(170, 1065), (300, 850), (350, 900), (420, 800), (560, 1065)], mix(CREAM, PANEL, 0.25))
    canvas.fill([(420, 800), (560, 1065), (440, 1065)], mix(CREAM, PANEL, 0.55))
    canvas.fill([(300, 850), (350, 900), (330, 1065), (280, 1065)], mix(CREAM, PANEL, 0.55))
    canvas.circle(360, 590, 172, fill=mix(PANEL, GOLD, 0.18))
    canvas.circle(360, 590, 128, fill=mix(PANEL, GOLD, 0.3))
    canvas.stroke(arc(360, 430, 40, 44, 0, 360), 8, GOLD)
    canvas.fill([(300, 500), (360, 440), (420, 500)], GOLD)
    canvas.shape([(292, 506), (428, 506), (444, 690), (276, 690)], fill=DEEP, line=GOLD, width=9)
    canvas.shape(star(360, 602, 74, 30, 6), fill=CREAM)
    canvas.shape(star(360, 602, 40, 16, 6, turn=30), fill=GOLD)
    canvas.fill(rectangle(360, 706, 196, 26), GOLD)
    canvas.stroke(
        [(360, 386), (360, 300), *curve((360, 300), (366, 236), (470, 236), (470, 310)), (470, 1000)],
        13,
        mix(ROSE, GOLD, 0.4),
    )


def wheel_of_fortune(canvas: Canvas) -> None:
    canvas.circle(360, 620, 214, fill=DEEP)
    canvas.circle(360, 620, 214, line=GOLD, width=14)
    canvas.circle(360, 620, 168, line=GOLD, width=5)
    for n in range(24):
        canvas.circle(*polar(360, 620, 191, 15 * n), 6 if n % 2 else 10, fill=CREAM if n % 2 else ROSE)
    canvas.circle(360, 620, 104, line=GOLD, width=7)
    for n in range(8):
        canvas.fill(leaf(*polar(360, 620, 40, 45 * n), 122, 17, 45 * n), GOLD if n % 2 == 0 else CREAM)
    canvas.circle(360, 620, 44, fill=ROSE)
    canvas.circle(360, 620, 44, line=GOLD, width=8)
    canvas.shape(star(360, 620, 26, 9, 4), fill=CREAM)
    canvas.shape(star(360, 316, 46, 17, 4), fill=GOLD)
    for side in (-1, 1):
        cloud(canvas, 360 + side * 128, 980, 56, mix(PANEL, CREAM, 0.3))
        canvas.shape(star(360 + side * 180, 330, 16, 5, 4), fill=CREAM)
    cloud(canvas, 360, 1012, 62, mix(PANEL, CREAM, 0.5))


def justice(canvas: Canvas) -> None:
    canvas.rays(360, 420, 60, 150, 16, mix(PANEL, GOLD, 0.55), width=4, short=0.5)
    with canvas.at(360, 640, scale=2.05):
        sword(canvas, (158, 160, 212), GOLD)
    canvas.stroke(curve((176, 470), (260, 430), (300, 436), (360, 446)), 15, GOLD)
    canvas.stroke(curve((544, 470), (460, 430), (420, 436), (360, 446)), 15, GOLD)
    canvas.circle(360, 444, 26, fill=ROSE)
    canvas.circle(360, 444, 26, line=GOLD, width=6)
    for x in (190, 530):
        for dx in (-62, 62):
            canvas.stroke([(x, 466), (x + dx, 690)], 4, GOLD)
        canvas.shape(arc(x, 690, 72, 50, 90, 270), fill=GOLD)
        canvas.stroke([(x - 74, 690), (x + 74, 690)], 8, CREAM)
    canvas.shape(star(190, 664, 18, 7, 4), fill=CREAM)
    canvas.fill(leaf(530, 690, 44, 12, 0), CREAM)


def hanged_man(canvas: Canvas) -> None:
    canvas.stroke([(176, 300), (544, 300)], 26, mix(GOLD, ROSE, 0.55))
    for x in (186, 534):
        canvas.stroke([(x, 300), (x, 1050)], 22, mix(GOLD, ROSE, 0.55))
        for n in range(4):
            side = 1 if x < 360 else -1
            canvas.fill(leaf(x, 380 + 150 * n, 54, 18, side * 60), TEAL)
            canvas.fill(leaf(x, 440 + 150 * n, 44, 15, -side * 60), TEAL)
    canvas.stroke([(360, 312), (360, 400)], 8, CREAM)
    canvas.stroke(arc(360, 404, 24, 12, 0, 360), 8, CREAM)
    canvas.stroke([(360, 404), (360, 620)], 36, ROSE)
    canvas.stroke([(360, 610), (448, 540), (372, 500)], 34, ROSE)
    canvas.fill([(322, 600), (398, 600), (410, 770), (310, 770)], CREAM)
    canvas.stroke([(330, 752), (266, 700), (330, 640)], 24, CREAM)
    canvas.stroke([(390, 752), (454, 700), (390, 640)], 24, CREAM)
    canvas.rays(360, 836, 76, 122, 20, GOLD, width=5, short=0.5)
    canvas.circle(360, 836, 68, fill=GOLD)
    canvas.circle(360, 832, 48, fill=CREAM)
    canvas.stroke(arc(344, 832, 9, 7, -90, 90), 4, DEEP)
    canvas.stroke(arc(376, 832, 9, 7, -90, 90), 4, DEEP)


def death(canvas: Canvas) -> None:
    canvas.fill([*arc(360, 900, 130, 130, -90, 90)], GOLD)
    for n in range(-10, 11):
        canvas.stroke([polar(360, 900, 146, 9 * n), polar(360, 900, 186 if n % 2 else 226, 9 * n)], 5, GOLD)
    for x in (186, 534):
        canvas.fill(
            [
                (x - 36, 980),
                (x - 36, 760),
                (x - 36, 742),
                (x - 18, 742),
                (x - 18, 758),
                (x - 8, 758),
                (x - 8, 742),
                (x + 8, 742),
                (x + 8, 758),
                (x + 18, 758),
                (x + 18, 742),
                (x + 36, 742),
                (x + 36, 980),
            ],
            mix(PANEL, DEEP, 0.6),
        )
        canvas.fill(rectangle(x, 830, 14, 34), GOLD)
    canvas.fill([(119, 900), (601, 900), (601, 1065), (119, 1065)], DEEP)
    for n in range(4):
        canvas.stroke([(300 - 30 * n, 936 + 34 * n), (420 + 30 * n, 936 + 34 * n)], 5, mix(DEEP, GOLD, 0.7 - 0.14 * n))
    canvas.stroke([(250, 1010), (420, 260)], 15, mix(ROSE, GOLD, 0.4))
    blade = [
        *curve((424, 250), (330, 210), (210, 270), (166, 420)),
        *curve((166, 420), (230, 310), (330, 290), (414, 304)),
    ]
    canvas.fill(blade, CREAM)
    canvas.stroke(curve((424, 250), (330, 210), (210, 270), (166, 420)), 5, GOLD)
    for n in range(5):
        canvas.fill(leaf(430, 560, 92, 42, 72 * n), CREAM)
    for n in range(5):
        canvas.fill(leaf(430, 560, 56, 27, 36 + 72 * n), mix(CREAM, ROSE, 0.25))
    canvas.circle(430, 560, 20, fill=GOLD)
    canvas.stroke(curve((430, 650), (436, 700), (450, 740), (470, 770)), 7, TEAL)
    canvas.fill(leaf(446, 720, 70, 20, 60), TEAL)
