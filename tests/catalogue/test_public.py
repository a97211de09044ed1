"""Public bodies hold what the contract lists and nothing internal; texts are in one language."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from app.catalogue import demo, schemas
from app.catalogue.acceptance import accept
from app.catalogue.library import Library
from app.catalogue.public import catalogue_body, deck_body
from app.catalogue.reader import Snapshot, mirrored, picture_id, read
from app.catalogue.secrets import open_keys, sandbox_bot
from app.kit import json
from app.kit.crypto import Keyring
from tests.catalogue.wordpress import (
    make_card,
    make_coupon,
    make_deck,
    make_document,
    make_package,
    make_project,
    sealed_keys,
)

KEYRING = Keyring.generate()
PICTURE = {"url": "http://shop.example/back.png", "sha256": None, "alt": {"ru": "Рубашка"}}


def library_of(document: dict[str, Any], pictures: dict[str, Any] | None = None) -> Library:
    verdict = accept(document, previous=None, known={}, open_bot=lambda project, bot: None)
    assert verdict.document is not None
    ids = {row["key"]: number for number, row in enumerate(verdict.document["projects"], start=1)}
    snapshot = Snapshot("s", 1, "store", verdict.document, ids, pictures or {})
    return read(
        snapshot,
        bot_of=lambda project, bot: sandbox_bot(b"k" * 32, project),
        keys_of=lambda project, provider, row: open_keys(KEYRING, project, provider, row),
    )


def alpha(document: dict[str, Any], pictures: dict[str, Any] | None = None) -> Any:
    return library_of(document, pictures).project_by_slug("alpha")


def assert_exactly(model: type[BaseModel], value: Any) -> None:
    """The documented shape, no field more and none less."""
    assert model.model_validate(value).model_dump(mode="json") == value


class TestCatalogueBody:
    def test_has_the_documented_shape(self) -> None:
        document = make_document(packages=[make_package("ten", "alpha")])
        document["projects"][0]["packages"] = ["ten"]
        assert_exactly(schemas.Catalogue, catalogue_body(alpha(document), "ru"))

    def test_the_demo_has_the_documented_shape_in_every_language(self) -> None:
        for project in library_of(demo.load()).projects:
            for lang in project.languages:
                assert_exactly(schemas.Catalogue, catalogue_body(project, lang))
                for deck in project.decks:
                    assert_exactly(schemas.Deck, deck_body(project, deck, lang))

    def test_nothing_internal_gets_out(self) -> None:
        document = make_document()
        document["projects"][0]["staff_group"] = "-100123"
        project = alpha(document)
        public = json.dumps(catalogue_body(project, "ru")) + json.dumps(deck_body(project, project.decks[0], "ru"))
        for secret in (b"secret voice", b"profile-of-the-operator", b"SANDBOX", b"sealed", b"-100123", b"model"):
            assert secret not in public
        assert catalogue_body(project, "ru")["project"]["bot_username"] == "alpha_sandbox_bot"

    def test_the_rows_of_woocommerce_and_its_coupons_are_internal(self) -> None:
        document = make_document(packages=[make_package("ten", "alpha", product_id=987654)])
        document["projects"][0]["packages"] = ["ten"]
        document["coupons"] = [make_coupon("quiet-word")]
        document["projects"][0]["payments"] = {
            "stripe": sealed_keys(
                KEYRING.current.public, "alpha", secret_key="sk_test_SANDBOX1", webhook_secret="whsec_SANDBOX1"
            )
        }
        project = alpha(document)
        public = json.dumps(catalogue_body(project, "ru"))
        assert project.payments.stripe.secret_key.get_secret_value() == "sk_test_SANDBOX1"
        assert project.coupon("Quiet-Word ").amount == 2000
        for secret in (b"987654", b"quiet-word", b"SANDBOX1", b"refund"):
            assert secret not in public
        assert "SANDBOX1" not in repr(project)

    def test_speaks_one_language_and_falls_back(self) -> None:
        project = make_project("alpha", name={"ru": "Альфа", "en": "Alpha"}, tagline={"ru": "Слово", "en": " "})
        found = alpha(make_document(projects=[project]))
        assert catalogue_body(found, "en")["project"]["name"] == "Alpha"
        assert catalogue_body(found, "ru")["project"]["name"] == "Альфа"
        assert catalogue_body(found, "en")["project"]["welcome"] == "welcome"
        assert catalogue_body(found, "en")["project"]["notice"] is None

    def test_a_blank_text_is_as_good_as_none(self) -> None:
        project = make_project("alpha", name={"ru": "Альфа", "en": ""})
        assert catalogue_body(alpha(make_document(projects=[project])), "en")["project"]["name"] == "Альфа"

    def test_the_version_moves_with_the_content(self) -> None:
        first = catalogue_body(alpha(make_document()), "ru")["version"]
        assert catalogue_body(alpha(make_document(version="v2")), "ru")["version"] == first
        changed = make_document(projects=[make_project("alpha", free_readings=8)])
        assert catalogue_body(alpha(changed), "ru")["version"] != first


class TestPackages:
    def package(self, **changes: Any) -> Any:
        document = make_document(packages=[make_package("it", "alpha", **changes)])
        document["projects"][0]["packages"] = ["it"]
        return alpha(document).package("it")

    def test_what_an_older_plugin_leaves_out_has_defaults(self) -> None:
        package = self.package()
        assert (package.period, package.renews, package.fair_use, package.trial_days) == (None, False, None, None)
        assert (package.stars_regular, package.expires_days, package.product_id, package.gift) == (
            None,
            None,
            None,
            True,
        )

    def test_a_subscription_renews_unless_it_says_no(self) -> None:
        assert self.package(kind="subscription", period="month").renews is True
        assert self.package(kind="subscription", period="year", renews=False).renews is False

    def test_what_belongs_to_another_kind_does_not_count(self) -> None:
        package = self.package(period="month", renews=True, fair_use=5, trial_days=3, expires_days=90)
        assert (package.period, package.renews, package.fair_use, package.trial_days) == (None, False, None, None)
        assert package.expires_days == 90


class TestProjectsMoney:
    def test_what_an_older_plugin_leaves_out_has_defaults(self) -> None:
        project = alpha(make_document())
        assert (project.refund_used, project.other_providers_in_telegram) == ("refuse", False)
        assert (project.payments.stripe, project.payments.yookassa, project.coupons) == (None, None, ())

    def test_what_receipts_say_stands_beside_the_sealed_keys(self) -> None:
        sealed = sealed_keys(KEYRING.current.public, "alpha", shop_id="100500", secret_key="test_SANDBOX1", vat_code=2)
        keys = alpha(make_document(projects=[make_project("alpha", payments={"yookassa": sealed})])).payments.yookassa
        assert (keys.shop_id, keys.vat_code, keys.tax_system, keys.receipts) == ("100500", 2, None, False)
        assert keys.payment_mode == "full_payment"
        sealed = {**sealed, "vat_code": 4, "tax_system": 3, "receipts": True, "payment_mode": "full_prepayment"}
        keys = alpha(make_document(projects=[make_project("alpha", payments={"yookassa": sealed})])).payments.yookassa
        assert (keys.vat_code, keys.tax_system, keys.receipts) == (4, 3, True)
        assert keys.payment_mode == "full_prepayment"

    def test_the_demo_takes_only_keys_that_say_sandbox(self) -> None:
        for key, taken in (("test_SANDBOX1234", True), ("live_0123456789", False)):
            row = sealed_keys(KEYRING.current.public, "alpha", shop_id="1", secret_key=key)
            assert (open_keys(KEYRING, "alpha", "yookassa", row, demo=True) is not None) is taken

    def test_coupons_go_to_the_projects_that_they_name(self) -> None:
        coupons = [
            make_coupon("all"),
            make_coupon("ours", projects=["alpha"], packages=["ten"], excluded_packages=["three"]),
            make_coupon("theirs", projects=["beta"], kind="fixed_cart", amount=5000, currency="RUB"),
            make_coupon("until", expires_at="2026-12-31T20:59:59Z", usage_limit=10, used_elsewhere=4, minimum=30000),
        ]
        library = library_of(make_document(coupons=coupons))
        found = {project.key: [coupon.code for coupon in project.coupons] for project in library.projects}
        assert found == {"alpha": ["all", "ours", "until"], "beta": ["all", "theirs", "until"]}
        ours = library.projects[0].coupons[1]
        assert [ours.holds_for("alpha", key) for key in ("ten", "three", "five")] == [True, False, False]
        assert not ours.holds_for("beta", "ten")
        until = library.projects[0].coupons[2]
        assert until.expires_at == datetime(2026, 12, 31, 20, 59, 59, tzinfo=UTC)
        assert (until.usage_limit, until.used_elsewhere, until.minimum, until.maximum) == (10, 4, 30000, None)


class TestPictures:
    def test_only_mirrored_ones_are_named(self) -> None:
        document = make_document(decks=[make_deck("small", back=PICTURE)])
        assert catalogue_body(alpha(document), "ru")["decks"][0]["back"] is None
        pictures = {picture_id(PICTURE): mirrored("ab" * 16, [[240, 413], [720, 1240]])}
        assert catalogue_body(alpha(document, pictures), "ru")["decks"][0]["back"] == {
            "src": f"/media/{'ab' * 16}-720.webp",
            "width": 720,
            "height": 1240,
            "sizes": [
                {"src": f"/media/{'ab' * 16}-240.webp", "width": 240},
                {"src": f"/media/{'ab' * 16}-720.webp", "width": 720},
            ],
            "alt": "Рубашка",
        }
        assert b"shop.example" not in json.dumps(catalogue_body(alpha(document, pictures), "ru"))

    def test_a_new_content_hash_is_a_new_picture(self) -> None:
        assert picture_id(PICTURE) != picture_id({**PICTURE, "sha256": "0" * 64})


class TestDeckBody:
    def test_has_the_documented_shape(self) -> None:
        minor = make_card("cups-03", number=24, arcana="minor", suit="cups", rank=3)
        project = alpha(make_document(decks=[make_deck("small", cards=[make_card("major-00-fool"), minor])]))
        body = deck_body(project, project.decks[0], "en")
        assert_exactly(schemas.Deck, body)
        assert body["cards"][1]["keywords"] == {"upright": ["light"], "reversed": ["shade"]}
        assert (body["cards"][1]["suit"], body["cards"][1]["rank"]) == ("cups", 3)
