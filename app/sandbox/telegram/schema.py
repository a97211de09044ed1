"""The Bot API's schema, as aiogram generates it from the documentation: arguments, answers and updates follow it.

The real server forgives a parameter that it does not know; here it is refused, for it can only be our mistake.
"""

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import aiogram.methods
from aiogram.methods import TelegramMethod
from aiogram.types import InputFile, Update
from aiogram.types.base import TelegramObject
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.kit import json
from app.sandbox.telegram.errors import ours

# These have words of their own for what is wrong; their methods look at them.
WORDED = frozenset(
    {
        "chat_id", "from_chat_id", "message_id", "message_ids", "message_thread_id", "text", "reply_markup",
        "commands", "menu_button", "scope", "entities", "caption_entities", "media", "user_id", "prices",
        "allowed_updates", "url", "offset", "limit", "timeout", "max_connections", "name", "description",
        "reaction", "reply_parameters", "callback_query_id", "draft_id", "action", "rights",
    }
)  # fmt: skip
SCALARS = (str, int, float, bool)
JSON_TYPES = (str, int, float, bool, list, dict, type(None))


class SchemaError(AssertionError):
    """The sandbox itself was about to answer with what is no Bot API."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A method's parameters, and the ones of them that travel as JSON."""

    method: type[TelegramMethod[Any]]
    names: frozenset[str]
    structured: frozenset[str]
    returning: TypeAdapter[Any]


@cache
def _signatures() -> dict[str, type[TelegramMethod[Any]]]:
    classes = (getattr(aiogram.methods, name) for name in aiogram.methods.__all__)
    return {
        method.__api_method__.lower(): method
        for method in classes
        if isinstance(method, type) and issubclass(method, TelegramMethod) and method is not TelegramMethod
    }


@cache
def signature(method: str) -> Signature:
    """Of a method by its name in lower case. Raises KeyError."""
    found = _signatures()[method]
    structured = {name for name, field in found.model_fields.items() if not _scalar(field.annotation)}
    return Signature(found, frozenset(found.model_fields), frozenset(structured), TypeAdapter(found.__returning__))


@cache
def _field(method: str, name: str) -> TypeAdapter[Any]:
    return TypeAdapter(signature(method).method.model_fields[name].annotation, config={"arbitrary_types_allowed": True})


def _scalar(annotation: Any) -> bool:
    """Whether a value travels as it is; files come as a reference or as a part of the request."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _scalar(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return all(_scalar(argument) for argument in typing.get_args(annotation))
    if not isinstance(annotation, type) or issubclass(annotation, TelegramObject):
        return False
    return issubclass(annotation, (*SCALARS, type(None), InputFile)) or not issubclass(annotation, BaseModel | list)


def check_arguments(method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with their JSON decoded. Raises 400 for an unknown name and a wrong type."""
    known = signature(method)
    decoded: dict[str, Any] = {}
    checked: dict[str, Any] = {}
    for name, value in arguments.items():
        upload = not isinstance(value, JSON_TYPES)
        if name in known.names:
            decoded[name] = _decode(value) if name in known.structured and isinstance(value, str) else value
            checked[name] = "attach://" if upload else decoded[name]
        elif upload:
            # A part that some `attach://` refers to.
            decoded[name] = value
        else:
            raise ours(f"{known.method.__api_method__} has no parameter '{name}'")
    parsed: list[Any] = []
    try:
        parsed.append(known.method.model_validate(checked))
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        for problem in error.errors():
            if (problem["type"] == "missing" and len(problem["loc"]) == 1) or problem["loc"][0] in WORDED:
                continue
            place = ".".join(str(part) for part in problem["loc"])
            raise ours(f"parameter '{place}': {problem['msg']}") from error
        # What else there is may have fields that the documentation does not have.
        parsed += [_field(method, name).validate_python(checked[name]) for name in checked if name not in wrong]
    for extra in _extras(parsed):
        raise ours(f"{known.method.__api_method__}: the Bot API does not know the field '{extra}'")
    return decoded


def _decode(source: str) -> Any:
    try:
        return json.loads(source)
    except ValueError:
        return source


def check_answer(method: str, result: Any) -> None:
    """Raises SchemaError when the documentation promises something else."""
    _check(signature(method).returning, result, what=f"the answer to {method}")


@cache
def _updates() -> TypeAdapter[Any]:
    return TypeAdapter(Update)


def check_update(update: dict[str, Any]) -> None:
    _check(_updates(), update, what="the update")


def _check(adapter: TypeAdapter[Any], value: Any, *, what: str) -> None:
    try:
        parsed = adapter.validate_python(value)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise SchemaError(f"{what} is wrong at '{place}': {problem['msg']}") from error
    for extra in _extras(parsed):
        raise SchemaError(f"{what} has a field that the Bot API does not know: '{extra}'")


def _extras(value: Any) -> Iterator[str]:
    if isinstance(value, BaseModel):
        if value.__pydantic_extra__:
            yield from (f"{type(value).__name__}.{name}" for name in value.__pydantic_extra__)
        # Of a message's hundred fields few are set, and this runs for every message.
        for name in value.__pydantic_fields_set__:
            inner = value.__dict__.get(name)
            if isinstance(inner, (BaseModel, list)):
                yield from _extras(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _extras(inner)
