"""What we send to YooKassa and what its sandbox answers, against YooKassa's own words.

`ARCANA_TEST_YOOKASSA_SCHEMA` is the path of the OpenAPI document that YooKassa publishes
(https://yookassa.ru/developers/using-api/openapi-specification). Without it the models of YooKassa's own package are
what is left to compare with: they know the names and the rules of a request, but not what an answer has to have.
"""

import os
import re
import warnings
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator
from yookassa.domain.request import PaymentRequest, RefundRequest
from yookassa.domain.response import PaymentListResponse, PaymentResponse, RefundListResponse, RefundResponse

from app.payments.providers.yookassa import CURRENCIES
from tests.payments.yookassa_exchange import Exchange, record

VARIABLE = "ARCANA_TEST_YOOKASSA_SCHEMA"
REQUESTS = {"/payments": PaymentRequest, "/refunds": RefundRequest}
ANSWERS = {
    "POST /payments 200": PaymentResponse,
    "GET /payments/{id} 200": PaymentResponse,
    "GET /payments 200": PaymentListResponse,
    "POST /refunds 200": RefundResponse,
    "GET /refunds 200": RefundListResponse,
}
# Published, and not known to the package yet.
NEWER = "/payment_method/status"
REFUSED = {"POST /refunds 400", "GET /payments/{id} 404"}


class SchemaNotCompared(UserWarning):
    """Nothing was proven about YooKassa's published schema in this run."""


@pytest.fixture
async def said() -> list[Exchange]:
    found = await record()
    assert {one.name for one in found} >= set(ANSWERS) | REFUSED
    return found


class Published:
    """An OpenAPI 3.0 document, read as the JSON Schema of draft 4 that it is made of."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = _as_json_schema(document)

    def enum(self, name: str) -> set[str]:
        return set(self._document["components"]["schemas"][name]["enum"])

    def problems(self, one: Exchange) -> list[str]:
        operation = self._operation(one)
        found = []
        if one.body is not None:
            found += self._check(self._resolve(operation["requestBody"]), one.body, f"{one.name} asks")
        known = {self._resolve(row)["name"] for row in operation.get("parameters", [])}
        found += [f"{one.name} asks with {name}" for name, _ in one.query if name not in known]
        answers = operation["responses"]
        answer = answers.get(str(one.status)) or answers.get("default")
        if answer is None:
            return [*found, f"{one.name} is no answer of this method"]
        return found + self._check(self._resolve(answer), one.answer, f"{one.name} answers")

    def _operation(self, one: Exchange) -> dict[str, Any]:
        for template, operations in self._document["paths"].items():
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), one.path):
                found: dict[str, Any] = operations[one.method.lower()]
                return found
        raise AssertionError(f"no such path: {one.path}")

    def _check(self, node: dict[str, Any], value: Any, where: str) -> list[str]:
        schema = node["content"]["application/json"]["schema"]
        # Beside the components, so that references to them are found.
        validator = Draft4Validator({"allOf": [schema], "components": self._document["components"]})
        return [
            f"{where}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in validator.iter_errors(value)
        ]

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node


def _as_json_schema(node: Any) -> Any:
    """`nullable` is OpenAPI's own word. The variants of `oneOf` overlap as published: at least one has to fit."""
    if isinstance(node, list):
        return [_as_json_schema(row) for row in node]
    if not isinstance(node, dict):
        return node
    made = {("anyOf" if name == "oneOf" else name): _as_json_schema(value) for name, value in node.items()}
    if made.get("nullable") is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def lost(value: Any, known: Any, where: str = "") -> list[str]:
    """What of a value a model has not taken over."""
    if isinstance(value, dict):
        if not isinstance(known, dict):
            return [where]
        return [row for name, part in value.items() for row in lost(part, known.get(name), f"{where}/{name}")]
    if isinstance(value, list):
        pairs = zip(value, known, strict=True) if isinstance(known, list) and len(known) == len(value) else None
        return [where] if pairs is None else [row for pair in pairs for row in lost(*pair, where=where)]
    if isinstance(known, datetime):
        return [] if datetime.fromisoformat(value).replace(tzinfo=None) == known.replace(tzinfo=None) else [where]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [] if known is not None and Decimal(str(known)) == Decimal(str(value)) else [where]
    return [] if str(known) == str(value) else [where]


class TestOwnPackage:
    async def test_it_knows_all_that_is_said(self, said: list[Exchange]) -> None:
        problems = set()
        for one in said:
            if one.body is not None:
                asked = REQUESTS[one.path](one.body)
                asked.validate()
                problems.update(f"{one.name} asks {row}" for row in lost(one.body, dict(asked)))
            if one.name in ANSWERS:
                answered = ANSWERS[one.name](one.answer)
                problems.update(f"{one.name} answers {row}" for row in lost(one.answer, dict(answered)))
        assert sorted(row for row in problems if not row.endswith(NEWER)) == []

    async def test_a_name_that_it_does_not_know_is_noticed(self, said: list[Exchange]) -> None:
        body = next(one.body for one in said if one.name == "POST /payments 200")
        wrong = {**body, "amount": {**body["amount"], "sum": "1.00"}, "capturing": True}
        assert lost(wrong, dict(PaymentRequest(wrong))) == ["/amount/sum", "/capturing"]


class TestPublishedSchema:
    @pytest.fixture
    def published(self) -> Published:
        path = os.environ.get(VARIABLE)
        if not path:
            reason = f"NOT RUN: {VARIABLE} names no copy of YooKassa's published schema."
            warnings.warn(reason, SchemaNotCompared, stacklevel=1)
            pytest.skip(reason)
        return Published(yaml.safe_load(Path(path).read_text(encoding="utf-8")))

    async def test_all_that_is_said_fits(self, said: list[Exchange], published: Published) -> None:
        assert sorted({problem for one in said for problem in published.problems(one)}) == []

    async def test_what_does_not_fit_is_noticed(self, said: list[Exchange], published: Published) -> None:
        one = next(one for one in said if one.name == "POST /payments 200")
        answer = {name: value for name, value in one.answer.items() if name != "created_at"}
        body = {**one.body, "amount": {"value": one.body["amount"]["value"]}}
        wrong = Exchange(one.method, one.path, [("size", "1")], body, one.status, answer)
        noticed = " ".join(published.problems(wrong))
        assert "'created_at' is a required property" in noticed
        assert "'currency' is a required property" in noticed
        assert "asks with size" in noticed

    def test_the_currencies_are_the_same(self, published: Published) -> None:
        assert published.enum("CurrencyCode") >= CURRENCIES
