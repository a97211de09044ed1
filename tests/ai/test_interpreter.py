"""A model that works, and every way in which it may not: the reader always gets a whole text."""

import asyncio
import re
import time
from contextlib import aclosing

import pytest

from app.ai.brief import Outcome
from app.ai.naming import card_facts
from app.ai.offline import action, compose
from app.ai.prompts import build as build_prompt
from app.ai.review import Review
from tests.ai.conftest import Build, Model, make_brief, tell


class TestModelThatWorks:
    @pytest.mark.parametrize("language", ["ru", "en"])
    async def test_text_names_every_card_and_outcome_counts_tokens(
        self, build: Build, model: Model, language: str
    ) -> None:
        brief = make_brief(language)
        told = await tell(build(), brief)
        assert all(fact.complete for fact in card_facts(told.text, brief.cards, language))
        outcome = told.end
        assert (outcome.kind, outcome.offline, outcome.promised_model, outcome.free) == (
            "reading",
            False,
            True,
            False,
        )
        assert (outcome.profile, outcome.model, outcome.finish) == ("default", "sandbox-storyteller", "stop")
        assert outcome.completion_tokens == model.desk.requests[0]["sent"]
        # 0.15 and 0.60 dollars a million tokens are 0.15 and 0.60 millionths a token.
        expected = outcome.prompt_tokens * 0.15 + outcome.completion_tokens * 0.60
        assert abs(outcome.cost_micros - expected) <= 1
        assert told.restarts == 0

    async def test_request_is_a_stream_with_usage(self, build: Build, model: Model) -> None:
        await tell(build(profile={"max_tokens": 900, "temperature": 0.3}), make_brief())
        body = model.desk.requests[0]["body"]
        assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
        assert (body["max_tokens"], body["temperature"]) == (900, 0.3)

    async def test_text_comes_while_it_is_written(self, build: Build, model: Model) -> None:
        model.desk.tokens_per_second = 400
        arrivals = []
        async with aclosing(build().stream(make_brief())) as items:
            async for _ in items:
                arrivals.append(time.monotonic())
        assert len(arrivals) > 50
        assert arrivals[-1] - arrivals[0] > 0.3

    async def test_follow_up_carries_the_conversation(self, build: Build, model: Model) -> None:
        brief = make_brief(
            interpretation="Первое толкование.",
            exchanges=(("А раньше?", "Раньше было так."),),
            follow_up="А что дальше?",
        )
        told = await tell(build(), brief)
        roles = [message["role"] for message in model.desk.requests[0]["body"]["messages"]]
        assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
        assert "А что дальше?" in told.text
        assert not told.end.offline

    async def test_project_profile_is_preferred_and_an_unknown_one_falls_to_default(
        self, build: Build, model: Model
    ) -> None:
        profiles = {"default": model.profile(), "slow": model.profile(model="sandbox-storyteller:thinks")}
        interpreter = build(model_profiles=profiles)
        assert (await tell(interpreter, make_brief(model_profile="slow"))).end.profile == "slow"
        assert (await tell(interpreter, make_brief(model_profile="forgotten"))).end.profile == "default"

    async def test_thoughts_are_not_shown(self, build: Build, model: Model) -> None:
        model.order("thinks")
        told = await tell(build(), make_brief())
        assert not told.end.offline
        assert "think" not in told.text and "назвать карты" not in told.text

    async def test_server_that_does_not_stream_is_read_all_the_same(self, build: Build, model: Model) -> None:
        model.order("whole")
        told = await tell(build(), make_brief())
        assert (told.end.offline, told.end.finish) == (False, "stop")
        assert told.end.completion_tokens > 0

    async def test_missing_usage_is_estimated(self, build: Build, model: Model) -> None:
        model.order("missing_usage")
        outcome = (await tell(build(), make_brief())).end
        assert outcome.prompt_tokens > 100 and outcome.completion_tokens > 50 and outcome.cost_micros > 0

    async def test_refused_parameter_is_renamed_and_remembered(self, build: Build, model: Model) -> None:
        model.order("unsupported_parameter")
        interpreter = build()
        assert not (await tell(interpreter, make_brief())).end.offline
        assert not (await tell(interpreter, make_brief())).end.offline
        sent = [
            ("max_tokens" in entry["body"], "max_completion_tokens" in entry["body"]) for entry in model.desk.requests
        ]
        assert sent == [(True, False), (False, True), (False, True)]


