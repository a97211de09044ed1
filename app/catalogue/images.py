"""Foreign pictures made harmless and small: judged by content, bounded, stripped, encoded anew as WebP."""

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

BYTES_LIMIT = 15 * 1024 * 1024
PIXELS_LIMIT = 40_000_000
SIDE_LIMIT = 12_000
SHORTEST_SIDE = 8
# Longest shape that makes sense on a phone; it also bounds the height of a rendition.
RATIO_LIMIT = 8
WIDTHS = (240, 480, 720)
QUALITY = 82
# Of 0 to 6: 4 takes half as long again for files 6 % smaller.
METHOD = 2
FORMATS = ("JPEG", "PNG", "WEBP")
# Part of the hash: another recipe makes other bytes, and addresses are immutable.
RECIPE = b"1"

Reason = Literal[
    "too_large",
    "not_a_picture",
    "too_many_pixels",
    "animated",
    "damaged",
    "odd_shape",
    "foreign_address",
    "not_found",
]


class PictureRefused(Exception):
    """This content will never be served; `reason` is stable."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Rendition:
    width: int
    height: int
    body: bytes


def content_hash(content: bytes) -> str:
    return hashlib.sha256(RECIPE + content).hexdigest()[:32]


def render(content: bytes) -> list[Rendition]:
    """WebP renditions, widths ascending, never larger than the original. Blocks; raises `PictureRefused`."""
    if len(content) > BYTES_LIMIT:
        raise PictureRefused("too_large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                return _renditions(opened)
    except UnidentifiedImageError as error:
        raise PictureRefused("not_a_picture") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused("too_many_pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, OverflowError) as error:
        # Everything that Pillow's decoders raise for broken or malicious data.
        raise PictureRefused("damaged") from error


def _renditions(opened: Image.Image) -> list[Rendition]:
    width, height = opened.size
    if width * height > PIXELS_LIMIT or max(width, height) > SIDE_LIMIT:
        raise PictureRefused("too_many_pixels")
    if min(width, height) < SHORTEST_SIDE or max(width, height) > RATIO_LIMIT * min(width, height):
        raise PictureRefused("odd_shape")
    if getattr(opened, "is_animated", False):
        raise PictureRefused("animated")
    if opened.format == "JPEG":
        # Lets the decoder work at a fraction of the size; both sides stay twice the widest rendition.
        opened.draft(None, (WIDTHS[-1] * 2, WIDTHS[-1] * 2))
    image: Image.Image | None = ImageOps.exif_transpose(opened)
    image = _screen_colours(image or opened)
    widths = [width for width in WIDTHS if width < image.width] + [min(WIDTHS[-1], image.width)]
    renditions = []
    for width in sorted(set(widths), reverse=True):
        height = max(1, round(image.height * width / image.width))
        # Each from the next larger one: much faster, and not to be seen.
        image = image.resize((width, height), Image.Resampling.LANCZOS) if image.width != width else image
        out = io.BytesIO()
        image.save(out, "WEBP", quality=QUALITY, method=METHOD, exif=b"", icc_profile=b"", xmp=b"")
        renditions.append(Rendition(width, height, out.getvalue()))
    return renditions[::-1]


def as_jpeg(body: bytes) -> bytes:
    """A rendition for those who take no WebP, such as whoever fetches a picture for an invoice. Blocks."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(body), formats=["WEBP"]) as image:
        shown = image.convert("RGBA")
        page = Image.new("RGB", shown.size, "white")
        page.paste(shown, mask=shown)
        page.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _screen_colours(image: Image.Image) -> Image.Image:
    """sRGB, with transparency if there was any."""
    profile = image.info.get("icc_profile")
    transparent = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGBA" if image.mode == "RGBA" else "RGB",
            )
            if converted is not None:
                return converted
        except ImageCms.PyCMSError:
            # A broken profile costs exact colours, not the picture.
            pass
    return image.convert("RGBA" if transparent else "RGB")
