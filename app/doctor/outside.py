"""WordPress, the catalogue that came from it, and the bots at Telegram."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from app.catalogue.repository import CatalogueRepository, State, StoredDocument
from app.catalogue.secrets import TokenUnreadable, open_bot
from app.doctor.findings import Finding, Patient, broken, keyring_of, ok, warning
from app.kit import json
from app.kit.clock import utc_now
from app.telegram.repository import BotRecord, bot_records
from app.telegram.session import api_server
from app.woocommerce.client import StoreClient
from app.woocommerce.errors import PairingRejected, StoreError
from app.woocommerce.pairing import active_store

# initData and signed requests are refused beyond these; a warning comes earlier.
SKEW = timedelta(seconds=20)
SHOWN = 5
WEBHOOK_ERROR_AGE = timedelta(hours=1)
MANY_UPDATES = 100
HTTP = httpx.Timeout(10, connect=5)


async def store(patient: Patient) -> list[Finding]:
    """Whether a WordPress is connected, answers, and has all that the plugin needs."""
    assert patient.database is not None  # noqa: S101 - for the type checker: this check runs with a database
    keyring = keyring_of(patient.settings)
    try:
        async with patient.database.connection() as connection:
            access = await active_store(connection, keyring, patient.settings)
    except PairingRejected as error:
        text = f"its API key cannot be opened: {error.message}"
        return [broken("WordPress", text, "Restore the sealing keys, or pair again: ./entrypoint.sh pair.")]
    if access is None:
        text = "none is connected: the bundled demo catalogue is served"
        if patient.settings.demo:
            return [ok("WordPress", text)]
        advice = "Run ./entrypoint.sh pair and paste what it prints into WooCommerce → Arcana."
        return [warning("WordPress", text, advice)]
    async with httpx.AsyncClient(timeout=HTTP) as http:
        try:
            answer = await StoreClient(http, access).get("wc-arcana/v1/status")
            status = json.loads(answer.body)
        except StoreError as error:
            advice = "Check the address, the API key, and that the plugin is active."
            return [broken("WordPress", f"{access.url}: {error} ({error.code})", advice)]
        except ValueError:
            return [broken("WordPress", f"{access.url} answers something that is not JSON", "Look at its error log.")]
    missing = [name for name in ("woocommerce", "acf") if not status.get(name)]
    if missing:
        text = f"{access.url} has no active {' and no active '.join(missing)}: the plugin serves no catalogue"
        return [broken("WordPress", text, "Activate it; until then the last good catalogue is served.")]
    if not status.get("version"):
        return [broken("WordPress", f"{access.url} cannot build its catalogue", "Look at its error log.")]
    versions = ", ".join(f"{name} {status.get(name)}" for name in ("plugin", "wordpress", "woocommerce", "acf", "php"))
    return [ok("WordPress", f"{access.url} ({versions})")]


async def served_document(patient: Patient) -> tuple[State, StoredDocument] | None:
    """The catalogue that is served, if there is one."""
    assert patient.database is not None  # noqa: S101 - for the type checker: this check runs with a database
    async with patient.database.connection() as connection:
        repository = CatalogueRepository(connection)
        state = await repository.serving()
        stored = await repository.document(state) if state else None
    return (state, stored) if state and stored else None


async def catalogue(patient: Patient) -> list[Finding]:
    """Whether there is one, how fresh it is, and what its managers have been told."""
    served = await served_document(patient)
    if served is None:
        return [broken("Catalogue", "there is none yet", "Start the API: it fetches it.")]
    state, stored = served
    projects = stored.document["projects"]
    live = sum(project["status"] == "live" for project in projects)
    what = f"{len(projects)} projects, {live} of them live, from the {state.source}"
    findings = []
    if state.failing_since is not None:
        text = f"WordPress has not answered well since {moment(state.failing_since)} ({state.failure}); {what}"
        received = f" of {moment(state.received_at)}" if state.received_at else ""
        findings.append(warning("Catalogue", text, f"See WordPress above. The last good one{received} is served."))
    elif state.source == "store" and _overdue(patient, state):
        seen = moment(state.checked_at) if state.checked_at else "never"
        findings.append(warning("Catalogue", f"WordPress was asked last: {seen}", "Start the API or a worker."))
    else:
        findings.append(ok("Catalogue", what))
    for problem in state.problems[:SHOWN]:
        text = f"{problem['kind']} '{problem['key']}': {problem['detail']['en']}"
        findings.append(warning("Catalogue", text, "Correct it in WordPress; the manager sees it there too."))
    if len(state.problems) > SHOWN:
        findings.append(warning("Catalogue", f"and {len(state.problems) - SHOWN} more problems of this kind"))
    return findings


def _overdue(patient: Patient, state: State) -> bool:
    allowed = timedelta(seconds=60 + 3 * patient.settings.catalogue_poll_seconds)
    return state.checked_at is None or utc_now() - state.checked_at > allowed


async def bots(patient: Patient) -> list[Finding]:
    """Whether each bot's token opens, Telegram takes it, and updates arrive."""
    assert patient.database is not None  # noqa: S101 - for the type checker: this check runs with a database
    settings = patient.settings
    if settings.demo:
        return [ok("Bots", "they live in the sandbox (demo)")]
    served = await served_document(patient)
    keyring = keyring_of(settings)
    async with patient.database.connection() as connection:
        records = await bot_records(connection)
    findings, tokens = [], []
    for project in served[1].document["projects"] if served else ():
        subject = f"Bot of '{project['key']}'"
        try:
            bot = open_bot(keyring, project["key"], project.get("bot"))
        except TokenUnreadable as error:
            text = f"its token cannot be read: {error}"
            findings.append(broken(subject, text, "Enter the token again in WordPress."))
            continue
        if bot is not None:
            tokens.append((subject, bot.id, bot.token.get_secret_value()))
        elif project["status"] == "live":
            findings.append(warning(subject, "the project is live and has no bot", "Enter its token in WordPress."))
    async with httpx.AsyncClient(timeout=HTTP) as http:
        reached = await _telegram(http, settings.telegram_api_url, needed=bool(tokens))
        findings += reached
        if reached[0].level == "broken":
            return findings
        room = asyncio.Semaphore(4)

        async def ask(subject: str, bot_id: int, token: str) -> Finding:
            async with room:
                return await _bot(http, patient, subject, token, records.get(bot_id))

        return [*findings, *await asyncio.gather(*(ask(*bot) for bot in tokens))]


