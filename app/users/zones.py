"""Where a person probably is, until his Mini App says it: a bot learns the language of his Telegram, not his clock.

Only languages most of whose speakers share a zone, or nearly so, give a hint; the others, English among them, stay
with UTC. A wrong hint moves his quiet hours and the beginning of his day, nothing else.
"""

from typing import Final

UNKNOWN: Final = "UTC"
# By IETF language tags, as Telegram gives them. Of a country with many zones it is the one where most people live.
ZONES: Final = {
    "be": "Europe/Minsk", "bg": "Europe/Sofia", "cs": "Europe/Prague", "da": "Europe/Copenhagen",
    "de": "Europe/Berlin", "el": "Europe/Athens", "et": "Europe/Tallinn", "fa": "Asia/Tehran",
    "fi": "Europe/Helsinki", "he": "Asia/Jerusalem", "hi": "Asia/Kolkata", "hr": "Europe/Zagreb",
    "hu": "Europe/Budapest", "hy": "Asia/Yerevan", "id": "Asia/Jakarta", "it": "Europe/Rome", "ja": "Asia/Tokyo",
    "ka": "Asia/Tbilisi", "kk": "Asia/Almaty", "ko": "Asia/Seoul", "lt": "Europe/Vilnius", "lv": "Europe/Riga",
    "nl": "Europe/Amsterdam", "pl": "Europe/Warsaw", "pt-br": "America/Sao_Paulo", "ro": "Europe/Bucharest",
    "ru": "Europe/Moscow", "sk": "Europe/Bratislava", "sr": "Europe/Belgrade", "sv": "Europe/Stockholm",
    "tr": "Europe/Istanbul", "uk": "Europe/Kyiv", "uz": "Asia/Tashkent", "vi": "Asia/Ho_Chi_Minh",
}  # fmt: skip


def probable_zone(language_code: str | None) -> str:
    """The IANA name of a zone."""
    tag = (language_code or "").lower()
    return ZONES.get(tag) or ZONES.get(tag.partition("-")[0], UNKNOWN)
