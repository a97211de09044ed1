"""The bots' words: the same texts, values and forms in every language."""

import re
from typing import Any

import pytest

from app.locales import FALLBACK, LANGUAGES, Words, html, language_name, plain, plural, texts

PLACEHOLDER = re.compile(r"\{(\w+)\}")
FORMS = {"ru": {"one", "few", "many"}, "en": {"one", "other"}}


def strings(text: Any) -> list[str]:
    return list(text.values()) if isinstance(text, dict) else [text]


@pytest.mark.parametrize("language", LANGUAGES)
class TestParity:
    def test_keys(self, language: str) -> None:
        assert texts(language).keys() == texts(FALLBACK).keys()

    def test_placeholders(self, language: str) -> None:
        for key, text in texts(language).items():
            expected = {name for form in strings(texts(FALLBACK)[key]) for name in PLACEHOLDER.findall(form)}
            for form in strings(text):
                assert set(PLACEHOLDER.findall(form)) == expected, key

    def test_plural_forms(self, language: str) -> None:
        for key, text in texts(language).items():
            if isinstance(text, dict):
                assert text.keys() == FORMS[language], key

    def test_forms_of_address_are_whole(self, language: str) -> None:
        """Both forms (or all three genders) are written out, and no brace is left that is neither form nor value."""
        for key, text in texts(language).items():
            for form in strings(text):
                left = PLACEHOLDER.sub("", re.sub(r"\{[^{}|]*\|[^{}|]*(\|[^{}|]*)?\}", "", form))
                assert not re.search(r"[{}|]", left), key

    def test_nothing_is_empty_or_longer_than_telegram_takes(self, language: str) -> None:
        for key, text in texts(language).items():
            limit = 256 if key.startswith("command.") else 60 if key.startswith(("button.", "menu.")) else 4000
            assert all(0 < len(form) <= limit for form in strings(text)), key


def test_russian_text_is_russian() -> None:
    for key, text in texts("ru").items():
        assert all(re.search("[а-яё]", form) for form in strings(text)), key


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "ru",
            {"one": [1, 21, 121, -1], "few": [2, 3, 4, 22, 104], "many": [0, 5, 11, 12, 14, 20, 111, 112]},
        ),
        ("en", {"one": [1, -1], "other": [0, 2, 11, 21]}),
    ],
)
def test_plural(language: str, expected: dict[str, list[int]]) -> None:
    for form, numbers in expected.items():
        assert {plural(language, number) for number in numbers} == {form}


def test_values_are_escaped_in_html_and_left_alone_in_plain_text() -> None:
    assert "&lt;b&gt; &amp; {x}" in html("ru", "project.closed", name="<b> & {x}")
    assert "<b> & {x}" in plain("ru", "project.closed", name="<b> & {x}")


def test_a_language_that_the_bots_do_not_speak_gets_english() -> None:
    assert plain("fr", "menu.open") == "Readings"


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        plain("en", "project.closed")


class TestAddress:
    @pytest.mark.parametrize(("address", "expected"), [("informal", "Твой баланс"), ("formal", "Ваш баланс")])
    def test_one_text_holds_both_forms(self, address: str, expected: str) -> None:
        assert expected in Words("ru", address).html("balance.title")
        assert "Your balance" in Words("en", address).html("balance.title")

    def test_nobody_in_particular_is_addressed_formally(self) -> None:
        assert "Ваш баланс" in html("ru", "balance.title")

    @pytest.mark.parametrize(
        ("gender", "expected"), [("feminine", "Готова? A"), ("masculine", "Готов? A"), ("unspecified", "Начнём? A")]
    )
    def test_gender_chooses_among_three(self, gender: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(texts("ru"), "test.ready", "{Готова|Готов|Начнём}? {name}")
        assert Words("ru", "informal", gender).plain("test.ready", name="A") == expected

    def test_a_number_chooses_its_form_in_html_too(self) -> None:
        assert Words("ru").html("balance.readings", count=3) == "🔮 <b>3</b> расклада"

    def test_languages_are_called_as_their_speakers_do(self) -> None:
        assert [language_name(code) for code in ("ru", "en", "xx")] == ["Русский", "English", "xx"]
