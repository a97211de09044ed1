"""A period as a picture that is read on a phone: bars of readings, of newcomers and of sales."""

import io
from datetime import datetime
from functools import cache

import font_manrope
from PIL import Image, ImageDraw, ImageFont

from app.crm.statistics import Period, Series
from app.locales import plain

WIDTH, HEIGHT = 1080, 1350
# Drawn larger and made smaller: Pillow's lines have no smooth edges of their own.
SCALE = 2

BACKGROUND = "#17132b"
PANEL = "#211b3d"
GRID = "#352d5c"
TEXT = "#f4f1ff"
MUTED = "#a79fce"
STARTED = "#8273dd"
FINISHED = "#d9c2ff"
NEWCOMERS = "#f5c56b"
SALES = "#6fd6a8"

# What stands in a panel: a number for each bar, its colour, and the key of its name.
Bars = tuple[tuple[int, ...], str, str]

MARGIN = 56
PANEL_TOP = 220
GAP = 36


@cache
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    path = font_manrope.ManropeBold if bold else font_manrope.ManropeMedium
    return ImageFont.truetype(path, size * SCALE)


def render(
    series: Series, period: Period, *, sales: tuple[int, ...], title: str, subtitle: str, language: str
) -> bytes:
    """A PNG of 1080 by 1350 pixels; `sales` has a number for each bar, as the series have."""
    panels: list[list[Bars]] = [
        [(series.started, STARTED, "chart.started"), (series.finished, FINISHED, "chart.finished")],
        # Apart from each other: a few sales would be lost beside hundreds of newcomers.
        [(series.newcomers, NEWCOMERS, "chart.newcomers")],
        [(sales, SALES, "chart.sales")],
    ]
    picture = _Picture(period, language, scales=[_highest(bars) for bars in panels])
    picture.heading(title, subtitle)
    height = (HEIGHT - PANEL_TOP - MARGIN - GAP * (len(panels) - 1)) // len(panels)
    for place, bars in enumerate(panels):
        top = PANEL_TOP + place * (height + GAP)
        picture.panel((MARGIN, top, WIDTH - MARGIN, top + height), bars)
    return picture.png()


def _highest(bars: list[Bars]) -> int:
    return top_of([value for values, _, _ in bars for value in values])


def top_of(values: list[int]) -> int:
    """A round number above all values, that four lines divide into whole steps."""
    highest = max([*values, 1])
    step = 1
    while step * 4 < highest:
        step = next(round_step for round_step in _round_steps(step) if round_step > step)
    return step * 4


def _round_steps(after: int) -> list[int]:
    power = 10 ** (len(str(after)) - 1)
    return [power * factor for factor in (1, 2, 3, 4, 5, 6, 8, 10)]


class _Picture:
    def __init__(self, period: Period, language: str, *, scales: list[int]) -> None:
        """`scales` are the highest numbers of all panels: the same day stands at the same place in each."""
        self._scale_width = max(self._width_of(highest) for highest in scales)
        self._period = period
        self._language = language
        self._image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), BACKGROUND)
        self._draw = ImageDraw.Draw(self._image)

    def png(self) -> bytes:
        file = io.BytesIO()
        self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
        return file.getvalue()

    def heading(self, title: str, subtitle: str) -> None:
        self._text((MARGIN, 64), _fitted(title, _font(52, bold=True), WIDTH - 2 * MARGIN), _font(52, bold=True), TEXT)
        self._text((MARGIN, 140), _fitted(subtitle, _font(32), WIDTH - 2 * MARGIN), _font(32), MUTED)

    def panel(self, box: tuple[int, int, int, int], bars: list[Bars]) -> None:
        """Groups of bars side by side, with their sums in the legend."""
        left, top, right, bottom = box
        self._draw.rounded_rectangle([value * SCALE for value in box], radius=28 * SCALE, fill=PANEL)
        self._legend(left + 32, top + 26, bars)
        highest = _highest(bars)
        inner_left, inner_right = left + 32 + self._scale_width, right - 32
        inner_top, inner_bottom = top + 96, bottom - 58
        for part in range(5):
            y = inner_bottom - (inner_bottom - inner_top) * part // 4
            self._line((inner_left, y), (inner_right, y), GRID)
            self._text((inner_left - 14, y), _short(highest * part // 4), _font(24), MUTED, anchor="rm")
        slot = (inner_right - inner_left) / self._period.bars
        # A single bar is not as broad as two.
        width = slot * (0.72 if len(bars) > 1 else 0.5) / len(bars)
        first = (slot - width * len(bars)) / 2
        for number in range(self._period.bars):
            for place, (values, colour, _) in enumerate(bars):
                x = inner_left + slot * number + first + width * place
                height = (inner_bottom - inner_top) * values[number] / highest
                if values[number]:
                    self._bar(x, inner_bottom - max(height, 3), x + width * 0.92, inner_bottom, colour)
            if caption := self._caption(number):
                self._text((inner_left + slot * (number + 0.5), bottom - 34), caption, _font(24), MUTED, anchor="mm")

    def _legend(self, x: float, y: float, bars: list[Bars]) -> None:
        for values, colour, key in bars:
            self._draw.rounded_rectangle(
                [x * SCALE, (y + 8) * SCALE, (x + 24) * SCALE, (y + 32) * SCALE], radius=6 * SCALE, fill=colour
            )
            words = f"{plain(self._language, key)}: {sum(values)}"
            self._text((x + 38, y + 20), words, _font(30, bold=True), TEXT, anchor="lm")
            x += 38 + _font(30, bold=True).getlength(words) / SCALE + 40

    def _caption(self, number: int) -> str:
        at: datetime = self._period.since + self._period.step * number
        if self._period.name == "today":
            return f"{at.hour:02}" if number % 3 == 0 else ""
        every = 1 if self._period.bars <= 10 else 5
        # Counted from today backwards, so that the last bar is always named.
        return at.strftime("%d.%m") if (self._period.bars - 1 - number) % every == 0 else ""

    @staticmethod
    def _width_of(highest: int) -> float:
        return max(_font(24).getlength(_short(highest * part // 4)) for part in range(5)) / SCALE + 18

    def _bar(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        radius = min(8.0, (right - left) / 2, (bottom - top) / 2)
        self._draw.rounded_rectangle(
            [left * SCALE, top * SCALE, right * SCALE, bottom * SCALE],
            radius=radius * SCALE,
            fill=colour,
            corners=(True, True, False, False),
        )

    def _line(self, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
        self._draw.line([value * SCALE for value in (*start, *end)], fill=colour, width=2)

    def _text(
        self, at: tuple[float, float], words: str, font: ImageFont.FreeTypeFont, colour: str, *, anchor: str = "la"
    ) -> None:
        self._draw.text((at[0] * SCALE, at[1] * SCALE), words, font=font, fill=colour, anchor=anchor)


def _fitted(words: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    if font.getlength(words) <= width * SCALE:
        return words
    while words and font.getlength(words + "…") > width * SCALE:
        words = words[:-1]
    return words.rstrip() + "…"


def _short(number: int) -> str:
    """12000 → 12k: the scale must not push the bars aside."""
    if number >= 1_000_000:
        return f"{number / 1_000_000:g}M"
    return f"{number / 1000:g}k" if number >= 10_000 else str(number)
