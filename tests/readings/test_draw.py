import hashlib
import hmac
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.readings import draw

VECTORS = json.loads((Path(__file__).parent.parent / "fixtures" / "draw_vectors.json").read_text())
READING = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def anyone_recomputes(proof: dict[str, Any]) -> tuple[str, list[str], list[bool]]:
    """The published rule in ten lines, with nothing of ours."""

    def numbers(stream: str) -> Any:
        for n in range(10**6):
            text = f"arcana-draw-1:{stream}:{proof['reading']}:{n}:{proof['client_seed']}"
            block = hmac.new(bytes.fromhex(proof["seed"]), text.encode(), hashlib.sha256).digest()
            yield from (int.from_bytes(block[i : i + 4], "big") for i in range(0, 32, 4))

    order, source, turns = list(proof["cards"]), numbers("order"), numbers("reversals")
    for i in range(len(order) - 1, 0, -1):
        x = next(x for x in source if x < 2**32 - 2**32 % (i + 1))
        order[i], order[x % (i + 1)] = order[x % (i + 1)], order[i]
    committed = {k: proof[k] for k in ("cards", "reading", "reversals", "seed", "version")}
    text = json.dumps(committed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    turned = [proof["reversals"] == "half" and next(turns) >= 2**31 for _ in order]
    return hashlib.sha256(text.encode()).hexdigest(), order, turned


class TestVectors:
    @pytest.mark.parametrize("vector", VECTORS)
    def test_the_published_vectors_hold(self, vector: dict[str, Any]) -> None:
        commitment, order, turned = anyone_recomputes(vector)
        assert commitment == vector["commitment"]
        assert order == vector["order"]
        assert vector["drawn"] == [
            {"place": place, "card": order[place], "reversed": turned[place]} for place in vector["picks"]
        ]


class TestShuffle:
    @given(
        seed=st.binary(min_size=32, max_size=32),
        count=st.integers(1, 120),
        client_seed=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=64),
        reversals=st.sampled_from(["half", "none"]),
    )
    def test_anyone_recomputes_it(self, seed: bytes, count: int, client_seed: str, reversals: Any) -> None:
        cards = [f"card-{number}" for number in range(count)]
        fan = draw.shuffle(seed=seed, reading=READING, cards=cards, reversals=reversals, client_seed=client_seed)
        proof = {
            "version": 1,
            "reading": str(READING),
            "cards": cards,
            "reversals": reversals,
            "seed": seed.hex(),
            "client_seed": client_seed,
        }
        commitment, order, turned = anyone_recomputes(proof)
        assert sorted(fan.order) == sorted(cards)
        assert (list(fan.order), list(fan.reversed)) == (order, turned)
        assert commitment == draw.commitment(reading=READING, cards=cards, reversals=reversals, seed=seed)

    def test_every_card_falls_on_every_place_equally_often(self) -> None:
        cards = [str(number) for number in range(10)]
        rounds = 6000
        seen: Counter[tuple[int, str]] = Counter()
        turned = 0
        for number in range(rounds):
            seed = hashlib.sha256(str(number).encode()).digest()
            fan = draw.shuffle(seed=seed, reading=READING, cards=cards, reversals="half")
            seen.update(enumerate(fan.order))
            turned += sum(fan.reversed)
        expected = rounds / len(cards)
        chi_square = sum((seen[place, card] - expected) ** 2 / expected for place in range(10) for card in cards)
        # 81 degrees of freedom; a fair shuffle exceeds 137 once in ten thousand runs, and these seeds are fixed.
        assert chi_square < 137
        assert abs(turned / (rounds * len(cards)) - 0.5) < 0.01

    def test_seed_reading_and_client_seed_each_change_the_order(self) -> None:
        cards = [str(number) for number in range(78)]
        other = UUID("01890a5d-ac96-774b-bcce-b302099a8058")
        orders = {
            draw.shuffle(seed=seed, reading=reading, cards=cards, reversals="none", client_seed=client).order
            for seed in (bytes(32), bytes(31) + b"\1")
            for reading in (READING, other)
            for client in ("", "mine")
        }
        assert len(orders) == 8


class TestBelow:
    def test_numbers_of_the_incomplete_last_stretch_are_rejected(self) -> None:
        assert draw.below(3, iter([2**32 - 1, 7])) == 1

    def test_new_seeds_differ_and_have_256_bits(self) -> None:
        seeds = {draw.new_seed() for _ in range(100)}
        assert len(seeds) == 100
        assert {len(seed) for seed in seeds} == {32}

    def test_streams_are_independent(self) -> None:
        first = list(islice(draw.numbers(bytes(32), stream="order", reading=READING, client_seed=""), 20))
        second = list(islice(draw.numbers(bytes(32), stream="reversals", reading=READING, client_seed=""), 20))
        assert not set(first) & set(second)
