"""The arched window that every Major Arcana card looks out of, and what the night outside often holds."""

from .canvas import Canvas, curve, mix, scatter, star
from .parts import CREAM, DEEP, GOLD, NIGHT, PANEL, ROMAN, arch, frame, numeral


def window(number: int) -> Canvas:
    """The night, the arch and the number under it: what every major card begins with."""
    canvas = Canvas(720, 1240, NIGHT)
    frame(canvas, GOLD)
    canvas.fill(arch(100, 104, 620, 1084), PANEL)
    canvas.stroke(arch(100, 104, 620, 1084), 6, GOLD, closed=True)
    canvas.stroke(arch(116, 120, 604, 1068), 2, GOLD, closed=True)
    for x in (128, 592):
        canvas.shape(star(x, 150, 22, 6, 4), fill=GOLD)
    numeral(canvas, ROMAN[number], 360, 1142, GOLD, height=46)
    for side in (-1, 1):
        canvas.stroke([(360 + side * 110, 1142), (360 + side * 220, 1142)], 2, GOLD)
        canvas.shape(star(360 + side * 110, 1142, 9, 4, 4), fill=GOLD)
    return canvas


def stars(canvas: Canvas, seed: int, count: int, *, bottom: float = 700) -> None:
    """A few small stars inside the arch."""
    for n, (x, y) in enumerate(scatter(seed, count, 160, 230, 560, bottom)):
        canvas.shape(star(x, y, 9 + 4 * (n % 2), 3, 4), fill=mix(PANEL, CREAM, 0.75))


def sun(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """A sun with long and short rays."""
    canvas.rays(x, y, radius * 1.25, radius * 2, 24, GOLD, width=radius * 0.08, short=0.5)
    canvas.circle(x, y, radius, fill=GOLD)
    canvas.circle(x, y, radius * 0.8, line=mix(GOLD, CREAM, 0.6), width=radius * 0.05)


def hills(canvas: Canvas, *, level: float = 940) -> None:
    """Two dark ridges at the foot of the arch."""
    back = [
        (119, level),
        *curve((119, level), (220, level - 90), (300, level - 60), (400, level + 10)),
        *curve((400, level + 10), (470, level - 40), (540, level - 30), (601, level + 16)),
        (601, 1065),
        (119, 1065),
    ]
    canvas.fill(back, mix(PANEL, DEEP, 0.55))
    front = [
        (119, level + 70),
        *curve((119, level + 70), (260, level + 30), (420, level + 120), (601, level + 60)),
        (601, 1065),
        (119, 1065),
    ]
    canvas.fill(front, DEEP)
