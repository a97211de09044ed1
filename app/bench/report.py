"""The figures as Markdown tables for people and as JSON for programs."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from app.bench.cores import Cores
from app.bench.figures import Comparison, Figure, Result, as_json
from app.kit import json
from app.kit.clock import utc_now


def machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def document(results: Sequence[Result], *, cores: Cores, seconds: float, rounds: int) -> dict[str, Any]:
    """The JSON document: `results` hold `kind` `comparison` or `figure` (see `app.bench.figures`)."""
    return {
        "format": 1,
        "measured_at": utc_now(),
        "machine": machine(),
        "cores": cores.describe(),
        "seconds": seconds,
        "rounds": rounds,
        "results": [as_json(result) for result in results],
    }


def write_json(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.dumps(value) + b"\n")


def tables(results: Sequence[Result]) -> str:
    """Two Markdown tables: what is compared, and what stands for itself."""
    comparisons = [result for result in results if isinstance(result, Comparison)]
    figures = [result for result in results if isinstance(result, Figure)]
    parts = []
    if comparisons:
        head = ["", "share of the reference", "by processor time", "goal", "ours/s, µs each", "reference/s, µs each",
                "ours p50, p99 (ms)", "reference p50, p99 (ms)", "longest collection (ms)"]  # fmt: skip
        parts.append(_table(head, [_compared(result) for result in comparisons]))
    if figures:
        parts.append(_table(["", "measured", "goal", ""], [_figure(result) for result in figures]))
    return "\n\n".join(parts)


def _compared(result: Comparison) -> list[str]:
    ratio, ours, reference = result.ratio, result.ours, result.reference
    scale, unit = (100, " %") if ratio.median < 10 else (1, "×")
    return [
        result.title,
        f"**{ratio.median * scale:.0f}{unit}** ({ratio.low * scale:.0f} to {ratio.high * scale:.0f})",
        "" if result.cpu_ratio is None else f"{result.cpu_ratio:.0%}".replace("%", " %"),
        "" if result.goal is None else f"≥ {result.goal * 100:.0f} % {_mark(result)}",
        f"{ours.rate:,.0f}, {ours.cpu_us:.0f}",
        f"{reference.rate:,.0f}, {reference.cpu_us:.0f}",
        f"{ours.p50_ms:.2f}, {ours.p99_ms:.2f}",
        f"{reference.p50_ms:.2f}, {reference.p99_ms:.2f}",
        f"{ours.longest_gc_ms:.1f}",
    ]


def _figure(result: Figure) -> list[str]:
    goal = (
        ""
        if result.goal is None
        else f"{'≥' if result.at_least else '≤'} {result.goal:g} {result.unit} {_mark(result)}"
    )
    facts = ", ".join(f"{name} {value}" for name, value in result.facts.items())
    return [result.title, f"**{result.value:.3g} {result.unit}**", goal, facts]


def _mark(result: Result) -> str:
    return "✓" if result.met else "✗"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
