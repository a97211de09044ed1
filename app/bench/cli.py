"""The command `bench`."""

from pathlib import Path
from typing import Annotated

import typer


def add_commands(app: typer.Typer) -> None:
    @app.command()
    def bench(
        names: Annotated[
            list[str] | None,
            typer.Argument(help="catalogue, users, money, interpretations, idle, broadcast, bots; none: all of them."),
        ] = None,
        json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
        seconds: Annotated[float, typer.Option(min=0.02, help="Length of one round of load.")] = 1.0,
        rounds: Annotated[int, typer.Option(min=1, help="Rounds of each contender.")] = 7,
        streams: Annotated[int, typer.Option(min=1, help="Interpretations read at once.")] = 300,
        recipients: Annotated[int, typer.Option(min=1, help="People of the broadcast.")] = 100_000,
    ) -> None:
        """Measure speed and memory, side by side with bare references, on servers of its own."""
        from app.bench.run import NAMES, run_benches

        unknown = sorted(set(names or ()) - set(NAMES))
        if unknown:
            typer.echo(f"There is no bench called {', '.join(unknown)}; there are {', '.join(NAMES)}.", err=True)
            raise typer.Exit(2)
        run_benches(
            names or list(NAMES),
            seconds=seconds,
            rounds=rounds,
            streams=streams,
            recipients=recipients,
            json_path=json,
        )
