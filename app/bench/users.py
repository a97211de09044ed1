"""Sign-in, /me and the start of a reading, against a bare FastAPI route that runs the same statements."""

import itertools
import secrets
from collections.abc import Callable

from app.bench.duel import Side, duel
from app.bench.figures import Result
from app.bench.load import Requests, request
from app.bench.recording import open_recorder
from app.bench.replay import replaying_app
from app.bench.stage import SLUG, Member, Stage, make_members, our_api
from app.kit import json

CONNECTIONS = 16
MEMBERS = 4 * CONNECTIONS
SIGN_IN = f"/api/v1/projects/{SLUG}/auth/telegram"
START = {"spread": "three-cards", "question": "Чего ждать от новой работы?"}

TITLES = {"sign-in": "sign-in", "me": "GET /me", "start": "start of a reading"}


def _bearer(member: Member) -> dict[str, str]:
    return {"authorization": f"Bearer {member.access_token}"}


def _sign_in(member: Member) -> Requests:
    raw = request("POST", SIGN_IN, body=json.dumps({"init_data": member.init_data}))
    return lambda: raw


def _me(member: Member) -> Requests:
    raw = request("GET", "/api/v1/me", _bearer(member))
    return lambda: raw


def _start(member: Member) -> Requests:
    # Every request needs a key of its own; only that part is written anew.
    blank = "0" * 32
    raw = request("POST", "/api/v1/readings", {**_bearer(member), "idempotency-key": blank}, json.dumps(START))
    before, after = raw.split(blank.encode())
    return lambda: before + secrets.token_hex(16).encode() + after


def _everybody(members: list[Member], asks: Callable[[Member], Requests]) -> list[Requests]:
    """A source for each connection; no two connections ask for the same person, for rows are locked."""
    return [_in_turn([asks(member) for member in members[number::CONNECTIONS]]) for number in range(CONNECTIONS)]


def _in_turn(sources: list[Requests]) -> Requests:
    turns = itertools.cycle(sources)
    return lambda: next(turns)()


async def measure(stage: Stage) -> list[Result]:
    members = await make_members(stage, MEMBERS, first_id=1_000_000)
    async with open_recorder(stage.settings) as recorder:
        recordings = {
            "sign-in": await recorder.record("POST", SIGN_IN, members[0], json={"init_data": members[0].init_data}),
            "me": await recorder.record("GET", "/api/v1/me", members[0]),
            "start": await recorder.record("POST", "/api/v1/readings", members[0], json=START),
        }
    numbers = {member: number for number, member in enumerate(members)}

    def bare(name: str, body: bytes) -> Callable[[Member], Requests]:
        def asks(member: Member) -> Requests:
            raw = request("POST" if body else "GET", f"/{name}?member={numbers[member]}", body=body)
            return lambda: raw

        return asks

    asks = {
        "sign-in": (_sign_in, bare("sign-in", json.dumps({"init_data": members[0].init_data}))),
        "me": (_me, bare("me", b"")),
        "start": (_start, bare("start", json.dumps(START))),
    }
    results: list[Result] = []
    with (
        stage.start(our_api, stage.settings) as ours,
        stage.start(replaying_app, stage.settings.database_url, recordings, members, CONNECTIONS) as reference,
    ):
        for name, (our_requests, bare_requests) in asks.items():
            recording = recordings[name]
            results.append(
                await duel(
                    f"users.{name}",
                    f"{TITLES[name]} ({len(recording.statements)} round trips)",
                    Side("arcana", ours, _everybody(members, our_requests), recording.status),
                    Side("bare FastAPI", reference, _everybody(members, bare_requests), recording.status),
                    seconds=stage.seconds,
                    rounds=stage.rounds,
                    goal=0.6,
                )
            )
    return results
