"""Public bodies hold what the contract lists and nothing internal; texts are in one language."""

from typing import Any

from pydantic import BaseModel

from app.catalogue import demo, schemas
from app.catalogue.acceptance import accept
from app.catalogue.library import Library
from app.catalogue.public import catalogue_body, deck_body
from app.catalogue.reader import Snapshot, mirrored, picture_id, read
from app.catalogue.secrets import sandbox_bot
from app.kit import json
from tests.catalogue.wordpress import make_card, make_deck, make_document, make_package, make_project

PICTURE = {"url": "http://shop.example/back.png", "sha256": None, "alt": {"ru": "Рубашка"}}


def library_of(document: dict[str, Any], pictures: dict[str, Any] | None = None) -> Library:
    verdict = accept(document, previous=None, known={}, open_bot=lambda project, bot: None)
    assert verdict.document is not None
    ids = {row["key"]: number for number, row in enumerate(verdict.document["projects"], start=1)}
    snapshot = Snapshot("s", 1, "store", verdict.document, ids, pictures or {})
    return read(snapshot, bot_of=lambda project, bot: sandbox_bot(b"k" * 32, project))


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