class TestNoModel:
    async def test_offline_text_is_not_free_and_promises_nothing(self, build: Build, model: Model) -> None:
        brief = make_brief()
        told = await tell(build(profile=None), brief)
        assert told.text == compose(brief)
        assert told.end == Outcome("reading", True, False, None, None, 0, 0, 0, "stop", False)
        assert model.desk.requests == []


class TestBeforeTheFirstToken:
    @pytest.mark.parametrize("fault", ["server_error", "rate_limited"])
    async def test_passing_fault_is_retried_unseen(self, build: Build, model: Model, fault: str) -> None:
        model.order(fault, times=2)
        told = await tell(build(), make_brief())
        assert (told.end.offline, told.restarts) == (False, 0)
        assert len(model.desk.requests) == 3

    async def test_retries_are_bounded(self, build: Build, model: Model) -> None:
        model.order("server_error")
        brief = make_brief()
        told = await tell(build(model_retries=1), brief)
        assert told.text == compose(brief, fallback=True)
        assert len(model.desk.requests) == 2
        outcome = told.end
        assert (outcome.offline, outcome.promised_model, outcome.free) == (True, True, True)
        assert (outcome.finish, outcome.cost_micros) == ("fallback:status_500", 0)

    async def test_retry_after_is_obeyed(self, build: Build, model: Model) -> None:
        model.order("rate_limited", times=1, retry_after=0.8)
        started = time.monotonic()
        told = await tell(build(), make_brief())
        assert not told.end.offline
        assert time.monotonic() - started >= 0.8

    async def test_retry_after_longer_than_anyone_waits_falls_back_at_once(self, build: Build, model: Model) -> None:
        model.order("rate_limited", retry_after=30)
        started = time.monotonic()
        told = await tell(build(), make_brief())
        assert told.end.finish == "fallback:status_429"
        assert time.monotonic() - started < 0.5

    @pytest.mark.parametrize(
        ("changes", "finish"), [({"api_key": "wrong"}, "status_401"), ({"model": "unknown"}, "status_404")]
    )
    async def test_wrong_key_or_model_is_not_retried(
        self, build: Build, model: Model, changes: dict[str, str], finish: str
    ) -> None:
        started = time.monotonic()
        told = await tell(build(profile=changes), make_brief())
        assert told.end.finish == f"fallback:{finish}"
        assert time.monotonic() - started < 0.4

    async def test_exhausted_quota_is_not_retried(self, build: Build, model: Model) -> None:
        model.order("quota")
        assert (await tell(build(), make_brief())).end.offline
        assert len(model.desk.requests) == 1

    @pytest.mark.parametrize("fault", ["hang_first", "hang_headers"])
    async def test_silence_ends_at_the_time_limit_and_hangs_up(self, build: Build, model: Model, fault: str) -> None:
        model.order(fault)
        started = time.monotonic()
        told = await tell(build(model_first_token_seconds=0.3), make_brief())
        assert told.end.finish == "fallback:no_first_token"
        assert 0.3 <= time.monotonic() - started < 1
        await model.settled()
        assert model.desk.requests[0]["outcome"] == "left"

    async def test_refused_connection_falls_back(self, build: Build) -> None:
        told = await tell(build(profile={"base_url": "http://127.0.0.1:9/v1"}, model_retries=1), make_brief())
        assert told.end.finish == "fallback:connection"
        assert told.restarts == 0


class TestNonsense:
    @pytest.mark.parametrize("fault", ["html", "nonsense", "empty", "wrong_language"])
    async def test_never_shown_and_tried_once_more(self, build: Build, model: Model, fault: str) -> None:
        model.order(fault)
        brief = make_brief()
        told = await tell(build(), brief)
        assert told.text == compose(brief, fallback=True)
        assert told.restarts == 0
        assert told.end.finish == f"fallback:{'nonsense' if fault == 'html' else fault}"
        assert len(model.desk.requests) == 2

    @pytest.mark.parametrize("fault", ["html", "nonsense", "empty", "wrong_language"])
    async def test_second_try_may_succeed(self, build: Build, model: Model, fault: str) -> None:
        model.order(fault, times=1)
        assert not (await tell(build(), make_brief("en"))).end.offline


