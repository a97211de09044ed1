"""A sandbox model over real HTTP, and briefs of a small deck."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from app.ai.brief import Brief, DrawnCard, Outcome, Restart
from app.ai.interpreter import Interpreter
from app.kit import json
from app.sandbox.model import create_app
from app.sandbox.model.faults import Order
from app.sandbox.model.server import KEY, MODEL, Desk
from app.settings import ModelProfile, Settings
from tests.conftest import serve

DECK: list[dict[str, Any]] = json.loads((Path(__file__).parent / "deck.json").read_bytes())
POSITIONS = {
    "ru": [
        "Прошлое",
        "Настоящее",
        "Будущее",
        "Совет",
        "Что мешает",
        "Окружение",
        "Надежды",
        "Основа",
        "Вершина",
        "Итог",
    ],
    "en": [
        "Past",
        "Present",
        "Future",
        "Advice",
        "Obstacle",
        "Surroundings",
        "Hopes",
        "Root",
        "Crown",
        "Outcome",
    ],
}
MEANINGS = {"ru": "Что важнее всего на месте «{}».", "en": "What matters most in the place “{}”."}
VOICE = {
    "ru": "Тёплый ночной рассказчик, который никого не судит. Избегать запугивания.",
    "en": "A warm night-time storyteller who judges nobody. Avoid frightening.",
}


def make_cards(language: str = "ru", *, count: int = 3, turned: Sequence[int] = (1,)) -> tuple[DrawnCard, ...]:
    """The first cards of the small deck; `turned` are the places of the reversed ones."""
    cards = []
    for place, card in enumerate(DECK[:count]):
        side = "reversed" if place in turned else "upright"
        cards.append(
            DrawnCard(
                position_name=POSITIONS[language][place],
                position_meaning=MEANINGS[language].format(POSITIONS[language][place]),
                card_name=card["name"][language],
                reversed=side == "reversed",
                keywords=tuple(card["keywords"][side][language]),
                meaning=card["meaning"][side][language],
            )
        )
    return tuple(cards)


def make_brief(language: str = "ru", *, count: int = 3, turned: Sequence[int] = (1,), **changes: Any) -> Brief:
    values: dict[str, Any] = {
        "project_key": "luna",
        "project_name": "Луна" if language == "ru" else "Luna",
        "voice": VOICE[language],
        "language": language,
        "address": "informal",
        "gender": "unspecified",
        "first_name": "Анна" if language == "ru" else "Anna",
        "spread_name": "Три карты" if language == "ru" else "Three Cards",
        "spread_description": "",
        "question": "Что ждёт меня на новой работе?" if language == "ru" else "What awaits me at the new job?",
        "cards": make_cards(language, count=count, turned=turned),
        "model_profile": None,
    }
    return Brief(**(values | changes))


@dataclass
class Told:
    """What a reader has seen: the text that stands, how often it began anew, and the outcome."""

    text: str = ""
    restarts: int = 0
    voided: list[str] = field(default_factory=list)
    outcome: Outcome | None = None

    @property
    def end(self) -> Outcome:
        assert self.outcome is not None
        return self.outcome


async def tell(interpreter: Interpreter, brief: Brief) -> Told:
    told = Told()
    async with aclosing(interpreter.stream(brief)) as items:
        async for item in items:
            assert told.outcome is None, "nothing may follow the outcome"
            if isinstance(item, str):
                told.text += item
            elif isinstance(item, Restart):
                told.voided.append(told.text)
                told.text, told.restarts = "", told.restarts + 1
            else:
                told.outcome = item
    return told


@dataclass
class Model:
    """The sandbox model: its address and its desk."""

    url: str
    desk: Desk

    def order(self, fault: str, *, times: int | None = None, retry_after: float = 0.0) -> None:
        self.desk.faults.order(Order(fault, times, retry_after))

    async def writing(self, tokens: int) -> None:
        """Until the first request has been sent so many tokens."""
        for _ in range(400):
            if self.desk.requests and self.desk.requests[0]["sent"] >= tokens:
                return
            await asyncio.sleep(0.005)
        raise AssertionError("nothing is being written")

    async def settled(self) -> None:
        """Until no stream is open."""
        for _ in range(400):
            if self.desk.active == 0:
                return
            await asyncio.sleep(0.005)
        raise AssertionError("a stream stayed open")

    def profile(self, **changes: Any) -> ModelProfile:
        values: dict[str, Any] = {
            "base_url": f"{self.url}/v1",
            "api_key": KEY,
            "model": MODEL,
            "input_price": Decimal("0.15"),
            "output_price": Decimal("0.60"),
        }
        return ModelProfile(**(values | changes))


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    app = create_app(tokens_per_second=0, first_token_seconds=0)
    async with serve(app) as url:
        yield Model(url, app.state.desk)


Build = Callable[..., Interpreter]
_AS_IT_IS: Mapping[str, Any] = {}


@pytest.fixture
async def build(model: Model) -> AsyncIterator[Build]:
    """Makes interpreters: `build(profile={changes}, **settings)`; `profile=None` means no model at all."""
    made: list[Interpreter] = []

    def make(
        *, profile: Mapping[str, Any] | None = _AS_IT_IS, redis: Redis | None = None, **changes: Any
    ) -> Interpreter:
        profiles = {} if profile is None else {"default": model.profile(**profile)}
        limits: dict[str, Any] = {
            "model_first_token_seconds": 1.0,
            "model_idle_seconds": 0.5,
            "model_total_seconds": 10.0,
            "model_profiles": profiles,
        }
        settings = Settings(_env_file=None, **(limits | changes))
        interpreter = Interpreter(settings=settings, redis=redis, pace=0)
        made.append(interpreter)
        return interpreter

    yield make
    for interpreter in made:
        await interpreter.close()
