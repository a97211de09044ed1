"""Pictures are fetched once, from the store alone, made small and harmless; hostile ones are refused and reported."""

import asyncio
import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, PngImagePlugin
from pydantic import SecretStr

from app.catalogue import images
from app.catalogue.images import PictureRefused, content_hash, render
from app.catalogue.mirror import is_own_address
from app.catalogue.service import Catalogue
from app.kit import json
from app.kit.database import Database
from app.settings import Settings
from app.woocommerce.client import StoreAccess
from tests.catalogue.conftest import open_catalogue
from tests.catalogue.wordpress import WordPress, make_card, make_deck
from tests.conftest import Api


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(width: int = 600, height: int = 1000, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), "purple" if mode in ("RGB", "RGBA") else 100)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(width: int, height: int) -> bytes:
    """A small file that says it is huge, and keeps its word."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    rows = zlib.compress(bytes((width // 8 + 1) * min(height, 20_000)), 9)
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (100, 100), (number * 20, 0, 0)) for number in range(5)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


class TestRender:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    def test_makes_webp_in_three_widths(self, kind: str) -> None:
        renditions = render(encoded(plain(1000, 1700), kind))
        assert [(one.width, one.height) for one in renditions] == [(240, 408), (480, 816), (720, 1224)]
        for one in renditions:
            with Image.open(io.BytesIO(one.body)) as image:
                assert (image.format, image.size) == ("WEBP", (one.width, one.height))

    def test_never_enlarges(self) -> None:
        assert [one.width for one in render(encoded(plain(300, 500)))] == [240, 300]
        assert [one.width for one in render(encoded(plain(100, 100)))] == [100]
        assert [one.width for one in render(encoded(plain(480, 500)))] == [240, 480]

    def test_strips_what_is_not_picture(self) -> None:
        exif = Image.Exif()
        exif[0x010E] = "where I live"
        notes = PngImagePlugin.PngInfo()
        notes.add_text("comment", "where I live")
        for content in (encoded(plain(), "JPEG", exif=exif), encoded(plain(), "PNG", pnginfo=notes)):
            assert b"where I live" in content
            for one in render(content):
                assert b"where I live" not in one.body
                assert b"EXIF" not in one.body and b"ICCP" not in one.body

    def test_turns_it_upright(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        (only,) = render(encoded(plain(200, 100), "JPEG", exif=exif))
        assert (only.width, only.height) == (100, 200)

    @pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "LA", "1", "I;16"])
    def test_takes_every_kind_of_colour(self, mode: str) -> None:
        image = plain().convert("L").convert(mode) if mode != "I;16" else Image.new("I;16", (300, 400))
        if mode in ("RGBA", "LA"):
            image.putalpha(128)
        kind = "JPEG" if mode == "CMYK" else "PNG"
        (first, *_) = render(encoded(image, kind))
        with Image.open(io.BytesIO(first.body)) as made:
            assert made.mode == ("RGBA" if mode in ("RGBA", "LA") else "RGB")

    def test_keeps_transparency(self) -> None:
        (only,) = render(encoded(Image.new("RGBA", (100, 100), (0, 0, 0, 0)), "PNG"))
        with Image.open(io.BytesIO(only.body)) as made:
            assert made.getpixel((50, 50))[3] == 0  # type: ignore[index]  # a tuple in this mode

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "not_a_picture"),
            (SVG, "not_a_picture"),
            (b"<!doctype html><script>alert(1)</script>", "not_a_picture"),
            (b"GIF89a" + b"\x00" * 100, "not_a_picture"),
            (encoded(plain(), "BMP"), "not_a_picture"),
            (encoded(plain(), "TIFF"), "not_a_picture"),
            (animation("PNG"), "animated"),
            (animation("WEBP"), "animated"),
            (encoded(plain(), "PNG")[:300], "damaged"),
            (encoded(plain(), "JPEG")[:600], "damaged"),
            (encoded(plain(), "WEBP")[:100], "damaged"),
            (png_bomb(11_000, 11_000), "too_many_pixels"),
            (png_bomb(60_000, 60_000), "too_many_pixels"),
            (png_bomb(2_000_000_000, 2), "too_many_pixels"),
            (encoded(plain(2000, 20)), "odd_shape"),
            (encoded(plain(3, 3)), "odd_shape"),
            (b"\x89PNG\r\n\x1a\n" + b"A" * images.BYTES_LIMIT, "too_large"),
        ],
        ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
    )
    def test_hostile_content_is_refused(self, content: bytes, reason: str) -> None:
        with pytest.raises(PictureRefused) as refused:
            render(content)
        assert refused.value.reason == reason

    def test_the_address_depends_on_the_content_alone(self) -> None:
        assert content_hash(b"a") == content_hash(b"a") != content_hash(b"b")


class TestOwnAddress:
    ACCESS = StoreAccess("s", "http://shop.example", "http://shop.example/wp-json/", SecretStr("k"), SecretStr("s"))

    @pytest.mark.parametrize(
        "url",
        ["http://shop.example/a.png", "http://SHOP.example:80/a", "https://shop.example/a", "https://shop.example./a"],
    )
    def test_the_stores_own_host_is_allowed(self, url: str) -> None:
        assert is_own_address(url, self.ACCESS)

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1/a",
            "http://169.254.169.254/latest/meta-data",
            "http://shop.example:6379/",
            "http://shop.example@evil.example/a",
            "http://user:pass@shop.example/a",
            "http://evil.shop.example/a",
            "http://shop.example.evil.example/",
            "ftp://shop.example/a",
            "file:///etc/passwd",
            "http://[::1]/a",
            "http://shop.example\\@evil.example/",
            "http://",
            "",
        ],
    )
    def test_everything_else_is_not(self, url: str) -> None:
        assert not is_own_address(url, self.ACCESS)


class TestMirror:
    def offer(self, wordpress: WordPress, content: bytes | tuple[int, dict[str, str], bytes]) -> None:
        answer = content if isinstance(content, tuple) else (200, {}, content)
        wordpress.pictures["/pictures/back.png"] = answer
        back = {"url": f"{wordpress.url}/pictures/back.png", "sha256": None, "alt": None}
        wordpress.change("v2", decks=[make_deck("small", back=back)])

    async def back(self, catalogue: Catalogue) -> Any:
        body = await catalogue.public("alpha", "ru")
        assert body is not None
        return json.loads(body.identity)["decks"][0]["back"]

    async def test_a_picture_is_fetched_once_and_named_afterwards(
        self, catalogue: Catalogue, wordpress: WordPress
    ) -> None:
        self.offer(wordpress, encoded(plain()))
        await catalogue.refresh()
        assert await self.back(catalogue) is None
        assert await catalogue.mirror_pictures() == 1
        image = await self.back(catalogue)
        assert (image["width"], image["height"]) == (600, 1000)
        assert await catalogue.media.get(image["src"].removeprefix("/media/")) is not None
        wordpress.change("v3")
        await catalogue.refresh()
        assert await catalogue.mirror_pictures() == 0
        assert wordpress.picture_requests == ["/pictures/back.png"]
        assert await self.back(catalogue) == image

    async def test_it_goes_without_the_stores_key(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        self.offer(wordpress, encoded(plain()))
        await catalogue.refresh()
        await catalogue.mirror_pictures()
        assert wordpress.picture_requests
        assert "authorization" not in wordpress.last_headers

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (SVG, "not_a_picture"),
            ((404, {}, b""), "not_found"),
            ((302, {"location": "http://169.254.169.254/latest"}, b""), "foreign_address"),
            ((200, {}, png_bomb(30_000, 30_000)), "too_many_pixels"),
            ((200, {}, b"x" * (images.BYTES_LIMIT + 1)), "too_large"),
        ],
    )
    async def test_a_refused_one_is_reported_and_never_served(
        self, catalogue: Catalogue, wordpress: WordPress, answer: Any, reason: str, database: Database
    ) -> None:
        self.offer(wordpress, answer)
        await catalogue.refresh()
        assert await catalogue.mirror_pictures() == 1
        assert await self.back(catalogue) is None
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT reason FROM pictures") == reason
            assert await connection.fetchval("SELECT count(*) FROM picture_files") == 0
        await catalogue.refresh()
        problems = wordpress.reports[-1]["problems"]
        assert [(row["kind"], row["key"], row["path"], row["code"]) for row in problems] == [
            ("deck", "small", "/back", "picture_refused")
        ]

    async def test_a_foreign_host_is_never_asked(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        other = wordpress.url.replace("127.0.0.1", "localhost")
        card = make_card("major-00-fool", picture={"url": f"{other}/pictures/x.png", "sha256": None})
        wordpress.change("v2", decks=[make_deck("small", cards=[card])])
        await catalogue.refresh()
        await catalogue.mirror_pictures()
        assert wordpress.picture_requests == []
        await catalogue.refresh()
        assert wordpress.reports[-1]["problems"][0]["key"] == "major-00-fool"

    async def test_a_failing_one_is_tried_again_later(
        self, catalogue: Catalogue, wordpress: WordPress, database: Database
    ) -> None:
        self.offer(wordpress, (500, {}, b""))
        await catalogue.refresh()
        assert await catalogue.mirror_pictures() == 0
        wordpress.pictures["/pictures/back.png"] = (200, {}, encoded(plain()))
        assert await catalogue.mirror_pictures() == 0, "it is not due yet"
        async with database.connection() as connection:
            await connection.execute("UPDATE pictures SET due_at = now()")
        assert await catalogue.mirror_pictures() == 1
        assert await self.back(catalogue) is not None

    async def test_two_workers_share_the_work(
        self, store_settings: Settings, catalogue: Catalogue, wordpress: WordPress
    ) -> None:
        self.offer(wordpress, encoded(plain()))
        await catalogue.refresh()
        async with open_catalogue(store_settings) as other:
            settled = await asyncio.gather(catalogue.mirror_pictures(), other.mirror_pictures())
        assert sorted(settled) == [0, 1]
        assert len(wordpress.picture_requests) == 1

    async def test_the_memory_of_files_is_bounded(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        self.offer(wordpress, encoded(plain()))
        await catalogue.refresh()
        await catalogue.mirror_pictures()
        image = await self.back(catalogue)
        catalogue.media._limit = 10
        name = image["src"].removeprefix("/media/")
        assert await catalogue.media.get(name) == await catalogue.media.get(name)
        assert catalogue.media._size == 0


class TestMedia:
    async def test_serves_bundled_pictures_that_were_mirrored(self, api: Api) -> None:
        catalogue = (await api.client.get("/api/v1/projects/luna/catalogue")).json()
        image = catalogue["decks"][0]["back"]
        answer = await api.client.get(image["src"])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.size == (image["width"], image["height"])
        again = await api.client.get(image["src"], headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    async def test_each_has_a_twin_in_jpeg(self, api: Api) -> None:
        catalogue = (await api.client.get("/api/v1/projects/luna/catalogue")).json()
        image = catalogue["decks"][0]["back"]
        address = image["src"].replace(".webp", ".jpg")
        answer = await api.client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.headers["etag"] != (await api.client.get(image["src"])).headers["etag"]
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert (picture.format, picture.size) == ("JPEG", (image["width"], image["height"]))
        again = await api.client.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304

    async def test_nothing_else_is_there(self, api: Api) -> None:
        some = "a" * 32
        odd = (f"{some}-720.jpg", f"{some}-720.png", "x.webp", "..%2F..%2Fetc%2Fpasswd", "%00")
        for name in (f"{some}-720.webp", f"{some}-0.webp", f"{some}-99999.webp", *odd):
            answer = await api.client.get(f"/media/{name}")
            assert answer.status_code == 404
            assert "immutable" not in answer.headers.get("cache-control", "")
