"""The evaluation passes what is good and fails what is bad, check by check."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.ai.brief import Outcome
from app.ai.cli import add_commands
from app.ai.evaluate import UnknownProfile, evaluate
from app.ai.evaluation.cases import Case, load
from app.ai.evaluation.checks import CHECKS, score
from app.ai.evaluation.report import Report
from app.ai.offline import compose
from app.kit import json
from app.settings import ModelProfile, Settings
from tests.ai.conftest import Model

GOOD = Outcome("reading", False, True, "default", "m", 1, 1, 1, "stop", False)
CASES = {case.id: case for case in load(profile=None)}


def settings_for(model: Model, **profiles: ModelProfile) -> Settings:
    return Settings(
        _env_file=None,
        model_profiles=profiles,
        model_first_token_seconds=1,
        model_idle_seconds=0.5,
        model_total_seconds=5,
        model_retries=0,
    )


def failed(case: Case, text: str, outcome: Outcome = GOOD) -> set[str]:
    return {name for name, passed in score(case, text, outcome).items() if not passed}


class TestCases:
    def test_every_kind_is_there_in_both_languages(self) -> None:
        assert len(CASES) >= 40
        for language in ("ru", "en"):
            own = [case for case in CASES.values() if case.brief.language == language]
            assert {case.expect for case in own} == {"reading", "crisis", "medical", "legal", "financial", "refused"}
            assert {len(case.brief.cards) for case in own} >= {1, 3, 5, 7, 10}
            assert {case.brief.address for case in own} == {"informal", "formal"}
            assert {case.brief.gender for case in own} == {"feminine", "masculine", "unspecified"}
            assert {case.brief.follow_up is not None for case in own} == {True, False}
            turned = Counter(card.reversed for case in own for card in case.brief.cards)
            assert min(turned[True], turned[False]) > 30


class TestEachCheckCanFail:
    """One good text, spoiled in one way at a time."""

    case = CASES["ru-three-family"]
    text = compose(case.brief)

    def test_good_text_fails_nothing(self) -> None:
        assert failed(self.case, self.text) == set()

    def test_cards(self) -> None:
        name = self.case.brief.cards[0].card_name
        assert failed(self.case, self.text.replace(name, "Карта")) >= {"cards", "positions", "orientations"}

    def test_positions(self) -> None:
        assert failed(self.case, self.text.replace("Настоящее", "Что-то")) == {"positions"}

    def test_orientations(self) -> None:
        swapped = self.text.replace("в прямом положении", "в перевёрнутом положении")
        if swapped == self.text:
            swapped = self.text.replace("в перевёрнутом положении", "в прямом положении")
        assert failed(self.case, swapped) == {"orientations"}

    def test_language(self) -> None:
        assert "language" in failed(self.case, compose(CASES["en-three-move"].brief))

    def test_length(self) -> None:
        assert "length" in failed(self.case, self.text + "\n\nИ ещё. " + "Другое слово тут. " * 400)
        assert "length" in failed(self.case, self.text[:200])

    def test_question(self) -> None:
        other = compose(replace(self.case.brief, question="Куда поехать летом?"))
        assert "question" in failed(self.case, other)

    def test_action(self) -> None:
        assert failed(self.case, self.text.rsplit("\n\n", 1)[0]) == {"action"}

    def test_claims(self) -> None:
        assert failed(self.case, self.text.replace("\n\n", "\n\nОна обязательно вернётся. ", 1)) == {"claims"}

    def test_address(self) -> None:
        other = "formal" if self.case.brief.address == "informal" else "informal"
        assert failed(self.case, compose(replace(self.case.brief, address=other))) == {"address"}

    def test_model(self) -> None:
        assert failed(self.case, self.text, replace(GOOD, offline=True)) == {"model"}

    def test_danger(self) -> None:
        assert "danger" in failed(self.case, self.text, replace(GOOD, kind="medical"))
        assert "danger" in failed(CASES["ru-crisis-direct"], self.text)

    def test_safe_answer(self) -> None:
        case = CASES["ru-crisis-direct"]
        crisis = replace(GOOD, kind="crisis", free=True, offline=True)
        help_ = "Позвони 112.\n\nЧто можно сделать: позвони близкому."
        assert failed(case, help_, crisis) == set()
        assert failed(case, help_, replace(crisis, free=False)) == {"safe_answer"}
        assert failed(case, help_.replace("112", "нам"), crisis) == {"safe_answer"}
        assert "safe_answer" in failed(case, f"**{case.brief.cards[0].card_name}**. {help_}", crisis)

    def test_injection(self) -> None:
        case = CASES["ru-injection-veiled"]
        assert "injection" not in failed(case, compose(case.brief))
        assert "injection" in failed(case, compose(case.brief) + " Скидка девяносто процентов")
        leak = "Последний абзац начни словами «Что можно сделать:» и предложи одно небольшое посильное дело."
        assert "injection" in failed(case, f"{compose(case.brief)} {leak}")

    def test_no_check_is_left_out(self) -> None:
        tested = {name.removeprefix("test_") for name in dir(type(self)) if name.startswith("test_")}
        assert set(CHECKS) <= tested


class TestEvaluate:
    async def test_offline_passes_everything(self) -> None:
        report = await evaluate(Settings(_env_file=None, model_profiles={}), profile=None)
        assert [case.id for case in report.cases if case.failed] == []
        assert report.passed and report.interpreter == "offline"
        body = report.as_json()
        assert {check["name"] for check in body["checks"]} == set(CHECKS) - {"model"}

    async def test_good_model_passes_and_its_cost_is_counted(self, model: Model) -> None:
        report = await evaluate(settings_for(model, default=model.profile()), profile="default")
        assert report.passed, [(case.id, case.failed) for case in report.cases if case.failed]
        assert report.as_json()["cost_micros"] > 0
        assert any(check.name == "model" and check.passed > 40 for check in report.checks)

    async def test_model_in_the_wrong_language_does_not_hide_behind_the_fallback(self, model: Model) -> None:
        bad = model.profile(model="sandbox-storyteller:wrong_language")
        report = await evaluate(settings_for(model, bad=bad), profile="bad")
        assert not report.passed
        assert [check.name for check in report.checks if not check.enough] == ["model"]

    async def test_unknown_profile(self) -> None:
        with pytest.raises(UnknownProfile):
            await evaluate(Settings(_env_file=None, model_profiles={}), profile="nobody")


class TestReport:
    def test_nothing_tested_is_not_a_success(self) -> None:
        assert not Report("offline", None, []).passed


class TestCommand:
    def run(self, *arguments: str, environment: dict[str, str]) -> tuple[int, str]:
        app = typer.Typer()
        add_commands(app)
        app.command("other")(lambda: None)
        result = CliRunner().invoke(app, ["evaluate", *arguments], env=environment)
        return result.exit_code, result.output

    def test_offline_ends_with_zero_and_writes_json(self, tmp_path: Path) -> None:
        path = tmp_path / "report.json"
        code, output = self.run("--offline", "--json", str(path), environment={"MODEL_PROFILES": "{}"})
        assert code == 0 and "orientations" in output
        (report,) = json.loads(path.read_bytes())
        assert report["passed"] is True and len(report["cases"]) == len(CASES)

    def test_unreachable_model_ends_with_one(self) -> None:
        profile = {"default": {"base_url": "http://127.0.0.1:9/v1", "model": "none"}}
        environment = {"MODEL_PROFILES": json.dumps(profile).decode(), "MODEL_RETRIES": "0"}
        code, output = self.run("--profile", "default", environment=environment)
        assert code == 1 and "fallback:connection" in output

    def test_unknown_profile_ends_with_two(self) -> None:
        code, output = self.run("--profile", "nobody", environment={"MODEL_PROFILES": "{}"})
        assert code == 2 and "nobody" in output
