"""The bots' words: the same texts, values and forms in every language."""

import re
from typing import Any

import pytest

from app.locales import FALLBACK, LANGUAGES, html, plain, plural, texts

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
