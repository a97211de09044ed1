"""Stripe's request bodies: forms with brackets (https://docs.stripe.com/api/request-parameters)."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from app.sandbox.stripe.errors import StripeRefusal, invalid, required

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")


def decode(form: str) -> dict[str, Any]:
    """`a[b]=1&c[0][d]=2&e[]=3` as nested data; values stay strings."""
    found: dict[str, Any] = {}
    for key, value in parse_qsl(form, keep_blank_values=True):
        match = _KEY.fullmatch(key)
        if match is None:
            raise StripeRefusal(f"Invalid parameter name: {key[:80]}")
        path = [match[1], *_PART.findall(match[2])]
        place = found
        for index, part in enumerate(path):
            name = str(len(place)) if part == "" else part
            if index == len(path) - 1:
                place[name] = value
            else:
                place = place.setdefault(name, {})
                if not isinstance(place, dict):
                    raise StripeRefusal(f"Invalid parameter: {key[:80]}")
    return {name: _lists(value) for name, value in found.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(item) for name, item in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def only(arguments: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuses what this endpoint does not know, as Stripe does."""
    for name in arguments:
        if name not in known:
            raise StripeRefusal(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def text(arguments: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = arguments.get(name, default)
    if value is None or value == "":
        raise required(name)
    if not isinstance(value, str):
        raise invalid(name, f"Invalid string: {name}")
    return value


def integer(arguments: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = arguments.get(name, default)
    if value is None:
        raise required(name)
    if isinstance(value, int):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise invalid(name, f"Invalid integer: {value}", code="parameter_invalid_integer")
    return int(value)


def flag(arguments: Mapping[str, Any], name: str) -> bool | None:
    value = arguments.get(name)
    if value is None:
        return None
    if value not in ("true", "false"):
        raise invalid(name, f"Invalid boolean: {value}")
    return bool(value == "true")


def group(arguments: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = arguments.get(name) or {}
    if not isinstance(value, dict):
        raise invalid(name, "Invalid object")
    return value


def one_of(arguments: Mapping[str, Any], name: str, choices: Collection[str], default: str | None = None) -> str:
    value = text(arguments, name, default)
    if value not in choices:
        raise invalid(name, f"Invalid {name}: must be one of {', '.join(sorted(choices))}")
    return value


def metadata(arguments: Mapping[str, Any], name: str = "metadata") -> dict[str, str]:
    """At most 50 keys of 40 characters, values of 500 (https://docs.stripe.com/api/metadata)."""
    values = group(arguments, name)
    if len(values) > 50 or any(len(key) > 40 or not isinstance(v, str) or len(v) > 500 for key, v in values.items()):
        raise invalid(name, "Metadata has too many keys, or a key or value that is too long.")
    return dict(values)
