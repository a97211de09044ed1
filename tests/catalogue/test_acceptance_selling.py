"""What is sold, in a document: coupons, subscriptions, and the keys of payment providers."""

from typing import Any, ClassVar

import pytest

from app.kit.crypto import Keyring
from tests.catalogue.verdicts import PUBLIC, codes, good, keys, run
from tests.catalogue.wordpress import make_coupon, make_document, make_package, make_project, sealed_keys


class TestCoupons:
    def test_a_store_without_coupons_has_none(self) -> None:
        document = make_document()
        del document["coupons"]
        verdict = run(document)
        assert verdict.document is not None
        assert (verdict.document["coupons"], verdict.problems) == ([], ())

    def test_a_code_is_in_lower_case_and_comes_once(self) -> None:
        coupons = [make_coupon("Moon20"), make_coupon("moon20", amount=9000), make_coupon("скидка на всё")]
        verdict = run(make_document(coupons=coupons))
        assert verdict.document is not None
        assert [(row["code"], row["amount"]) for row in verdict.document["coupons"]] == [
            ("moon20", 2000),
            ("скидка на всё", 2000),
        ]
        assert codes(verdict) == [("coupon", "moon20", "duplicate_key")]

    @pytest.mark.parametrize(
        "changes",
        [
            {"amount": 10001},
            {"amount": -1},
            {"amount": 12.5},
            {"kind": "fixed_cart"},
            {"kind": "store_credit"},
            {"expires_at": "2026-13-45T00:00:00Z"},
            {"expires_at": "tomorrow"},
            {"usage_limit": -1},
            {"packages": None},
            {"projects": ["Big"]},
        ],
        ids=str,
    )
    def test_a_broken_one_costs_only_itself(self, changes: dict[str, Any]) -> None:
        verdict = run(make_document(coupons=[make_coupon("bad", **changes), make_coupon("good")]))
        assert verdict.document is not None
        assert [row["code"] for row in verdict.document["coupons"]] == ["good"]
        assert {(kind, code) for kind, _, code in codes(verdict)} == {("coupon", "schema")}
        assert len(verdict.document["projects"]) == 2

    def test_what_is_said_of_one_names_it_in_any_letters(self) -> None:
        verdict = run(make_document(coupons=[make_coupon("Скидка на всё", amount=-1), None, {"code": "a\u0000b"}]))
        assert verdict.problems[0].ru.startswith("Купон «скидка на всё». ")
        assert {problem.key for problem in verdict.problems} == {""}
        assert "\u0000" not in "".join(problem.ru for problem in verdict.problems)


class TestSubscriptions:
    def test_without_a_period_it_is_not_sold(self) -> None:
        packages = [make_package("month", "alpha", kind="subscription"), make_package("ten", "alpha")]
        document = make_document(packages=packages)
        document["projects"][0]["packages"] = ["month", "ten"]
        verdict = run(document)
        assert verdict.document is not None
        assert keys(verdict.document["packages"]) == ["ten"]
        assert codes(verdict)[0] == ("package", "month", "schema")
        assert "period" in verdict.problems[0].ru

    @pytest.mark.parametrize("period", [None, "week"])
    def test_a_wrong_period_is_told(self, period: Any) -> None:
        package = make_package("month", "alpha", kind="subscription", period=period)
        assert codes(run(make_document(packages=[package]))) == [("package", "month", "schema")]


class TestPaymentKeys:
    STRIPE: ClassVar = {"secret_key": "sk_test_SANDBOX123", "webhook_secret": "whsec_SANDBOX123"}
    YOOKASSA: ClassVar = {"shop_id": "100500", "secret_key": "test_SANDBOX123"}

    def document(self, **payments: Any) -> dict[str, Any]:
        return make_document(projects=[make_project("alpha", payments=payments), make_project("beta")])

    def test_sealed_keys_are_taken(self) -> None:
        document = self.document(
            stripe=sealed_keys(PUBLIC, "alpha", **self.STRIPE),
            yookassa={**sealed_keys(PUBLIC, "alpha", **self.YOOKASSA), "vat_code": 4, "receipts": True},
        )
        assert run(document).problems == ()

    @pytest.mark.parametrize(
        "row",
        [
            sealed_keys(PUBLIC, "beta", **STRIPE),
            sealed_keys(Keyring.generate().current.public, "alpha", **STRIPE),
            sealed_keys(PUBLIC, "alpha", secret_key="pk_test_SANDBOX123", webhook_secret="whsec_SANDBOX123"),
            sealed_keys(PUBLIC, "alpha", secret_key="sk_test_SANDBOX123"),
            sealed_keys(PUBLIC, "alpha", secret_key=5, webhook_secret=None),
        ],
    )
    def test_unreadable_ones_leave_the_former_keys(self, row: dict[str, Any]) -> None:
        first = self.document(stripe=sealed_keys(PUBLIC, "alpha", **self.STRIPE))
        previous = good(first)
        verdict = run(self.document(stripe=row), previous)
        assert verdict.document is not None
        assert verdict.document["projects"][0]["payments"]["stripe"] == first["projects"][0]["payments"]["stripe"]
        assert codes(verdict) == [("project", "alpha", "keys_unreadable")]
        assert verdict.problems[0].path == "/projects/0/payments/stripe/sealed"
        assert "SANDBOX" not in verdict.problems[0].ru + verdict.problems[0].en

    def test_unreadable_ones_without_former_keys_are_none(self) -> None:
        verdict = run(self.document(yookassa=sealed_keys(PUBLIC, "beta", **self.YOOKASSA)))
        assert verdict.document is not None
        assert verdict.document["projects"][0]["payments"] == {"yookassa": None}