async def _telegram(http: httpx.AsyncClient, address: str, *, needed: bool) -> list[Finding]:
    try:
        answer = await http.get(address)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        text = f"{address} cannot be reached from here ({type(error).__name__})"
        advice = "Check the network, the firewall and TELEGRAM_API_URL."
        return [broken("Telegram", text, advice) if needed else warning("Telegram", text, advice)]
    findings = [ok("Telegram", f"{address} answers")]
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return findings
    skew = abs(utc_now() - theirs)
    if skew > SKEW:
        text = f"this machine's clock is {skew.total_seconds():.0f} s off, so sign-ins will be refused"
        findings.append(broken("Clock", text, "Let this machine take its time from NTP."))
    return findings


async def _bot(
    http: httpx.AsyncClient, patient: Patient, subject: str, token: str, record: BotRecord | None
) -> Finding:
    settings = patient.settings
    server = api_server(settings.telegram_api_url, test_environment=False)
    # The address holds the token: nothing of what httpx says about it may be shown.
    try:
        me, hook = [
            json.loads((await http.post(server.api_url(token, method))).content)
            for method in ("getMe", "getWebhookInfo")
        ]
    except (httpx.HTTPError, ValueError):
        return broken(subject, "Telegram did not answer about it", "Try again in a minute.")
    if not me.get("ok"):
        text = f"Telegram refuses its token ({me.get('description', 'without a reason')})"
        return broken(subject, text, "Enter a valid token in WordPress.")
    name = f"@{me['result'].get('username')}"
    info: dict[str, Any] = hook.get("result") or {}
    if record is None:
        return warning(subject, f"{name} is not set up yet", "A worker does this within ten seconds.")
    if record.state in ("refused", "failing"):
        return broken(subject, f"{name} could not be set up: {record.error}", "It is tried again by itself.")
    if settings.telegram_updates == "polling":
        if info.get("url"):
            return broken(subject, f"{name} has a webhook, so polling gets nothing", "Is it used elsewhere?")
        return ok(subject, f"{name}, polled")
    return _webhook(subject, name, info, f"{settings.public_url}/telegram/webhook/{record.webhook_id}")


def _webhook(subject: str, name: str, info: dict[str, Any], expected: str) -> Finding:
    if info.get("url") != expected:
        text = f"the webhook of {name} points {'elsewhere' if info.get('url') else 'nowhere'}"
        return broken(subject, text, "Is the token used by another program, too? A worker sets it again.")
    failed_at = datetime.fromtimestamp(info.get("last_error_date", 0), UTC)
    if utc_now() - failed_at < WEBHOOK_ERROR_AGE:
        text = f"Telegram could not deliver to {name} at {moment(failed_at)}: {info.get('last_error_message')}"
        return warning(subject, text, "Check that PUBLIC_URL is reachable from outside.")
    if info.get("pending_update_count", 0) > MANY_UPDATES:
        text = f"{info['pending_update_count']} updates of {name} wait at Telegram"
        return warning(subject, text, "Check that PUBLIC_URL is reachable from outside.")
    return ok(subject, f"{name}, webhook in place")


def moment(time: datetime) -> str:
    """For people, in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
