"""Telegram's HTML (https://core.telegram.org/bots/api#html-style), checked before anybody is written to."""

from html.parser import HTMLParser
from typing import Final

TEXT_CHARACTERS: Final = 4096
CAPTION_CHARACTERS: Final = 1024

# Each with the attributes that it may have.
TAGS: Final = {
    **dict.fromkeys(("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "tg-spoiler", "pre"), frozenset()),
    "code": frozenset({"class"}),
    "a": frozenset({"href"}),
    "span": frozenset({"class"}),
    "blockquote": frozenset({"expandable"}),
    "tg-emoji": frozenset({"emoji-id"}),
}


class MarkupError(ValueError):
    """Says what is wrong with the text."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise MarkupError(f"<{tag}> is no tag of Telegram's")
        if strange := [name for name, _ in attrs if name not in TAGS[tag]]:
            raise MarkupError(f"<{tag}> takes no {strange[0]}")
        if tag == "span" and dict(attrs).get("class") != "tg-spoiler":
            raise MarkupError('<span> must be class="tg-spoiler"')
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raise MarkupError(f"<{tag}/> is no tag of Telegram's")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise MarkupError(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise MarkupError("comments are no markup of Telegram's")

    def handle_decl(self, decl: str) -> None:
        raise MarkupError("declarations are no markup of Telegram's")

    def unknown_decl(self, data: str) -> None:
        raise MarkupError("declarations are no markup of Telegram's")

    def handle_pi(self, data: str) -> None:
        raise MarkupError("instructions are no markup of Telegram's")


def visible_text(html: str) -> str:
    """What a reader sees of it. Raises `MarkupError` for what Telegram would refuse."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.open:
        raise MarkupError(f"<{reader.open[-1]}> is not closed")
    return "".join(reader.text)


def length(html: str) -> int:
    """In Telegram's characters, which are UTF-16 code units, after the markup was read."""
    return len(visible_text(html).encode("utf-16-le", "surrogatepass")) // 2
