"""Both sides of the contract with WordPress, on what a real store answered (`python -m tests.live.record`)."""

import base64
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema_rs import Draft202012Validator

from app.catalogue import demo, schema
from app.catalogue.acceptance import RESERVED_SLUGS, accept
from app.catalogue.problems import LIMIT, Kind
from app.kit import json
from app.woocommerce.signature import sign

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "wordpress-plugin" / "src"
RECORDED = ROOT / "tests" / "fixtures" / "wordpress"
VECTORS = json.loads((ROOT / "tests" / "fixtures" / "signature_vectors.json").read_bytes())["vectors"]


def recorded(name: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_bytes())
    return answer


@pytest.fixture
def document() -> dict[str, Any]:
    return recorded("catalogue")


def words_of(constant: str, file: str) -> set[str]:
    """The strings of a list constant in the plugin's code."""
    found = re.search(rf"{constant} = \[(.*?)\];", (PLUGIN / file).read_text(), re.DOTALL)
    assert found is not None
    return set(re.findall(r"'([^']+)'", found[1]))


class TestDocument:
    def test_is_what_the_published_schema_says(self, document: dict[str, Any]) -> None:
        validator = Draft202012Validator(json.loads(schema.published()))
        assert [(fault.instance_path, fault.message) for fault in validator.iter_errors(document)] == []

    def test_is_taken_over_whole(self, document: dict[str, Any]) -> None:
        verdict = accept(document, previous=None, known={}, open_bot=lambda project, bot: None)
        assert verdict.problems == ()
        assert verdict.document is not None
        for kind in ("projects", "spreads", "decks", "packages", "coupons"):
            assert len(verdict.document[kind]) == len(document[kind]) > 0

    def test_version_is_the_hash_of_the_content_and_the_etag(self, document: dict[str, Any]) -> None:
        version = document.pop("version")
        assert json.digest(document) == version
        for name in ("catalogue_200", "catalogue_304"):
            assert recorded(name)["headers"]["etag"].removeprefix("W/") == f'"{version}"'

    def test_bytes_are_in_canonical_form(self, document: dict[str, Any]) -> None:
        assert (RECORDED / "catalogue.json").read_bytes() == json.canonical(document)

    def test_imported_demo_comes_out_as_it_went_in(self, document: dict[str, Any]) -> None:
        expected = demo.load()
        for kind in ("projects", "spreads", "decks", "packages"):
            by_key = {row["key"]: row for row in document[kind]}
            assert by_key.keys() == {row["key"] for row in expected[kind]}
            for row in expected[kind]:
                assert structure(by_key[row["key"]]) == structure(row)
        assert all(isinstance(row["product_id"], int) for row in document["packages"])
        by_code = {row["code"]: row for row in document["coupons"]}
        assert by_code == {row["code"]: row for row in expected["coupons"]}


def structure(value: Any) -> Any:
    """Everything but prose, which may have been proofread since, where pictures lie, and the store's own rows."""
    match value:
        case dict():
            kept = {name: structure(part) for name, part in value.items() if name not in ("url", "bot", "product_id")}
            return {name: part for name, part in kept.items() if part is not None}
        case [str(), *_] if any(" " in part for part in value):
            return "…"
        case list():
            return [structure(part) for part in value]
        case str() if " " in value:
            return "…"
        case _:
            return value


class TestAnswers:
    def test_unchanged_catalogue_has_no_body(self) -> None:
        answer = recorded("catalogue_304")
        assert (answer["status"], answer["body"]) == (304, None)
        assert answer["headers"]["cache-control"] == "private, no-cache"

    def test_nobody_reads_without_a_key(self) -> None:
        answer = recorded("catalogue_401")
        assert (answer["status"], answer["body"]["code"]) == (401, "woocommerce_rest_cannot_view")

    def test_status_names_everything_that_runs(self, document: dict[str, Any]) -> None:
        status = recorded("status")["body"]
        assert set(status) == {"plugin", "wordpress", "woocommerce", "acf", "php", "hpos", "version"}
        assert status["version"] == document["version"]

    def test_report_is_taken_and_a_broken_one_is_refused(self) -> None:
        assert recorded("report")["status"] == 200
        refused = recorded("report_400")
        assert (refused["status"], refused["body"]["data"]["params"].keys()) == (400, {"problems"})


class TestAgreement:
    def test_plugin_knows_every_kind_that_we_report(self) -> None:
        assert set(get_args(Kind)) == words_of("KINDS", "Backend/Report.php")
        limit = re.search(r"'maxItems' => (\d+)", (PLUGIN / "Rest/ReportRoute.php").read_text())
        assert limit is not None
        assert int(limit[1]) >= LIMIT

    def test_plugin_refuses_every_slug_that_we_refuse(self) -> None:
        assert words_of("RESERVED", "Content/Slugs.php") >= RESERVED_SLUGS

    @pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["path"])
    def test_signatures(self, vector: dict[str, str]) -> None:
        computed = sign(
            base64.b64decode(vector["secret"]),
            method=vector["method"],
            path=vector["path"],
            timestamp=vector["timestamp"],
            nonce=vector["nonce"],
            body=vector["body"].encode(),
        )
        assert computed == vector["signature"]
