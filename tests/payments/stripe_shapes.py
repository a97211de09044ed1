"""Whether plain data have the shape that the `stripe` package, generated from Stripe's OpenAPI schema, gives them."""

import importlib
import inspect
import pkgutil
import types
from collections.abc import Iterator
from functools import cache
from typing import Any, ForwardRef, Literal, TypeVar, Union, get_args, get_origin

import stripe
from stripe import ListObject, StripeObject


@cache
def resources() -> dict[str, type[StripeObject]]:
    """Every class of the package by the name under which its modules import it."""
    found: dict[str, type[StripeObject]] = {}
    for module in pkgutil.iter_modules(stripe.__path__, "stripe."):
        if module.name.startswith("stripe._") and not module.name.endswith("_service"):
            for name, value in vars(importlib.import_module(module.name)).items():
                if inspect.isclass(value) and issubclass(value, StripeObject) and value.__module__ == module.name:
                    found[name] = value
    return found


def problems(value: Any, kind: Any, where: str) -> Iterator[str]:
    """What is wrong with `value` as a `kind` of the package's annotations, each with its place."""
    kind = _resolved(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any or isinstance(kind, TypeVar):
        return
    if kind is type(None):
        if value is not None:
            yield f"{where}: {value!r} is not null"
    elif origin is Literal:
        if value not in arguments:
            yield f"{where}: {value!r} is none of {arguments[:6]}"
    elif origin in (Union, types.UnionType):
        yield from _of_union(value, arguments, where)
    elif origin is list:
        if not isinstance(value, list):
            yield f"{where}: not a list"
            return
        for index, item in enumerate(value):
            yield from problems(item, arguments[0], f"{where}[{index}]")
    elif origin is ListObject:
        if not isinstance(value, dict) or value.get("object") != "list" or {"data", "has_more", "url"} - set(value):
            yield f"{where}: not a list object"
            return
        for index, item in enumerate(value["data"]):
            yield from problems(item, arguments[0], f"{where}.data[{index}]")
    elif inspect.isclass(origin or kind) and issubclass(origin or kind, StripeObject):
        yield from _of_object(value, origin or kind, where)
    elif kind in (int, float, str, bool):
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not fits and not (kind is float and isinstance(value, int)):
            yield f"{where}: {value!r} is not {kind.__name__}"
    elif inspect.isclass(kind) and kind.__name__ == "Decimal":
        if not isinstance(value, str):
            yield f"{where}: {value!r} is not a decimal string"
    else:
        yield f"{where}: cannot judge {kind!r}"


def _resolved(kind: Any) -> Any:
    name = kind.__forward_arg__ if isinstance(kind, ForwardRef) else kind
    return resources().get(name.removesuffix("Resource"), Any) if isinstance(name, str) else kind


def _of_union(value: Any, choices: tuple[Any, ...], where: str) -> Iterator[str]:
    # `Union[Literal[…], str]` is how the package says that more may come; we hold to those that are known.
    known = [choice for choice in choices if get_origin(_resolved(choice)) is Literal]
    if known and isinstance(value, str):
        choices = tuple(known)
    if isinstance(value, dict) and isinstance(value.get("object"), str):
        named = [row for row in choices if getattr(_resolved(row), "OBJECT_NAME", None) == value["object"]]
        choices = tuple(named) or choices
    tries = [list(problems(value, choice, where)) for choice in choices]
    if all(tries):
        yield from min(tries, key=len)


def _of_object(value: Any, kind: type[StripeObject], where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is not an object"
        return
    fields = {
        name: annotation
        for base in reversed(kind.__mro__)
        for name, annotation in _annotations(base).items()
        if not name.startswith("_") and "ClassVar" not in str(annotation)
    }
    if not fields:
        # Whatever the merchant wrote: metadata.
        return
    for name in value.keys() - fields.keys():
        yield f"{where}.{name}: unknown"
    for name, annotation in fields.items():
        if name in value:
            yield from problems(value[name], annotation, f"{where}.{name}")
        elif type(None) not in get_args(annotation):
            yield f"{where}.{name}: missing"


@cache
def _annotations(base: type) -> dict[str, Any]:
    if not issubclass(base, StripeObject) or base is StripeObject:
        return {}
    return inspect.get_annotations(base)


def assert_shape(value: Any, kind: type[StripeObject]) -> None:
    found = list(problems(value, kind, kind.__name__))
    assert not found, "\n".join(found)
