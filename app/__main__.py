"""The command line: `python -m app COMMAND`."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from app.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
ledger = typer.Typer(no_args_is_help=True, help="The books of wallets and money.")
app.add_typer(ledger, name="ledger")


def read_settings() -> Settings:
    """Ends with words instead of a traceback when a setting is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(map(str, problem["loc"])).upper() or "settings"
            typer.echo(f"{name}: {problem['msg'].removeprefix('Value error, ')}", err=True)
        raise typer.Exit(2) from None


def run(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Runs `work` with servers behind it: the configured ones, or embedded ones for as long as it lasts."""
    from app.kit.process import run_until_stopped
    from app.kit.telemetry import configure_logging
    from app.storage import with_storage

    settings = read_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    with with_storage(settings) as ready:
        run_until_stopped(work(ready))


@app.command()
def api() -> None:
    """Serve the API and the Mini App."""
    import uvicorn

    from app.main import create_app
    from app.storage import with_storage

    with with_storage(read_settings()) as settings:
        uvicorn.run(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            loop="uvloop" if sys.platform != "win32" else "asyncio",
            http="httptools",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies) or None,
            timeout_graceful_shutdown=10,
        )


@app.command()
def worker() -> None:
    """Run jobs and the schedule; any number of workers may run."""
    from app.worker.runner import run_worker

    run(run_worker)


@app.command()
def polling() -> None:
    """Fetch the bots' updates instead of receiving webhooks."""
    from app.bots import routers
    from app.telegram.polling import run_polling

    run(lambda settings: run_polling(settings, routers()))


@app.command()
def migrate() -> None:
    """Bring the database up to date."""
    from app.kit.migrations import migrate as bring_up_to_date

    run(lambda settings: bring_up_to_date(settings.database_url))


@app.command()
def credit(
    project: Annotated[str, typer.Argument(help="The project's slug.")],
    telegram_id: Annotated[int, typer.Argument(help="The user's Telegram id.")],
    amount: Annotated[int, typer.Argument(min=1, max=10_000, help="How many.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.")],
    unit: Annotated[str, typer.Option(help="readings or follow_ups")] = "readings",
    key: Annotated[str | None, typer.Option(help="The same key credits once.")] = None,
) -> None:
    """Give readings or follow-ups by hand."""
    from app.crm.cli_credit import credit as give

    run(
        lambda settings: give(
            settings, slug=project, telegram_id=telegram_id, amount=amount, unit=unit, reason=reason, key=key
        )
    )


@ledger.command("books")
def show_books(
    again: Annotated[bool, typer.Option(help="Send everything that waits now.")] = False,
) -> None:
    """What WooCommerce's books still lack, and why."""
    from app.payments.books.cli import print_books

    run(lambda settings: print_books(settings, again=again))


@ledger.command("check")
def check_ledger() -> None:
    """Prove every rule of the books over the whole database; exit code 1 and the rows if any is broken."""
    from app.payments.ledger.cli import print_check

    run(print_check)


@app.command()
def pair(
    address: Annotated[str | None, typer.Option(help="Where WordPress reaches this backend; PUBLIC_URL.")] = None,
) -> None:
    """Print the string that connects a WordPress, once, within a day."""
    from app.woocommerce.cli import print_pairing

    run(lambda settings: print_pairing(settings, address=address or settings.public_url))


@app.command()
def staff_link(
    project: Annotated[str, typer.Option(help="The project's slug.")],
) -> None:
    """Print the link by which a manager connects the project's staff group, once, within an hour."""
    from app.crm.cli import print_staff_link

    run(lambda settings: print_staff_link(settings, slug=project))


@app.command()
def keys(
    rotate: Annotated[bool, typer.Option(help="Make a new current key; the old ones still open.")] = False,
) -> None:
    """Show the sealing keys of this installation."""
    from app.container import load_keyring

    settings = read_settings()
    ring = load_keyring(settings)
    if rotate:
        ring = ring.rotated()
        ring.save(settings.data_dir / "keyring.json", replace=True)
    for number, identity in enumerate(ring.ids):
        typer.echo(f"{identity}  {'current: seals' if number == 0 else 'older: still opens'}")


@app.command()
def openapi(
    path: Annotated[Path | None, typer.Argument(help="Where to; else to the screen.")] = None,
) -> None:
    """Write the OpenAPI document."""
    import json

    from app.main import build_api

    # The development sign-in belongs to the Mini App's client, though a deployment does not offer it.
    settings = Settings(_env_file=None, demo=True, host="127.0.0.1")
    text = json.dumps(build_api(settings).openapi(), indent=2, ensure_ascii=False) + "\n"
    if path is None:
        typer.echo(text, nl=False)
    else:
        path.write_text(text, encoding="utf-8")


@app.command()
def doctor() -> None:
    """Say in words what is wrong with this installation."""
    from app.doctor import examine

    raise typer.Exit(asyncio.run(examine(read_settings())))


@app.command()
def demo() -> None:
    """Everything on this machine: servers, bots, model, worker and API."""
    from app.demo import run_demo

    raise typer.Exit(run_demo())


def main() -> None:
    from app.ai import cli as ai
    from app.bench import cli as bench

    ai.add_commands(app)
    bench.add_commands(app)
    app()


if __name__ == "__main__":
    main()
