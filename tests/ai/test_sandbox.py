"""The sandbox model keeps to OpenAI's published schema: the official package reads it, key by key."""

import httpx
import openai
import pytest

from app.kit import json
from app.sandbox.model.faults import FAULTS
from app.sandbox.model.server import KEY, MODEL
from tests.ai.conftest import Model

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
BODY = {"model": MODEL, "messages": MESSAGES, "stream": True, "stream_options": {"include_usage": True}}
HEADERS = {"Authorization": f"Bearer {KEY}"}


async def post(model: Model, body: object, headers: dict[str, str] = HEADERS) -> httpx.Response:
    async with httpx.AsyncClient(base_url=model.url) as client:
        return await client.post("/v1/chat/completions", json=body, headers=headers)


class TestStream:
    async def test_chunks_in_the_published_order(self, model: Model) -> None:
        answer = await post(model, BODY)
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [line for line in answer.text.split("\n\n") if line]
        assert all(event.startswith("data: ") for event in events)
        assert events[-1] == "data: [DONE]"
        chunks = [json.loads(event[6:]) for event in events[:-1]]
        assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
        assert len({chunk["id"] for chunk in chunks}) == 1 and chunks[0]["id"].startswith("chatcmpl-")
        assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
        assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks[:-2])
        assert chunks[-2]["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
        assert chunks[-1]["choices"] == []
        usage = chunks[-1]["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert all(chunk["usage"] is None for chunk in chunks[:-1])

    async def test_usage_only_when_asked_for(self, model: Model) -> None:
        answer = await post(model, {"model": MODEL, "messages": MESSAGES, "stream": True})
        assert '"prompt_tokens"' not in answer.text

    async def test_official_package_reads_stream_whole_and_list(self, model: Model) -> None:
        client = openai.AsyncOpenAI(api_key=KEY, base_url=f"{model.url}/v1", max_retries=0)
        stream = await client.chat.completions.create(**BODY)  # type: ignore[call-overload]  # plain dicts
        streamed = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
        whole = await client.chat.completions.create(model=MODEL, messages=MESSAGES)  # type: ignore[arg-type]  # plain dicts
        assert whole.choices[0].message.content == streamed
        assert whole.usage is not None and whole.usage.total_tokens > 0
        assert [entry.id async for entry in client.models.list()] == [MODEL]
        await client.close()

    async def test_limit_of_tokens_is_kept(self, model: Model) -> None:
        answer = await post(model, BODY | {"stream": False, "max_tokens": 3})
        body = answer.json()
        assert body["choices"][0]["finish_reason"] == "length"
        assert body["usage"]["completion_tokens"] == 3


class TestRefusals:
    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {KEY}"}])
    async def test_bad_key(self, model: Model, headers: dict[str, str]) -> None:
        answer = await post(model, BODY, headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
        assert KEY not in answer.text

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"model": MODEL}, 400, "missing_required_parameter"),
            ({"model": MODEL, "messages": []}, 400, "missing_required_parameter"),
            ({"model": MODEL, "messages": [{"role": "user"}]}, 400, "invalid_value"),
            ({"messages": MESSAGES}, 400, None),
            ({"model": "gpt-unknown", "messages": MESSAGES}, 404, "model_not_found"),
            ([], 400, None),
        ],
    )
    async def test_bad_body(self, model: Model, body: object, status: int, code: str | None) -> None:
        answer = await post(model, body)
        assert answer.status_code == status
        error = answer.json()["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", code)
        assert set(error) == {"message", "type", "param", "code"}

    async def test_rate_limit_tells_when_to_come_back(self, model: Model) -> None:
        model.order("rate_limited", times=1, retry_after=1.5)
        answer = await post(model, BODY)
        assert answer.status_code == 429
        assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("1.5", "1500")
        assert answer.headers["x-ratelimit-remaining-requests"] == "0"
        assert (await post(model, BODY)).status_code == 200


class TestDesk:
    async def test_faults_are_ordered_and_withdrawn_over_http(self, model: Model) -> None:
        async with httpx.AsyncClient(base_url=model.url) as client:
            ordered = await client.post("/sandbox/faults", json={"fault": "server_error"})
            assert ordered.status_code == 204
            assert (await post(model, BODY)).status_code == 500
            await client.delete("/sandbox/faults")
            assert (await post(model, BODY)).status_code == 200
            seen = (await client.get("/sandbox/requests")).json()
            assert [entry["outcome"] for entry in seen["requests"]] == ["status 500", "finished"]
            assert KEY not in str(seen)
            await client.delete("/sandbox/requests")
            assert (await client.get("/sandbox/requests")).json()["requests"] == []

    @pytest.mark.parametrize("body", [{}, {"fault": "unheard_of"}, [], {"fault": "slow", "retry_after": "x"}])
    async def test_unknown_fault_is_refused(self, model: Model, body: object) -> None:
        async with httpx.AsyncClient(base_url=model.url) as client:
            assert (await client.post("/sandbox/faults", json=body)).status_code == 422

    async def test_suffix_of_the_model_orders_a_fault(self, model: Model) -> None:
        answer = await post(model, BODY | {"model": f"{MODEL}:quota"})
        assert answer.json()["error"]["code"] == "insufficient_quota"
        assert "quota" in FAULTS
