"""What the bundled catalogue promises its readers: complete, literate, fair to the eye and self-contained."""

import hashlib
import io
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import app.catalogue.demo

FOLDER = Path(app.catalogue.demo.__file__).parent
CATALOGUE: dict[str, Any] = json.loads((FOLDER / "catalogue.json").read_text(encoding="utf-8"))
DECK: dict[str, Any] = json.loads((FOLDER / "decks" / "rider.json").read_text(encoding="utf-8"))
CARDS: list[dict[str, Any]] = DECK["cards"]
LANGUAGES = ["ru", "en"]
ORIENTATIONS = ["upright", "reversed"]

MAJORS = (
    "fool magician high-priestess empress emperor hierophant lovers chariot strength hermit wheel-of-fortune "
    "justice hanged-man death temperance devil tower star moon sun judgement world"
)
SUITS = {"wands": "Жезлов", "cups": "Кубков", "swords": "Мечей", "pentacles": "Пентаклей"}
RANKS = "Туз Двойка Тройка Четвёрка Пятёрка Шестёрка Семёрка Восьмёрка Девятка Десятка Паж Рыцарь Королева Король"

# The interpreter adds the form of address. Some words only end like a verb with "ты" or "вы".
ADDRESS = re.compile(
    r"\b(?:ты|тебе|тебя|тобою?|тво(?:й|я|ё|е|и|их|им|ими|ей|ю|его|ему|ём)|вы|вас|вам|вами|ваш\w*)\b"
    r"|\b\w+(?:й|ь)те(?:сь)?\b|\b\w+(?:ите|ешь|ёшь|ишь|ете|ёте)(?:сь|ся)?\b",
    re.IGNORECASE,
)
NO_VERBS = {"лишь", "свете", "защите", "совете", "ответе", "цвете"}

# 17×28 on the 100×100 table: the largest card a layout of ten has room for.
CARD_WIDTH, CARD_HEIGHT = 17.0, 28.0


