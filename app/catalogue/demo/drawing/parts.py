"""What many cards share: colours, frames, numerals and the emblems of the suits."""

from .canvas import Canvas, Colour, arc, curve, ellipse, leaf, mix, polar, rectangle, star

NIGHT: Colour = (24, 25, 62)
DEEP: Colour = (17, 18, 46)
PANEL: Colour = (37, 40, 92)
GOLD: Colour = (226, 187, 108)
CREAM: Colour = (248, 240, 220)
ROSE: Colour = (208, 108, 86)
TEAL: Colour = (98, 164, 172)
PAPER: Colour = (247, 241, 226)
INK: Colour = (42, 40, 72)
BRASS: Colour = (198, 150, 66)
LEAF: Colour = (124, 134, 70)

SUIT_COLOURS: dict[str, Colour] = {
    "wands": (178, 78, 46),
    "cups": (38, 104, 126),
    "swords": (82, 80, 138),
    "pentacles": (98, 112, 52),
}
WIDTH, HEIGHT = 720, 1240
ROMAN = [
    "0",
    "I",
    "II",
    "III",
    "IV",
    "V",
    "VI",
    "VII",
    "VIII",
    "IX",
    "X",
    "XI",
    "XII",
    "XIII",
    "XIV",
    "XV",
    "XVI",
    "XVII",
    "XVIII",
    "XIX",
    "XX",
    "XXI",
]


def frame(canvas: Canvas, colour: Colour) -> None:
    """A double frame with hollowed corners."""
    for inset, notch, width in ((30, 46, 5), (46, 38, 2)):
        left, top, right, bottom = inset, inset, WIDTH - inset, HEIGHT - inset
        outline = [
            *arc(left, top, notch, notch, 180, 90),
            *arc(right, top, notch, notch, 270, 180),
            *arc(right, bottom, notch, notch, 360, 270),
            *arc(left, bottom, notch, notch, 90, 0),
        ]
        canvas.stroke(outline, width, colour, closed=True)
    for x in (44, WIDTH - 44):
        for y in (44, HEIGHT - 44):
            canvas.shape(star(x, y, 13, 5, 4), fill=colour)


