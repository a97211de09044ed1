"""What an evaluation found, as a table and as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.ai.evaluation.checks import CHECKS


@dataclass(frozen=True, slots=True)
class CaseResult:
    id: str
    language: str
    kind: str
    finish: str
    checks: dict[str, bool]
    seconds: float
    cost_micros: int
    text: str

    @property
    def failed(self) -> list[str]:
        return [name for name, passed in self.checks.items() if not passed]


@dataclass(frozen=True, slots=True)
class CheckResult:
    name: str
    passed: int
    total: int
    threshold: float

    @property
    def enough(self) -> bool:
        return self.passed >= self.threshold * self.total


@dataclass(frozen=True, slots=True)
class Report:
    """`interpreter`: a profile's name, or `offline`."""

    interpreter: str
    model: str | None
    cases: list[CaseResult]

    @property
    def checks(self) -> list[CheckResult]:
        results = []
        for name, (_, threshold) in CHECKS.items():
            marks = [case.checks[name] for case in self.cases if name in case.checks]
            if marks:
                results.append(CheckResult(name, sum(marks), len(marks), threshold))
        return results

    @property
    def passed(self) -> bool:
        return bool(self.cases) and all(check.enough for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        return {
            "interpreter": self.interpreter,
            "model": self.model,
            "passed": self.passed,
            "checks": [asdict(check) | {"enough": check.enough} for check in self.checks],
            "cost_micros": sum(case.cost_micros for case in self.cases),
            "cases": [asdict(case) | {"failed": case.failed} for case in self.cases],
        }

    def as_table(self) -> RenderableType:
        title = f"{self.interpreter} ({self.model})" if self.model else self.interpreter
        checks = Table("check", "passed", "of", "share", "needed", "", title=title, title_justify="left")
        for check in self.checks:
            checks.add_row(
                check.name,
                str(check.passed),
                str(check.total),
                f"{check.passed / check.total:.0%}",
                f"{check.threshold:.0%}",
                "[green]ok[/]" if check.enough else "[red]below[/]",
            )
        failures = Table(
            "case", "kind", "failed checks", "end", title="Cases with a failed check", title_justify="left"
        )
        for case in self.cases:
            if case.failed:
                failures.add_row(case.id, case.kind, ", ".join(case.failed), case.finish)
        cost = sum(case.cost_micros for case in self.cases) / 1_000_000
        slowest = max((case.seconds for case in self.cases), default=0.0)
        summary = Text(f"{len(self.cases)} cases, ${cost:.4f}, slowest {slowest:.1f} s")
        return Group(checks, *([failures] if failures.row_count else []), summary)


def show(reports: list[Report]) -> None:
    console = Console()
    for report in reports:
        console.print(report.as_table())