def texts(value: Any) -> Iterator[dict[str, Any]]:
    """Every map from language to string (or to words) inside the value."""
    if isinstance(value, dict):
        if set(value) & set(LANGUAGES):
            yield value
        else:
            for inner in value.values():
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def pictures(value: Any) -> Iterator[dict[str, Any]]:
    """Every picture inside the value."""
    if isinstance(value, dict):
        if "sha256" in value:
            yield value
        else:
            for inner in value.values():
                yield from pictures(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from pictures(inner)


def addressed(text: str) -> list[str]:
    """The words that speak to the reader."""
    return [found for found in ADDRESS.findall(text) if found.lower() not in NO_VERBS]


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two #rrggbb colours."""

    def luminance(colour: str) -> float:
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


class TestDeck:
    def test_seventy_eight_cards_in_rider_waite_smith_order(self) -> None:
        majors = [f"major-{number:02d}-{name}" for number, name in enumerate(MAJORS.split())]
        minors = [f"{suit}-{rank:02d}" for suit in SUITS for rank in range(1, 15)]
        assert [card["key"] for card in CARDS] == majors + minors
        assert [card["number"] for card in CARDS] == list(range(78))

    def test_strength_is_eight_and_justice_eleven(self) -> None:
        assert CARDS[8]["name"] == {"ru": "Сила", "en": "Strength"}
        assert CARDS[11]["name"] == {"ru": "Справедливость", "en": "Justice"}

    def test_arcana_suits_and_ranks_agree_with_the_keys(self) -> None:
        for card in CARDS[:22]:
            assert (card["arcana"], card["suit"], card["rank"]) == ("major", None, None)
        for card in CARDS[22:]:
            assert card["arcana"] == "minor"
            assert card["key"] == f"{card['suit']}-{card['rank']:02d}"

    def test_minor_cards_carry_the_established_russian_names(self) -> None:
        ranks = RANKS.split()
        for card in CARDS[22:]:
            assert card["name"]["ru"] == f"{ranks[card['rank'] - 1]} {SUITS[card['suit']]}"

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_names_are_unique(self, language: str) -> None:
        assert Counter(card["name"][language] for card in CARDS).most_common(1)[0][1] == 1


class TestMeanings:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_three_to_six_keywords(self, language: str) -> None:
        for card, orientation in itertools.product(CARDS, ORIENTATIONS):
            words = card["keywords"][orientation][language]
            assert 3 <= len(words) <= 6, card["key"]
            assert len(set(words)) == len(words), card["key"]
            assert all(word and word == word.strip() for word in words), card["key"]

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_two_to_four_full_sentences(self, language: str) -> None:
        for card, orientation in itertools.product(CARDS, ORIENTATIONS):
            meaning = card["meaning"][orientation][language]
            assert 30 <= len(meaning.split()) <= 75, (card["key"], orientation)
            assert 2 <= len(re.findall(r"[.!?](?:\s|$)", meaning)) <= 4, (card["key"], orientation)
            assert meaning[0].isupper() and meaning[-1] in ".!?", (card["key"], orientation)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_sentence_is_written_once(self, language: str) -> None:
        sentences = Counter(
            sentence
            for card, orientation in itertools.product(CARDS, ORIENTATIONS)
            for sentence in re.split(r"(?<=[.!?])\s", card["meaning"][orientation][language])
        )
        assert [sentence for sentence, count in sentences.items() if count > 1] == []

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_no_two_cards_share_their_keywords(self, language: str) -> None:
        sets = [
            frozenset(card["keywords"][orientation][language])
            for card, orientation in itertools.product(CARDS, ORIENTATIONS)
        ]
        assert len(set(sets)) == len(sets) == 156

    def test_each_language_is_written_in_its_own_letters(self) -> None:
        for card in CARDS:
            for text in texts(card):
                russian, english = (
                    " ".join(text[language]) if isinstance(text[language], list) else text[language]
                    for language in LANGUAGES
                )
                assert not re.search(r"[A-Za-z]", russian), card["key"]
                assert not re.search(r"[А-Яа-яЁё]", english), card["key"]

    def test_russian_leaves_the_form_of_address_to_the_interpreter(self) -> None:
        for card in CARDS:
            for orientation in ORIENTATIONS:
                assert addressed(card["meaning"][orientation]["ru"]) == [], card["key"]
        for spread in CATALOGUE["spreads"]:
            assert [word for text in texts(spread) for word in addressed(text["ru"])] == [], spread["key"]

    @pytest.mark.parametrize("text", ["Ты сильнее", "спросите себя", "ваше сердце", "отпускайте", "найдёшь"])
    def test_the_check_of_address_sees_an_address(self, text: str) -> None:
        assert addressed(text) != []


class TestTexts:
    def test_every_text_has_both_languages(self) -> None:
        for text in texts([CATALOGUE, DECK]):
            assert list(text) == LANGUAGES
            assert all(text[language] for language in LANGUAGES)

    def test_no_object_is_without_its_texts(self) -> None:
        for project in CATALOGUE["projects"]:
            for field in ("name", "tagline", "description", "welcome", "notice", "voice"):
                assert set(project[field]) == set(LANGUAGES), (project["key"], field)
        for thing in CATALOGUE["spreads"] + CATALOGUE["packages"] + [DECK]:
            assert set(thing["name"]) == set(thing["description"]) == set(LANGUAGES), thing["key"]


class TestSpreads:
    def test_eight_spreads_from_one_card_to_the_celtic_cross(self) -> None:
        sizes = {spread["key"]: (len(spread["positions"]), spread["cost"]) for spread in CATALOGUE["spreads"]}
        assert sizes == {
            "card-of-the-day": (1, 1),
            "yes-no": (1, 1),
            "three-cards": (3, 1),
            "situation-obstacle-advice": (3, 1),
            "relationship": (5, 2),
            "choice": (5, 2),
            "horseshoe": (7, 2),
            "celtic-cross": (10, 3),
        }

    @pytest.mark.parametrize("spread", CATALOGUE["spreads"], ids=lambda spread: spread["key"])
    def test_cards_fit_the_table_and_overlap_only_where_they_cross(self, spread: dict[str, Any]) -> None:
        crossed = []
        for position in spread["positions"]:
            width, height = size(position)
            assert width / 2 <= position["x"] <= 100 - width / 2, position["key"]
            assert height / 2 <= position["y"] <= 100 - height / 2, position["key"]
        for one, other in itertools.combinations(spread["positions"], 2):
            (width, height), (other_width, other_height) = size(one), size(other)
            apart_x = abs(one["x"] - other["x"]) - (width + other_width) / 2
            apart_y = abs(one["y"] - other["y"]) - (height + other_height) / 2
            if apart_x < 0 and apart_y < 0:
                crossed.append((one["key"], other["key"]))
        assert crossed == ([("heart", "crossing")] if spread["key"] == "celtic-cross" else [])

    def test_position_keys_are_unique_in_their_spread(self) -> None:
        for spread in CATALOGUE["spreads"]:
            keys = [position["key"] for position in spread["positions"]]
            assert len(set(keys)) == len(keys), spread["key"]

    def test_a_position_means_one_sentence(self) -> None:
        for spread in CATALOGUE["spreads"]:
            for position in spread["positions"]:
                for language in LANGUAGES:
                    sentences = re.findall(r"[.!?](?:\s|$)", position["meaning"][language])
                    assert len(sentences) == 1, position["key"]


def size(position: dict[str, Any]) -> tuple[float, float]:
    """Width and height of the card as it lies."""
    return (CARD_HEIGHT, CARD_WIDTH) if position["rotation"] == 90 else (CARD_WIDTH, CARD_HEIGHT)


class TestProjects:
    def test_references_exist(self) -> None:
        spreads = {spread["key"] for spread in CATALOGUE["spreads"]}
        packages = {package["key"]: package["project"] for package in CATALOGUE["packages"]}
        for project in CATALOGUE["projects"]:
            assert set(project["spreads"]) <= spreads
            assert project["decks"] == [DECK["key"]]
            assert project["packages"] == [key for key, owner in packages.items() if owner == project["key"]]
        assert len(packages) == 9

    def test_a_newcomer_can_afford_the_largest_spread(self) -> None:
        costs = {spread["key"]: spread["cost"] for spread in CATALOGUE["spreads"]}
        for project in CATALOGUE["projects"]:
            assert project["free_readings"] >= max(costs[key] for key in project["spreads"])

    def test_the_two_projects_look_and_sound_different(self) -> None:
        luna, verbena = CATALOGUE["projects"]
        for field in ("scheme", "font", "pattern", "background", "surface", "text", "accent"):
            assert luna["theme"][field] != verbena["theme"][field]
        assert luna["voice"] != verbena["voice"]
        assert luna["spreads"] != verbena["spreads"]

    @pytest.mark.parametrize("project", CATALOGUE["projects"], ids=lambda project: project["key"])
    def test_colours_reach_wcag_aa(self, project: dict[str, Any]) -> None:
        theme = project["theme"]
        for ground in ("background", "surface"):
            for ink in ("text", "muted", "accent"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
        assert contrast(theme["accent_text"], theme["accent"]) >= 4.5

    def test_a_sale_is_cheaper_than_the_regular_price(self) -> None:
        sales = []
        for package in CATALOGUE["packages"]:
            price = package["price"]
            assert price["currency"] == CATALOGUE["store"]["currency"]
            assert price["amount"] > 0 and package["stars"] > 0
            assert package["readings"] + package["follow_ups"] > 0
            if price["regular"] is not None:
                assert price["regular"] > price["amount"]
                # A sale in money is the same sale in Stars.
                assert package["stars"] * price["regular"] == package["stars_regular"] * price["amount"]
                sales.append(package["key"])
        assert sales == ["luna-ten"]

    def test_subscriptions_say_how_long_they_run(self) -> None:
        subscriptions = {row["key"]: row for row in CATALOGUE["packages"] if row["kind"] == "subscription"}
        assert {key: row["period"] for key, row in subscriptions.items()} == {
            "luna-month": "month",
            "luna-year": "year",
            "verbena-month": "month",
        }
        assert all(row["fair_use"] and row["renews"] for row in subscriptions.values())
        # Telegram takes at most so many Stars for a subscription.
        assert max(row["stars"] for row in subscriptions.values()) <= 10_000
        # Twelve months cost more than a year.
        assert subscriptions["luna-year"]["price"]["amount"] < 12 * subscriptions["luna-month"]["price"]["amount"]

    def test_coupons_take_a_part_or_all(self) -> None:
        assert {row["code"]: (row["kind"], row["amount"]) for row in CATALOGUE["coupons"]} == {
            "moon20": ("percent", 2000),
            "minus100": ("fixed_cart", 10000),
            "friend100": ("percent", 10000),
        }
        packages = {row["key"] for row in CATALOGUE["packages"]}
        for row in CATALOGUE["coupons"]:
            assert {*row["packages"], *row["excluded_packages"]} <= packages

    def test_no_bot_and_no_key_is_bundled(self) -> None:
        for project in CATALOGUE["projects"]:
            assert project["bot"] == {"id": None, "username": None, "sealed_token": None, "key_id": None}
            assert project["payments"] == {"stripe": None, "yookassa": None}


class TestPictures:
    def test_every_picture_is_there_with_its_hash(self) -> None:
        found = [*pictures(CATALOGUE), *pictures(DECK)]
        assert len(found) == 78 + 1 + 4
        for picture in found:
            content = (FOLDER / "pictures" / picture["url"].removeprefix("demo:")).read_bytes()
            assert hashlib.sha256(content).hexdigest() == picture["sha256"], picture["url"]

    def test_no_picture_lies_about_unused(self) -> None:
        used = {picture["url"].removeprefix("demo:") for picture in pictures([CATALOGUE, DECK])}
        assert {path.name for path in (FOLDER / "pictures").iterdir()} == used

    def test_sizes(self) -> None:
        sizes = Counter(open_picture(picture).size for picture in pictures([CATALOGUE, DECK]))
        assert sizes == {(720, 1240): 79, (512, 512): 2, (1200, 800): 2}

    def test_the_folder_stays_small(self) -> None:
        weights = [path.stat().st_size for path in (FOLDER / "pictures").iterdir()]
        assert sum(weights) < 1_300_000
        assert max(weights) < 24_000

    def test_the_back_gives_no_reversal_away(self) -> None:
        upright = open_picture(DECK["back"]).convert("L").resize((72, 124))
        turned = upright.rotate(180)
        pairs = zip(upright.tobytes(), turned.tobytes(), strict=True)
        assert max(abs(one - other) for one, other in pairs) <= 16

    def test_every_card_has_a_face_of_its_own(self) -> None:
        assert len({card["picture"]["sha256"] for card in CARDS}) == 78


def open_picture(picture: dict[str, Any]) -> Image.Image:
    """The decoded file of a picture."""
    return Image.open(io.BytesIO((FOLDER / "pictures" / picture["url"].removeprefix("demo:")).read_bytes()))
