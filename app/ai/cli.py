"""`python -m app evaluate`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    profile: Annotated[str | None, typer.Option(help="Score this model profile.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Score the offline interpreter.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Score offline and every profile.")] = False,
    json_path: Annotated[Path | None, typer.Option("--json", help="Also write the report here.")] = None,
) -> None:
    """Score interpretations against what a reading promises; ends with 1 below the thresholds.

    Without an option the default profile is scored, or the offline interpreter if there is none.
    """
    # Heavy imports that no other command needs.
    from app.ai.evaluate import UnknownProfile
    from app.ai.evaluate import evaluate as score
    from app.ai.evaluation.report import Report, show
    from app.kit import json
    from app.kit.telemetry import configure_logging
    from app.settings import Settings

    settings = Settings()
    # The report says how each case ended; warnings between would only tear the table.
    configure_logging(level="error", style="console")
    wanted: list[str | None] = [None] if offline or every else []
    wanted += [profile] if profile else []
    wanted += [name for name in settings.model_profiles if name not in wanted] if every else []
    if not wanted:
        wanted = ["default" if "default" in settings.model_profiles else None]

    async def run() -> list[Report]:
        return [await score(settings, profile=name) for name in wanted]

    try:
        reports = asyncio.run(run())
    except UnknownProfile as error:
        known = ", ".join(settings.model_profiles) or "none"
        typer.echo(f"There is no model profile '{error}' in MODEL_PROFILES (known: {known}).", err=True)
        raise typer.Exit(2) from None
    show(reports)
    if json_path is not None:
        json_path.write_bytes(json.dumps([report.as_json() for report in reports]))
    if not all(report.passed for report in reports):
        raise typer.Exit(1)


def add_commands(app: typer.Typer) -> None:
    app.command()(evaluate)
