from collections.abc import AsyncIterator

from pydantic import SecretStr

from app.kit.telemetry import redact
from tests.conftest import Api, open_api


class TestEnvelope:
    async def test_every_answer_carries_an_id_and_the_security_headers(self, api: Api) -> None:
        for path in ("/healthz", "/api/v1/nowhere", "/api/v1/projects/luna/catalogue", "/api/v1/me"):
            answer = await api.client.get(path)
            assert len(answer.headers["x-request-id"]) == 16, path
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert "frame-ancestors" in answer.headers["content-security-policy"], path
            assert "x-frame-options" not in answer.headers, path

    async def test_a_callers_id_is_kept_unless_it_is_odd(self, api: Api) -> None:
        kept = await api.client.get("/healthz", headers={"X-Request-ID": "from-the-proxy-1"})
        assert kept.headers["x-request-id"] == "from-the-proxy-1"
        replaced = await api.client.get("/healthz", headers={"X-Request-ID": "a b<script>"})
        assert replaced.headers["x-request-id"] != "a b<script>"

    async def test_errors_have_one_shape(self, api: Api) -> None:
        refresh, as_json = "/api/v1/auth/refresh", {"Content-Type": "application/json"}

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(40):
                yield b"x" * 10_000

        cases = [
            (await api.client.get("/api/v1/nowhere/at/all"), 404, "not_found"),
            (await api.client.delete("/healthz"), 405, "method_not_allowed"),
            (await api.client.post(refresh, content=b"{nonsense", headers=as_json), 400, "bad_request"),
            (await api.client.post(refresh, json={}), 422, "invalid_request"),
            (
                await api.client.post(refresh, content=b"x" * 300_000, headers=as_json),
                413,
                "payload_too_large",
            ),
            (await api.client.post(refresh, content=pieces(), headers=as_json), 413, "payload_too_large"),
        ]
        for answer, status, error in cases:
            assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
            assert answer.json()["detail"]

    async def test_one_address_cannot_take_everything(self, api: Api) -> None:
        narrow = api.settings.model_copy(update={"rate_limit_address_per_minute": 5})
        async with open_api(narrow) as limited:
            answers = [await limited.client.get("/api/v1/me") for _ in range(8)]
            assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
            assert int(answers[-1].headers["retry-after"]) == answers[-1].json()["retry_after"] > 0
            assert (await limited.client.get("/healthz")).status_code == 200

    async def test_dear_writes_are_limited_per_user_over_processes(self, api: Api) -> None:
        narrow = api.settings.model_copy(update={"rate_limit_readings_per_minute": 3})
        async with open_api(narrow) as one, open_api(narrow) as two:
            person = await one.sign_in()
            elsewhere = type(person)(two, person.session, person.headers)
            statuses = [(await person.start("card-of-the-day")).status_code for _ in range(3)]
            await one.services.limits.exchange()
            # A process learns of the others' uses a moment after its first own one.
            statuses.append((await elsewhere.start("card-of-the-day")).status_code)
            await two.services.limits.exchange()
            statuses.append((await elsewhere.start("card-of-the-day")).status_code)
            assert statuses == [201, 201, 201, 201, 429]
            refused = await person.start("card-of-the-day")
            assert refused.status_code == 429
            assert refused.json()["retry_after"] <= 60

    async def test_origins_are_allowed_only_when_configured(self, api: Api) -> None:
        asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
        assert "access-control-allow-origin" not in (await api.client.options("/api/v1/me", headers=asked)).headers
        open_settings = api.settings.model_copy(update={"cors_origins": ("https://app.example",)})
        async with open_api(open_settings) as other:
            allowed = await other.client.options("/api/v1/me", headers=asked)
            assert allowed.headers["access-control-allow-origin"] == "https://app.example"
            stranger = await other.client.get("/healthz", headers={"Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in stranger.headers


class TestDemoMode:
    async def test_the_development_sign_in_exists_in_the_demo_only(self, api: Api) -> None:
        body = {"project": "luna", "user": {"id": 1, "first_name": "A"}}
        assert (await api.client.post("/api/v1/dev/init-data", json=body)).status_code == 200
        assert "Luna" in (await api.client.get("/")).text or "Луна" in (await api.client.get("/")).text
        async with open_api(api.settings.model_copy(update={"demo": False})) as real:
            assert (await real.client.post("/api/v1/dev/init-data", json=body)).status_code == 404
            assert "/api/v1/dev/init-data" not in (await real.client.get("/api/v1/openapi.json")).json()["paths"]
            assert (await real.client.get("/")).status_code == 404


class TestRedact:
    def test_secrets_do_not_reach_a_log(self) -> None:
        token = "123456789:" + "A" * 35
        secret = SecretStr("sk-" + "a" * 24).get_secret_value()
        line = f"GET /bot{token}/getMe Authorization: Bearer abc.def {secret} postgresql://me:pass@host/db"
        cleaned = redact(line)
        for part in (token, "abc.def", secret, "me:pass"):
            assert part not in cleaned
        assert "GET /bot" in cleaned
