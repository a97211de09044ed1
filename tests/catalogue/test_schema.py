"""The published schema is a schema, the demo obeys it, and it says precisely what it means."""

import copy
from typing import Any

import jsonschema
import pytest

from app.catalogue import demo, schema
from app.kit import json
from tests.catalogue.wordpress import make_coupon, make_document, make_package


def violations(document: Any) -> list[str]:
    published = json.loads(schema.published())
    found = jsonschema.Draft202012Validator(published).iter_errors(document)
    return sorted("/".join(map(str, error.absolute_path)) for error in found)


def test_it_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.published()))


def test_the_demo_obeys_it() -> None:
    assert violations(demo.load()) == []


def test_unknown_fields_are_allowed_everywhere() -> None:
    def add(value: Any) -> Any:
        if isinstance(value, dict) and "key" in value:
            value["from_the_future"] = {"x": 1}
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            add(inner)
        return value

    assert violations(add(make_document(packages=[make_package("ten", "alpha")]))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("projects/0/key", "Big"),
        ("projects/0/languages/0", "RU"),
        ("projects/0/theme/accent", "red"),
        ("projects/0/free_readings", -1),
        ("projects/0/free_readings", True),
        ("projects/0/logo", {"url": "ftp://x/y"}),
        ("projects/0/logo", {"url": "demo:../secret"}),
        ("spreads/0/positions/0/x", 101),
        ("spreads/0/positions/0/rotation", 45),
        ("spreads/0/cards", "minor"),
        ("decks/0/cards/0/suit", "cups"),
        ("decks/0/cards/0/rank", 1),
        ("packages/0/price/amount", 1.5),
        ("packages/0/price/currency", "rub"),
        ("packages/0/stars_regular", 0),
        ("packages/0/fair_use", 0),
        ("packages/0/trial_days", 1.5),
        ("packages/0/gift", "yes"),
        ("packages/0/product_id", "7"),
        ("coupons/0/amount", 10001),
        ("coupons/0/expires_at", "2026-11-30"),
        ("projects/0/refund_used", "never"),
        ("projects/0/payments", {"yookassa": {"vat_code": 13}}),
        ("projects/0/payments", {"yookassa": {"payment_mode": "later"}}),
        ("store/url", "javascript:alert(1)"),
    ],
)
def test_a_wrong_value_is_found_where_it_is(path: str, value: Any) -> None:
    document = copy.deepcopy(make_document(packages=[make_package("ten", "alpha")], coupons=[make_coupon("moon20")]))
    *way, last = path.split("/")
    place: Any = document
    for part in way:
        place = place[int(part)] if part.isdigit() else place[part]
    place[int(last) if last.isdigit() else last] = value
    found = violations(document)
    # Inside an alternative with null, the whole alternative is named.
    assert found and all(one.startswith(path) or path.startswith(one) for one in found)


def test_both_validators_agree_on_the_demo_cut_in_pieces() -> None:
    document = demo.load()
    assert list(schema.faults("document", document)) == []
    for part, name in (("project", "projects"), ("spread", "spreads"), ("deck", "decks"), ("package", "packages")):
        for row in document[name]:
            assert list(schema.faults(part, row)) == []  # type: ignore[arg-type]  # literals above