class TestMidway:
    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("cut_midway", "cut"),
            ("hang_midway", "silent"),
            ("error_midway", "error_midway"),
            ("broken_json", "nonsense"),
        ],
    )
    async def test_restart_and_one_more_try(self, build: Build, model: Model, fault: str, reason: str) -> None:
        model.order(fault, times=1)
        told = await tell(build(), make_brief())
        assert (told.restarts, told.end.offline, told.end.finish) == (1, False, "stop")
        assert told.voided[0]
        model.order(fault)
        brief = make_brief()
        told = await tell(build(), brief)
        assert (told.restarts, told.end.offline, told.end.free) == (2, True, True)
        assert told.end.finish == f"fallback:{reason}"
        assert told.text == compose(brief, fallback=True)

    async def test_broken_attempts_are_paid_for_in_the_record(self, build: Build, model: Model) -> None:
        whole = (await tell(build(), make_brief())).end
        model.order("cut_midway", times=1)
        twice = (await tell(build(), make_brief())).end
        assert twice.completion_tokens > whole.completion_tokens
        assert twice.cost_micros > whole.cost_micros

    async def test_endless_text_ends_at_the_total_limit(self, build: Build, model: Model) -> None:
        model.order("slow")
        started = time.monotonic()
        told = await tell(build(model_total_seconds=0.6, model_idle_seconds=5), make_brief())
        assert told.end.offline
        assert time.monotonic() - started < 2.5


class TestReview:
    @pytest.mark.parametrize(
        ("fault", "reason"),
        [("forbidden_claim", "claim_medical"), ("repeated", "repeated"), ("prompt_leak", "prompt_leak")],
    )
    @pytest.mark.parametrize("language", ["ru", "en"])
    async def test_bad_text_never_stands(
        self, build: Build, model: Model, fault: str, reason: str, language: str
    ) -> None:
        model.order(fault)
        brief = make_brief(language)
        told = await tell(build(), brief)
        assert told.end.finish == f"fallback:{reason}"
        assert told.text == compose(brief, fallback=True)

    async def test_leak_is_stopped_early(self, build: Build, model: Model) -> None:
        model.order("prompt_leak")
        told = await tell(build(), make_brief())
        assert all(len(voided) < 400 for voided in told.voided)
        assert len(model.desk.requests) == 1

    async def test_text_without_most_cards_is_tried_again(self, build: Build, model: Model) -> None:
        model.order("forgets_cards", times=1)
        told = await tell(build(), make_brief(count=5))
        assert (told.restarts, told.end.offline) == (1, False)

    async def test_forgotten_card_is_added_from_the_deck(self, build: Build, model: Model) -> None:
        model.order("forgets_cards")
        brief = make_brief(count=2)
        told = await tell(build(), brief)
        assert (told.restarts, told.end.offline) == (0, False)
        assert all(fact.complete for fact in card_facts(told.text, brief.cards, "ru"))
        assert brief.cards[1].meaning in told.text
        assert told.text.rsplit("\n\n", 1)[-1].startswith("Что можно сделать:")

    async def test_text_cut_by_the_limit_is_marked_and_completed(self, build: Build, model: Model) -> None:
        model.order("length")
        brief = make_brief(count=5)
        told = await tell(build(), brief)
        assert (told.end.finish, told.end.offline, told.restarts) == ("length", False, 0)
        assert all(fact.complete for fact in card_facts(told.text, brief.cards, "ru"))
        assert re.search(r"…(\*\*)?\n\n", told.text)

    async def test_emphasis_that_was_cut_is_closed(self) -> None:
        brief = make_brief(count=1)
        review = Review(brief, build_prompt(brief))
        text = compose(brief).rsplit("\n\n", 1)[0] + "\n\nИ ещё раз **Ш"
        assert review.feed(text) + review.finish(cut=True) == f"{text}…**\n\n{action(brief)}"

    async def test_filter_of_the_provider_gives_a_safe_answer_free(self, build: Build, model: Model) -> None:
        model.order("content_filter")
        outcome = (await tell(build(), make_brief())).end
        assert (outcome.kind, outcome.free, outcome.finish) == ("refused", True, "content_filter")
        assert len(model.desk.requests) == 1


class TestLeaving:
    async def test_cancelled_reader_hangs_up(self, build: Build, model: Model) -> None:
        model.desk.tokens_per_second = 50
        task = asyncio.create_task(tell(build(), make_brief()))
        await model.writing(5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await model.settled()
        assert model.desk.requests[0]["outcome"] == "left"

    async def test_closed_generator_hangs_up(self, build: Build, model: Model) -> None:
        model.desk.tokens_per_second = 50
        items = build().stream(make_brief())
        await anext(items)
        await items.aclose()
        await model.settled()
        assert model.desk.requests[0]["outcome"] == "left"

    async def test_connection_is_used_again(self, build: Build, model: Model) -> None:
        interpreter = build()
        for _ in range(3):
            assert not (await tell(interpreter, make_brief())).end.offline
        assert model.desk.peak == 1
