"""The public routes: by the edge, warm and cold, and by the router; the same answer from all."""

import re
from typing import Any

import brotli
import pytest

from app.kit import json
from tests.conftest import Api

PATH = "/api/v1/projects/luna/catalogue"
DECK = "/api/v1/projects/luna/catalogue/decks/rider"


class TestCatalogue:
    async def test_answers_with_an_etag_and_then_304(self, api: Api) -> None:
        first = await api.client.get(PATH, params={"lang": "en"})
        assert first.status_code == 200
        assert first.headers["content-type"] == "application/json"
        assert first.json()["lang"] == "en"
        again = await api.client.get(PATH, params={"lang": "en"}, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == first.headers["etag"]

    @pytest.mark.parametrize("path", [PATH, DECK])
    @pytest.mark.parametrize("lang", [{}, {"lang": "ru"}, {"lang": "en-GB"}, {"lang": "de"}])
    @pytest.mark.parametrize("condition", [{}, {"If-None-Match": "*"}])
    async def test_cold_warm_and_routed_answer_alike(
        self, api: Api, path: str, lang: dict[str, str], condition: dict[str, str]
    ) -> None:
        # The first is cold, the second warm; a query that the edge does not know goes to the router.
        cold, warm, routed = [
            await api.client.get(path, params=params, headers=condition)
            for params in (lang, lang, {**lang, "odd": "1"})
        ]
        changing = {"date", "x-request-id"}
        expected = {name: value for name, value in routed.headers.items() if name not in changing}
        assert routed.status_code == (304 if condition else 200)
        for answer in (cold, warm):
            assert (answer.status_code, answer.content) == (routed.status_code, routed.content)
            assert {name: value for name, value in answer.headers.items() if name not in changing} == expected
        assert len({answer.headers["x-request-id"] for answer in (cold, warm, routed)}) == 3

    @pytest.mark.parametrize("odd", [{}, {"odd": "1"}])
    async def test_encodings(self, api: Api, odd: dict[str, str]) -> None:
        etags = set()
        for accept, encoding in (("br", "br"), ("gzip", "gzip"), ("identity", None)):
            for _ in range(2):
                answer = await api.client.get(PATH, params=odd, headers={"Accept-Encoding": accept})
                assert answer.headers.get("content-encoding") == encoding
                assert answer.headers["vary"] == "Accept-Encoding"
                assert answer.json()["project"]["key"] == "luna"
                etags.add(answer.headers["etag"])
        assert len(etags) == 3

    async def test_the_raw_bytes_are_compressed(self, api: Api) -> None:
        async with api.client.stream("GET", PATH, headers={"Accept-Encoding": "br"}) as answer:
            raw = b"".join([piece async for piece in answer.aiter_raw()])
        assert json.loads(brotli.decompress(raw))["project"]["slug"] == "luna"
        assert len(raw) == int(answer.headers["content-length"])

    async def test_languages(self, api: Api) -> None:
        default = (await api.client.get(PATH)).json()
        assert default["lang"] == "ru"
        for lang, spoken in (("en", "en"), ("de", "ru"), ("EN", "en"), ("en-GB", "en"), ("", "ru"), ("%00", "ru")):
            assert (await api.client.get(f"{PATH}?lang={lang}")).json()["lang"] == spoken

    async def test_unknown_projects_and_decks(self, api: Api) -> None:
        for path, code in (
            ("/api/v1/projects/nobody/catalogue", "project_not_found"),
            ("/api/v1/projects/nobody/catalogue/decks/rider", "project_not_found"),
            ("/api/v1/projects/luna/catalogue/decks/none", "deck_not_found"),
            ("/api/v1/projects/%00/catalogue", "project_not_found"),
        ):
            answer = await api.client.get(path)
            assert (answer.status_code, answer.json()["error"]) == (404, code)

    async def test_an_endless_language_is_refused(self, api: Api) -> None:
        assert (await api.client.get(PATH, params={"lang": "x" * 1000})).status_code == 422

    async def test_warm_answers_have_request_ids_and_security_headers(self, api: Api) -> None:
        ids = set()
        for _ in range(3):
            answer = await api.client.get(PATH)
            ids.add(answer.headers["x-request-id"])
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors" in answer.headers["content-security-policy"]
        assert len(ids) == 3
        named = await api.client.get(PATH, headers={"X-Request-ID": "my-request-1"})
        assert named.headers["x-request-id"] == "my-request-1"
        forged = await api.client.get(PATH, headers={"X-Request-ID": "a b"})
        assert re.fullmatch(r"[0-9a-f]{16}", forged.headers["x-request-id"])

    async def test_warm_answers_are_counted(self, api: Api) -> None:
        async def counted() -> float:
            text = (await api.client.get("/metrics")).text
            name = 'arcana_http_requests_total{method="GET",route="/api/v1/projects/{slug}/catalogue",status="200"}'
            return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), 0.0)

        await api.client.get(PATH)
        before = await counted()
        for _ in range(5):
            await api.client.get(PATH)
        assert await counted() == before + 5

    async def test_other_methods_are_refused(self, api: Api) -> None:
        await api.client.get(PATH)
        assert (await api.client.post(PATH)).status_code == 405

    async def test_the_deck_is_where_the_catalogue_says(self, api: Api) -> None:
        summary: dict[str, Any] = (await api.client.get(PATH)).json()["decks"][0]
        deck = (await api.client.get(summary["href"])).json()
        assert deck["key"] == summary["key"] == "rider"
        assert len(deck["cards"]) == summary["card_count"] == 78
        again = await api.client.get(DECK, params={"lang": "ru"})
        assert again.headers["etag"]
        unchanged = await api.client.get(DECK, params={"lang": "ru"}, headers={"If-None-Match": again.headers["etag"]})
        assert unchanged.status_code == 304


class TestSchema:
    async def test_is_published(self, api: Api) -> None:
        answer = await api.client.get("/api/v1/schemas/catalogue.json")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/schema+json"
        assert answer.json()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
