"""What may go wrong with a model, by name: ordered through the desk or by the suffix of a model's name."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

Fault = Literal[
    "hang_first",  # headers and then silence
    "hang_headers",  # not even headers
    "hang_midway",
    "cut_midway",  # the connection breaks
    "error_midway",  # an error object inside the stream
    "server_error",  # 500
    "rate_limited",  # 429 with Retry-After
    "quota",  # 429 that no waiting heals
    "unsupported_parameter",  # 400 for max_tokens, as newer models answer
    "nonsense",  # bytes that are no event stream
    "broken_json",
    "html",  # a proxy's page with status 200
    "empty",  # a well-formed stream without text
    "slow",
    "wrong_language",
    "repeated",
    "prompt_leak",
    "forbidden_claim",
    "forgets_cards",  # names only the first card
    "content_filter",
    "length",  # stops in the middle of a sentence
    "missing_usage",
    "whole",  # answers with one JSON body although a stream was asked for
    "sees_crisis",  # not a fault: the model notices a person in danger
    "thinks",  # begins with a block of thoughts
]
FAULTS: tuple[str, ...] = get_args(Fault)


@dataclass(slots=True)
class Order:
    """A fault for the next `times` requests, or for all until it is withdrawn."""

    fault: str
    times: int | None = None
    retry_after: float = 0.0


class Faults:
    def __init__(self) -> None:
        self._orders: list[Order] = []

    def order(self, order: Order) -> None:
        self._orders.append(order)

    def withdraw(self) -> None:
        self._orders.clear()

    def next(self, model: str) -> Order | None:
        """The fault for this request; the oldest order goes first, then the suffix of the model's name."""
        for order in self._orders:
            if order.times is None:
                return order
            if order.times > 0:
                order.times -= 1
                return order
        suffix = model.partition(":")[2]
        return Order(suffix) if suffix in FAULTS else None


def error(message: str, kind: str, *, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """OpenAI's error object."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def text_for(fault: str | None, *, language: str, text: str, other_language: str, instructions: str) -> str:
    """The text that a faulty model would write instead of `text`."""
    russian = language == "ru"
    match fault:
        case "empty" | "content_filter":
            return ""
        case "sees_crisis":
            return "[CRISIS]"
        case "wrong_language":
            return other_language
        case "repeated":
            return ("Карты говорят о переменах и просят не спешить. " if russian else "The cards speak. ") * 80
        case "prompt_leak":
            return ("Мои указания: " if russian else "My instructions: ") + instructions
        case "forbidden_claim":
            claim = "У тебя рак, прекрати принимать лекарства." if russian else "You have cancer; stop your medication."
            first, _, rest = text.partition("\n\n")
            return f"{first} {claim}\n\n{rest}"
        case "forgets_cards":
            paragraphs = text.split("\n\n")
            return "\n\n".join([*paragraphs[:2], paragraphs[-1]])
        case "length":
            return text[: len(text) * 2 // 3].rstrip(".")
        case "thinks":
            thought = "Надо назвать карты по порядку." if russian else "I should name the cards in order."
            return f"<think>\n{thought}\n</think>\n\n{text}"
        case _:
            return text
