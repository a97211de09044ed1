"""What is wrong with a document, in words for the content manager, in Russian and in English."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jsonschema_rs import ValidationError

Kind = Literal["spread", "deck", "card", "package", "coupon", "project", "document"]
Code = Literal[
    "schema",
    "unknown_reference",
    "duplicate_key",
    "duplicate_bot",
    "slug_reserved",
    "slug_changed",
    "token_unreadable",
    "keys_unreadable",
    "picture_refused",
    "missing_without_tombstone",
]
LIMIT = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is a JSON pointer into the document as it was sent. `code` is one of `Code`, or `bot_…` for what is wrong
    with a project's bot, or `book_…` for orders that are not in the shop's books."""

    kind: Kind
    key: str
    path: str
    code: str
    ru: str
    en: str

    def body(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "key": self.key,
            "path": self.path,
            "code": self.code,
            "detail": {"ru": self.ru, "en": self.en},
        }


class Problems:
    """The problems found so far, in order."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def report(self, kind: Kind, key: str, path: str, code: Code, ru: str, en: str) -> None:
        self.found.append(Problem(kind, key, path, code, ru, en))


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def field_name(path: Sequence[str | int]) -> str:
    """`positions.3.name`: places are counted from one, as people do."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


TYPES = {
    "string": ("текст", "a text"),
    "integer": ("целое число", "a whole number"),
    "number": ("число", "a number"),
    "boolean": ("да или нет", "yes or no"),
    "object": ("набор полей", "a set of fields"),
    "array": ("список", "a list"),
    "null": ("пусто", "empty"),
}


def schema_words(error: ValidationError) -> tuple[list[str | int], str, str]:
    """Place and reason of a schema error in words (ru, en); never quotes the value: it may be a secret."""
    path = list(error.instance_path)
    rule, value = error.kind.name, error.kind.value
    match rule:
        case "anyOf":
            # One branch is "null": what the other one says is what the manager wants to hear.
            branches = [branch[0] for branch in value if branch and not _is_null_branch(branch[0])]
            if branches:
                return schema_words(branches[0])
        case "required":
            return path, f"не заполнено поле «{value}»", f"the field “{value}” is missing"
        case "type":
            ru, en = zip(*(TYPES.get(name, (name, name)) for name in value), strict=True)
            return path, f"здесь должно быть: {' или '.join(ru)}", f"this must be {' or '.join(en)}"
        case "enum":
            options = ", ".join(str(option) for option in value if option is not None)
            return path, f"допустимы только значения: {options}", f"only these values are possible: {options}"
        case "const":
            return path, f"здесь должно быть значение {value}", f"this must be {value}"
        case "minimum":
            return path, f"число меньше {value}", f"the number is below {value}"
        case "maximum":
            return path, f"число больше {value}", f"the number is above {value}"
        case "minLength" | "minItems":
            return path, "здесь пусто или слишком мало", "this is empty or too short"
        case "maxLength":
            return path, f"текст длиннее {value} знаков", f"the text is longer than {value} characters"
        case "maxItems":
            return path, f"в списке больше {value} строк", f"the list has more than {value} items"
        case "uniqueItems":
            return path, "одно и то же указано дважды", "the same thing is given twice"
        case "not":
            return path, "текст не заполнен ни на одном языке", "the text is empty in every language"
        case "propertyNames":
            return path, "неверное обозначение языка", "a language code is wrong"
        case "pattern":
            return path, "значение записано не по правилам", "the value is not written as it should be"
    return path, "значение не подходит", "the value does not fit"


def _is_null_branch(error: ValidationError) -> bool:
    return error.kind.name == "type" and error.kind.value == ["null"]
