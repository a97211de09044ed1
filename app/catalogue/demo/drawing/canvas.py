"""A small vector canvas over Pillow: shapes in picture units, drawn large and sampled down."""

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from PIL import Image, ImageDraw

Point: TypeAlias = tuple[float, float]
Path: TypeAlias = list[Point]
Colour: TypeAlias = tuple[int, int, int]

OVERSAMPLE = 3


class Canvas:
    """A picture of `width`×`height` units; y grows downwards, angles are degrees clockwise."""

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self.width = width
        self.height = height
        self._image = Image.new("RGB", (width * OVERSAMPLE, height * OVERSAMPLE), ground)
        self._draw = ImageDraw.Draw(self._image)
        self._matrix = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

    @contextmanager
    def at(self, x: float, y: float, *, rotate: float = 0, scale: float = 1, mirror: bool = False) -> Iterator[None]:
        """Move the origin to (x, y) and turn, scale and mirror what is drawn inside the block."""
        saved = self._matrix
        a, b, c, d, e, f = saved
        cos, sin = math.cos(math.radians(rotate)) * scale, math.sin(math.radians(rotate)) * scale
        flip = -1 if mirror else 1
        self._matrix = (
            (a * cos + b * sin) * flip,
            b * cos - a * sin,
            a * x + b * y + c,
            (d * cos + e * sin) * flip,
            e * cos - d * sin,
            d * x + e * y + f,
        )
        try:
            yield
        finally:
            self._matrix = saved

    def _place(self, path: Sequence[Point]) -> list[Point]:
        a, b, c, d, e, f = self._matrix
        return [((a * x + b * y + c) * OVERSAMPLE, (d * x + e * y + f) * OVERSAMPLE) for x, y in path]

    def _thickness(self, width: float) -> float:
        a, _, _, d, _, _ = self._matrix
        return width * math.hypot(a, d) * OVERSAMPLE

    def fill(self, path: Sequence[Point], colour: Colour) -> None:
        """Fill the closed outline."""
        self._draw.polygon(self._place(path), fill=colour)

    def stroke(self, path: Sequence[Point], width: float, colour: Colour, *, closed: bool = False) -> None:
        """Draw along the path with round joints and ends."""
        points = self._place([*path, path[0]] if closed else path)
        thickness = self._thickness(width)
        self._draw.line(points, fill=colour, width=max(1, round(thickness)), joint="curve")
        radius = thickness / 2
        for x, y in (points[0], points[-1]):
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def shape(
        self,
        path: Sequence[Point],
        *,
        fill: Colour | None = None,
        line: Colour | None = None,
        width: float = 5,
    ) -> None:
        """Fill an outline, draw it, or both."""
        if fill is not None:
            self.fill(path, fill)
        if line is not None:
            self.stroke(path, width, line, closed=True)

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        *,
        fill: Colour | None = None,
        line: Colour | None = None,
        width: float = 5,
    ) -> None:
        """A disc, a ring, or both."""
        self.shape(ellipse(x, y, radius, radius), fill=fill, line=line, width=width)

    def rays(
        self,
        x: float,
        y: float,
        inner: float,
        outer: float,
        count: int,
        colour: Colour,
        *,
        width: float = 4,
        short: float = 1,
        start: float = 0,
    ) -> None:
        """Straight rays around a centre; every second one is `short` times as long."""
        for number in range(count):
            reach = outer if number % 2 == 0 else inner + (outer - inner) * short
            angle = start + 360 * number / count
            self.stroke([polar(x, y, inner, angle), polar(x, y, reach, angle)], width, colour)

    def picture(self) -> Image.Image:
        """The finished picture in its own size."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)


def polar(x: float, y: float, radius: float, angle: float) -> Point:
    """The point at `angle` degrees from straight up, clockwise."""
    return x + radius * math.sin(math.radians(angle)), y - radius * math.cos(math.radians(angle))


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Path:
    """Part of an ellipse; angles from straight up, clockwise."""
    steps = max(8, round(abs(end - start) / 3))
    angles = [math.radians(start + (end - start) * n / steps) for n in range(steps + 1)]
    return [(x + rx * math.sin(t), y - ry * math.cos(t)) for t in angles]


def ellipse(x: float, y: float, rx: float, ry: float) -> Path:
    """A whole ellipse."""
    return arc(x, y, rx, ry, 0, 360)[:-1]


def rectangle(x: float, y: float, width: float, height: float) -> Path:
    """A rectangle given by its centre."""
    left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def curve(a: Point, b: Point, c: Point, d: Point) -> Path:
    """A cubic Bézier curve from a to d."""
    steps = [n / 24 for n in range(25)]
    return [
        (
            (1 - t) ** 3 * a[0] + 3 * t * (1 - t) ** 2 * b[0] + 3 * t * t * (1 - t) * c[0] + t**3 * d[0],
            (1 - t) ** 3 * a[1] + 3 * t * (1 - t) ** 2 * b[1] + 3 * t * t * (1 - t) * c[1] + t**3 * d[1],
        )
        for t in steps
    ]


def star(x: float, y: float, outer: float, inner: float, points: int, *, turn: float = 0) -> Path:
    """A star with `points` tips, the first one straight up."""
    return [polar(x, y, inner if n % 2 else outer, turn + 180 * n / points) for n in range(2 * points)]


def leaf(x: float, y: float, length: float, width: float, angle: float) -> Path:
    """A leaf that grows from (x, y) towards `angle`."""
    tip = polar(x, y, length, angle)
    middle = polar(x, y, length * 0.45, angle)
    left, right = polar(*middle, width, angle - 90), polar(*middle, width, angle + 90)
    return [*curve((x, y), left, left, tip), *curve(tip, right, right, (x, y))]


def crescent(x: float, y: float, radius: float, *, bite: float = 0.82, shift: float = 0.42) -> Path:
    """A waxing moon: a disc less a disc of `bite` radii moved to the left by `shift` radii."""
    # Where the two circles meet, seen from either centre.
    along = (1 - bite * bite + shift * shift) / (2 * shift)
    half = math.degrees(math.acos(along))
    inner = math.degrees(math.atan2(math.sin(math.radians(half)), along - shift))
    outside = arc(x, y, radius, radius, half - 90, 270 - half)
    inside = arc(x - shift * radius, y, bite * radius, bite * radius, 270 - inner, inner - 90)
    return [*outside, *inside]


def heart(x: float, y: float, size: float) -> Path:
    """A heart whose tip is `size` below its centre."""
    tip, dip = (x, y + size), (x, y - size * 0.45)
    right = curve(dip, (x + size * 0.5, y - size * 1.2), (x + size * 1.5, y - size * 0.35), tip)
    left = curve(tip, (x - size * 1.5, y - size * 0.35), (x - size * 0.5, y - size * 1.2), dip)
    return [*right, *left]


def waves(left: float, right: float, y: float, height: float, count: int) -> Path:
    """A row of even waves."""
    steps = count * 16
    return [
        (left + (right - left) * n / steps, y + height * math.sin(2 * math.pi * count * n / steps))
        for n in range(steps + 1)
    ]


def infinity(x: float, y: float, radius: float) -> Path:
    """A lying figure of eight."""
    angles = [math.radians(3 * n) for n in range(120)]
    return [
        (
            x + radius * math.cos(t) / (1 + math.sin(t) ** 2),
            y + 0.95 * radius * math.sin(t) * math.cos(t) / (1 + math.sin(t) ** 2),
        )
        for t in angles
    ]


def scatter(seed: int, count: int, left: float, top: float, right: float, bottom: float) -> list[Point]:
    """The same loose points for the same seed."""
    chance = random.Random(seed)  # noqa: S311 (places of stars, not secrets)
    return [(chance.uniform(left, right), chance.uniform(top, bottom)) for _ in range(count)]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` of `other` stirred in."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
