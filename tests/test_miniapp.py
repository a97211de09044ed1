"""The pages around the Mini App; the app itself is tested in a browser."""

import json
import re
from pathlib import Path

import pytest

from app import miniapp
from tests.conftest import Api


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built app of two files, so that this needs no Node."""
    (tmp_path / "assets").mkdir()
    head = f'<meta name="color-scheme" content="dark light" /><title>Arcana</title>{miniapp.PLACEHOLDER}'
    (tmp_path / "index.html").write_text(f'<html lang="ru"><head>{head}</head></html>')
    (tmp_path / "assets" / "app-1a2b3c.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(miniapp, "DIST", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("dist")
class TestPage:
    async def test_carries_the_projects_look_and_may_be_framed_by_telegram_only(self, api: Api) -> None:
        page = await api.client.get("/verbena/")
        assert page.headers["cache-control"] == "no-store"
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'self' https://web.telegram.org" in policy
        assert "script-src 'self';" in policy
        facts = json.loads(re.search(r'id="arcana-project">(.*?)</script>', page.text)[1])  # type: ignore[index]  # a page without them fails the test
        assert (facts["slug"], facts["demo"], facts["theme"]["scheme"]) == ("verbena", True, "light")
        assert '<meta name="color-scheme" content="light" />' in page.text
        assert "token" not in page.text.lower()

    async def test_every_screen_of_the_app_is_the_same_page(self, api: Api) -> None:
        assert (await api.client.get("/luna/readings/123")).text == (await api.client.get("/luna/")).text

    async def test_without_its_slash_it_is_sent_there(self, api: Api) -> None:
        moved = await api.client.get("/luna")
        assert (moved.status_code, moved.headers["location"]) == (308, "/luna/")

    @pytest.mark.parametrize("path", ["/nowhere/", "/nowhere", "/api/", "/api/v1/nowhere", "/LUNA/", "/..%2f/"])
    async def test_what_is_no_project_is_not_found(self, api: Api, path: str) -> None:
        assert (await api.client.get(path)).status_code == 404

    async def test_a_person_with_an_old_link_reads_words(self, api: Api) -> None:
        answer = await api.client.get("/nowhere/")
        assert answer.headers["content-type"].startswith("text/html")
        assert "Здесь ничего нет" in answer.text


@pytest.mark.usefixtures("dist")
class TestAssets:
    async def test_are_kept_for_ever(self, api: Api) -> None:
        asset = await api.client.get("/assets/app-1a2b3c.js")
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert asset.headers["content-type"].startswith("text/javascript")

    @pytest.mark.parametrize("name", ["../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "", ".", "no.js"])
    async def test_nothing_outside_the_folder_is_served(self, api: Api, name: str) -> None:
        answer = await api.client.get(f"/assets/{name}")
        assert answer.status_code == 404
        assert "secret" not in answer.text


class TestUnbuilt:
    async def test_says_how_to_build_it(self, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(miniapp, "DIST", tmp_path / "nothing")
        answer = await api.client.get("/luna/")
        assert answer.status_code == 503
        assert "npm run build" in answer.json()["detail"]
