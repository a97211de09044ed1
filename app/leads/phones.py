"""Telephone numbers as people write them, made one form: E.164 (ITU-T), as `+79261234567`."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from app.leads.errors import PhoneInvalid

# Whose national numbers a person means who writes no country code, by the language he speaks.
REGIONS = {
    "ru": "RU",
    "en": "US",
    "uk": "UA",
    "kk": "KZ",
    "be": "BY",
    "de": "DE",
    "fr": "FR",
    "es": "ES",
    "it": "IT",
    "pt": "BR",
    "pl": "PL",
    "tr": "TR",
}
# The longest number of the plan has 15 digits; people add blanks, dashes and brackets.
LONGEST = 40


def normalise(raw: str, *, language: str) -> str:
    """The number in E.164. Raises `PhoneInvalid` for what no network would connect."""
    text = raw.strip()
    if not text or len(text) > LONGEST:
        raise PhoneInvalid
    region = REGIONS.get(language)
    # 00 is how most of the world dials abroad; 8 and ten digits is how Russia and its neighbours dial at home.
    if text.startswith("00"):
        text = "+" + text[2:]
    candidates = [(text, region)]
    if not text.startswith("+"):
        # A national number of another language's country, or a whole one whose plus was forgotten.
        candidates += [(text, "RU"), ("+" + text, None)]
    for candidate, where in candidates:
        try:
            number = phonenumbers.parse(candidate, where)
        except NumberParseException:
            continue
        if number.extension is None and phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    raise PhoneInvalid


def pretty(phone: str) -> str:
    """A number in E.164 as people read it: `+7 926 123-45-67`."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(phone, None), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return phone