def arch(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    """A window with a round top."""
    radius = (right - left) / 2
    return [*arc(left + radius, top + radius, radius, radius, 270, 450), (right, bottom), (left, bottom)]


def numeral(canvas: Canvas, text: str, x: float, y: float, colour: Colour, *, height: float = 44) -> None:
    """A roman numeral (or 0) centred at (x, y), drawn as strokes with serifs."""
    if text == "0":
        canvas.stroke(ellipse(x, y, height * 0.3, height * 0.5), height * 0.11, colour, closed=True)
        return
    widths = {"I": 0.42, "V": 0.86, "X": 0.86}
    pen = x - height * sum(widths[letter] for letter in text) / 2
    top, bottom, thick, thin = y - height / 2, y + height / 2, height * 0.12, height * 0.06
    for letter in text:
        step = widths[letter] * height
        centre, half = pen + step / 2, step * 0.32
        if letter == "I":
            canvas.stroke([(centre, top), (centre, bottom)], thick, colour)
            feet = [(centre, top), (centre, bottom)]
        elif letter == "V":
            canvas.stroke([(centre - half, top), (centre, bottom)], thick, colour)
            canvas.stroke([(centre, bottom), (centre + half, top)], thin, colour)
            feet = [(centre - half, top), (centre + half, top)]
        else:
            canvas.stroke([(centre - half, top), (centre + half, bottom)], thick, colour)
            canvas.stroke([(centre + half, top), (centre - half, bottom)], thin, colour)
            feet = [(centre + sign * half, end) for sign in (-1, 1) for end in (top, bottom)]
        for foot_x, foot_y in feet:
            serif = height * 0.12
            canvas.stroke([(foot_x - serif, foot_y), (foot_x + serif, foot_y)], thin, colour)
        pen += step


def wand(canvas: Canvas, colour: Colour, accent: Colour, *, leaves: int = 3) -> None:
    """A sprouting staff, 300 tall around the origin."""
    canvas.stroke([(0, -146), (0, 146)], 17, colour)
    canvas.stroke([(-3, -134), (-3, 134)], 3, mix(colour, CREAM, 0.35))
    for number in range(leaves):
        side = 1 if number % 2 else -1
        base = -104 + number * 84
        canvas.fill(leaf(side * 6, base, 54, 19, side * 52), accent)
    canvas.fill(leaf(0, -142, 44, 17, 8), accent)


def cup(canvas: Canvas, colour: Colour, accent: Colour) -> None:
    """A chalice, about 200 tall around the origin."""
    bowl = [
        *arc(0, -92, 74, 18, -90, 90),
        *curve((74, -92), (76, 8), (40, 26), (0, 28)),
        *curve((0, 28), (-40, 26), (-76, 8), (-74, -92)),
    ]
    canvas.fill(
        [*curve((-12, 20), (-8, 60), (-16, 74), (-54, 92)), *curve((54, 92), (16, 74), (8, 60), (12, 20))],
        colour,
    )
    canvas.fill(bowl, colour)
    canvas.fill(ellipse(0, -92, 74, 18), mix(colour, INK, 0.35))
    canvas.stroke(ellipse(0, -92, 74, 18), 6, accent, closed=True)
    canvas.stroke(arc(0, -44, 70, 20, 116, 244), 5, accent)
    canvas.fill(ellipse(0, 48, 19, 13), accent)
    canvas.stroke([(-54, 95), (54, 95)], 9, accent)


def sword(canvas: Canvas, colour: Colour, accent: Colour, *, guard: float = 58) -> None:
    """A sword that points up, 340 tall around the origin."""
    canvas.fill([(0, -176), (13, -150), (11, 82), (-11, 82), (-13, -150)], colour)
    canvas.fill([(0, -170), (-12, -150), (-10, 82), (0, 82)], mix(colour, CREAM, 0.4))
    canvas.stroke([(-guard, 80), (guard, 80)], 13, accent)
    canvas.circle(-guard, 80, 10, fill=accent)
    canvas.circle(guard, 80, 10, fill=accent)
    canvas.stroke([(0, 90), (0, 142)], 14, mix(colour, INK, 0.5))
    canvas.circle(0, 156, 16, fill=accent)


def pentacle(canvas: Canvas, colour: Colour, accent: Colour) -> None:
    """A coin with a star, 200 across around the origin."""
    canvas.circle(0, 0, 100, fill=accent)
    canvas.circle(0, 0, 88, line=mix(accent, CREAM, 0.55), width=4)
    tips = [polar(0, 0, 80, 144 * n) for n in range(5)]
    canvas.stroke(tips, 9, colour, closed=True)
    canvas.circle(0, 0, 97, line=colour, width=7)


def emblem(
    canvas: Canvas,
    suit: str,
    x: float,
    y: float,
    *,
    scale: float = 1,
    rotate: float = 0,
    crowded: bool = False,
) -> None:
    """The suit's emblem in the suit's colours; `crowded` draws it slim enough to stand in a row."""
    colour = SUIT_COLOURS[suit]
    with canvas.at(x, y, scale=scale, rotate=rotate):
        if suit == "wands":
            wand(canvas, colour, LEAF, leaves=1 if crowded else 3)
        elif suit == "cups":
            cup(canvas, colour, BRASS)
        elif suit == "swords":
            sword(canvas, colour, BRASS, guard=16 if crowded else 58)
        else:
            pentacle(canvas, colour, (222, 182, 92))


def cloud(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    """A flat-bottomed cloud, about four sizes wide."""
    canvas.fill(rectangle(x, y - size * 0.1, size * 3, size * 0.9), colour)
    for dx, dy, radius in (
        (-1.5, -0.1, 0.45),
        (-0.8, -0.45, 0.62),
        (0.1, -0.7, 0.8),
        (0.95, -0.4, 0.6),
        (1.5, -0.1, 0.45),
    ):
        canvas.circle(x + dx * size, y + dy * size, radius * size, fill=colour)


def crown(canvas: Canvas, x: float, y: float, width: float, colour: Colour, gem: Colour) -> None:
    """A plain three-pointed crown."""
    half, tall = width / 2, width * 0.52
    canvas.fill(
        [
            (x - half, y - tall),
            (x - half * 0.46, y - tall * 0.34),
            (x, y - tall * 1.12),
            (x + half * 0.46, y - tall * 0.34),
            (x + half, y - tall),
            (x + half * 0.8, y + tall * 0.3),
            (x - half * 0.8, y + tall * 0.3),
        ],
        colour,
    )
    canvas.fill(rectangle(x, y + tall * 0.46, width * 0.8, tall * 0.2), colour)
    for gem_x, gem_y in ((x - half, y - tall), (x, y - tall * 1.12), (x + half, y - tall)):
        canvas.circle(gem_x, gem_y, width * 0.06, fill=gem)
