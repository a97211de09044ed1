"""Drawn cards as one picture for the chat: the whole spread at a glance, as it lies on the table of the Mini App."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from app.catalogue.library import Theme
from app.catalogue.media import MediaFiles
from app.kit import json
from app.readings.tables import CARD_RATIO, Spot, Table, lay_out

# Telegram shows photos up to 1280 pixels wide and crops none of this shape in a chat.
WIDTH = 1080
HIGHEST = 1400
MARGIN = 56
# One card may fill the picture; several leave each other room.
LARGEST_ALONE, LARGEST_AMONG = 660, 470
GAP = 30
# Moves when the drawing changes, so that what Telegram keeps of former ones is not shown any more.
VERSION = 2


@dataclass(frozen=True, slots=True)
class TableCard:
    """`image` is the card's picture as the API describes it, or None."""

    spot: Spot
    reversed: bool
    image: dict[str, Any] | None

    def file(self, width: float) -> str | None:
        """The smallest file that is sharp at this width."""
        if self.image is None:
            return None
        sizes = sorted(self.image["sizes"], key=lambda size: size["width"])
        fitting = next((size for size in sizes if size["width"] >= width), sizes[-1])
        return str(fitting["src"]).removeprefix("/media/")


def digest(cards: Sequence[TableCard], theme: Theme) -> str:
    """Names the picture: the same digest, the same picture."""
    parts = [[card.spot.x, card.spot.y, card.spot.rotation, card.reversed, card.file(WIDTH)] for card in cards]
    return json.digest([VERSION, theme.background, theme.surface, theme.accent, parts])


async def load(media: MediaFiles, cards: Sequence[TableCard]) -> list[bytes | None]:
    """The pictures of the cards; None for one that is not there."""
    width = _table(cards).card
    names = [card.file(width) for card in cards]
    return [await media.get(name) if name else None for name in names]


def compose(cards: Sequence[TableCard], bodies: Sequence[bytes | None], theme: Theme) -> bytes:
    """JPEG. Takes a tenth of a second or more: for a thread."""
    table = _table(cards)
    size = WIDTH, round(table.height) + 2 * MARGIN
    picture = _background(size, theme)
    card_size = round(table.card), round(table.card * CARD_RATIO)
    for number, (card, body, (x, y)) in enumerate(zip(cards, bodies, table.places, strict=True), start=1):
        face = _face(body, card_size, theme, reversed=card.reversed)
        if card.spot.rotation == 90:
            face = face.rotate(-90, expand=True)
        if len(cards) > 1:
            _badge(ImageDraw.Draw(face), card_size[0], number, theme)
        corner = round(x - face.width / 2) + MARGIN, round(y - face.height / 2) + MARGIN
        picture.paste(face, corner, face)
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=88, optimize=True)
    return output.getvalue()


def _table(cards: Sequence[TableCard]) -> Table:
    return lay_out(
        [card.spot for card in cards],
        width=WIDTH - 2 * MARGIN,
        largest=LARGEST_ALONE if len(cards) == 1 else LARGEST_AMONG,
        highest=HIGHEST - 2 * MARGIN,
        gap=GAP,
    )


def _background(size: tuple[int, int], theme: Theme) -> Image.Image:
    """From the theme's background to its surface, downwards."""
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, theme.surface), Image.new("RGB", size, theme.background), mask)


def _face(body: bytes | None, size: tuple[int, int], theme: Theme, *, reversed: bool) -> Image.Image:
    if body is None:
        face = Image.new("RGB", size, theme.surface)
    else:
        with Image.open(io.BytesIO(body)) as opened:
            face = opened.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    if reversed:
        face = face.rotate(180)
    corner = size[0] // 14
    frame = ImageDraw.Draw(face)
    frame.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), corner, outline=theme.accent, width=max(2, size[0] // 90))
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), corner, fill=255)
    face.putalpha(mask)
    return face


def _badge(draw: ImageDraw.ImageDraw, width: int, number: int, theme: Theme) -> None:
    """The number under which the card stands in the caption."""
    radius = max(18, width // 10)
    centre = radius + width // 20
    draw.ellipse((centre - radius, centre - radius, centre + radius, centre + radius), fill=theme.accent)
    font = ImageFont.load_default(size=radius * 1.2)
    draw.text((centre, centre), str(number), fill=theme.accent_text, font=font, anchor="mm")
