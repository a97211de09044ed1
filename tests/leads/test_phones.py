"""Numbers as people write them."""

import pytest

from app.leads.errors import PhoneInvalid
from app.leads.phones import normalise, pretty


@pytest.mark.parametrize(
    ("raw", "language", "expected"),
    [
        ("+7 926 123-45-67", "ru", "+79261234567"),
        ("8 (926) 123-45-67", "ru", "+79261234567"),
        ("89261234567", "en", "+79261234567"),
        ("9261234567", "ru", "+79261234567"),
        ("79261234567", "en", "+79261234567"),
        ("(202) 555-0143", "en", "+12025550143"),
        ("020 7946 0958", "en", None),
        ("+44 20 7946 0958", "ru", "+442079460958"),
        ("0044 20 7946 0958", "ru", "+442079460958"),
        ("٠٠٤٤٢٠٧٩٤٦٠٩٥٨", "ru", None),
        ("+995 555 12 34 56", "ka", "+995555123456"),
        ("12345", "ru", None),
        ("+7 926 123-45-67 доб. 12", "ru", None),
        ("позвоните мне", "ru", None),
        ("", "ru", None),
        ("+" + "9" * 60, "ru", None),
        ("+7 000 000-00-00", "ru", None),
    ],
)
def test_normalise(raw: str, language: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(PhoneInvalid):
            normalise(raw, language=language)
    else:
        assert normalise(raw, language=language) == expected


def test_pretty() -> None:
    assert pretty("+79261234567") == "+7 926 123-45-67"
