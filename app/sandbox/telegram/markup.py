"""Text with HTML tags into plain text and entities (tdlib/td, MessageEntity.cpp: parse_html)."""

import re
from dataclasses import dataclass
from typing import Any

from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.links import check_link

ENTITY_OF_TAG = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
}
ENTITY_TYPES = frozenset(
    {*ENTITY_OF_TAG.values(), "expandable_blockquote", "mention", "hashtag", "cashtag", "bot_command", "url", "email"}
    | {"phone_number", "text_mention"}
)
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([A-Za-z]+));?")
ATTRIBUTE = re.compile(r"""\s*([^\s=>/"']+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9.-]+)))?""")
URL = re.compile(r"https?://[^\s<>\"]+")
COMMAND = re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")


def utf16_length(text: str) -> int:
    """Telegram counts entity offsets in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(slots=True)
class _Open:
    tag: str
    argument: str
    offset: int
    start: int


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """The shown text and its entities. Raises the documented 400 with the byte offset of what is wrong."""
    text = ""
    entities: list[dict[str, Any]] = []
    opened: list[_Open] = []
    position = 0
    while position < len(source):
        character = source[position]
        if character == "&" and (reference := REFERENCE.match(source, position)):
            decoded = _decode(reference)
            if decoded is not None:
                text += decoded
                position = reference.end()
                continue
        if character != "<":
            text += character
            position += 1
            continue
        offset = len(source[:position].encode())
        end = source.find(">", position)
        if source.startswith("</", position):
            if not opened:
                raise _entities_error(f"Unexpected end tag at byte offset {offset}")
            if end < 0:
                raise _entities_error(f"Unclosed end tag at byte offset {offset}")
            name = source[position + 2 : end].strip().lower()
            current = opened.pop()
            if name and name != current.tag:
                found = f'expected "</{current.tag}>", found "</{name}>"'
                raise _entities_error(f"Unmatched end tag at byte offset {offset}, {found}")
            _close(current, text, entities)
        else:
            if end < 0:
                raise _entities_error(f"Unclosed start tag at byte offset {offset}")
            inner = source[position + 1 : end]
            name, _, attributes = inner.partition(" ")
            name = name.lower()
            if name not in ENTITY_OF_TAG:
                raise _entities_error(f'Unsupported start tag "{name}" at byte offset {offset}')
            argument = _argument(name, attributes)
            if name == "span" and argument != "spoiler":
                raise _entities_error(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
            opened.append(_Open(name, argument, utf16_length(text), len(text)))
        position = end + 1
    if opened:
        raise _entities_error(f'Can\'t find end tag corresponding to start tag "{opened[-1].tag}"')
    return text, sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def find_plain_entities(text: str) -> list[dict[str, Any]]:
    """What Telegram marks by itself in a text without entities: commands and addresses."""
    found = [("bot_command", match) for match in COMMAND.finditer(text)]
    found += [("url", match) for match in URL.finditer(text)]
    return [
        {"type": kind, "offset": utf16_length(text[: match.start()]), "length": utf16_length(match.group())}
        for kind, match in sorted(found, key=lambda pair: pair[1].start())
    ]


def check_entities(text: str, entities: Any) -> list[dict[str, Any]]:
    """Entities that a bot gives with its text; those outside the text are dropped, as Telegram does."""
    if entities is None:
        return []
    if not isinstance(entities, list):
        raise bad_request("Can't parse entities: Expected an Array")
    length = utf16_length(text)
    kept = []
    for entity in entities:
        if not isinstance(entity, dict) or entity.get("type") not in ENTITY_TYPES:
            raise bad_request("Can't parse MessageEntity: Unsupported type specified")
        numbers = entity.get("offset"), entity.get("length")
        if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
            raise bad_request("Can't parse MessageEntity: Can't find field \"offset\"")
        if entity["offset"] >= 0 and 0 < entity["length"] <= length - entity["offset"]:
            kept.append(entity)
    return kept


def plain_text(text: str) -> dict[str, Any]:
    """`text` and `entities` of a message that somebody typed."""
    entities = find_plain_entities(text)
    return {"text": text, "entities": entities} if entities else {"text": text}


def _decode(reference: "re.Match[str]") -> str | None:
    hexadecimal, decimal, name = reference.groups()
    if name:
        return NAMED.get(name)
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code <= 0xDFFF else None


def _argument(tag: str, attributes: str) -> str:
    for match in ATTRIBUTE.finditer(attributes):
        name = match.group(1)
        value = next((group for group in match.groups()[1:] if group is not None), "")
        value = REFERENCE.sub(lambda reference: _decode(reference) or reference.group(), value)
        if tag == "a" and name == "href":
            return value
        if tag == "span" and name == "class" and value.startswith("tg-"):
            return value.removeprefix("tg-")
        if tag == "code" and name == "class" and value.startswith("language-"):
            return value.removeprefix("language-")
        if tag == "tg-emoji" and name == "emoji-id":
            return value
        if tag == "blockquote" and name == "expandable":
            return "expandable"
    return ""


def _close(tag: _Open, text: str, entities: list[dict[str, Any]]) -> None:
    length = utf16_length(text) - tag.offset
    if length == 0:
        return
    entity: dict[str, Any] = {"type": ENTITY_OF_TAG[tag.tag], "offset": tag.offset, "length": length}
    if tag.tag == "a":
        url = tag.argument or text[tag.start :]
        try:
            check_link(url, what="Entity")
        except ApiError:
            # A link to a bad address is shown as plain text, without an error.
            return
        entity["url"] = url
    elif tag.tag == "tg-emoji":
        if not tag.argument.isdigit():
            raise bad_request("Can't parse entities: Invalid custom emoji identifier specified")
        entity["custom_emoji_id"] = tag.argument
    elif tag.tag == "blockquote" and tag.argument:
        entity["type"] = "expandable_blockquote"
    entities.append(entity)


def _entities_error(message: str) -> ApiError:
    return bad_request(f"Can't parse entities: {message}")
