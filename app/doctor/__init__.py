"""`python -m app doctor`: says in words what is wrong with this installation, and what to do about it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from app.doctor import machine, models, outside, storage
from app.doctor.alerts import alerts
from app.doctor.findings import CHECKOUT, Finding, Patient, broken, warning
from app.errors import Unavailable
from app.kit.database import Database
from app.kit.embedded import EmbeddedServerError, EmbeddedServers, running_servers
from app.kit.telemetry import redact
from app.settings import Settings

Check = Callable[[Patient], Awaitable[list[Finding]]]

MACHINE: tuple[Check, ...] = (
    machine.python,
    machine.secrets,
    machine.public_address,
    machine.mini_app,
    machine.disk,
)
STORAGE: tuple[Check, ...] = (storage.database, storage.redis)
# They need a database at the newest schema.
PRODUCT: tuple[Check, ...] = (
    storage.worker,
    outside.store,
    outside.catalogue,
    outside.bots,
    models.profiles,
    alerts,
)
MARKS = {"ok": "✓", "warning": "!", "broken": "✗"}


async def examine(settings: Settings, *, checkout: Path = CHECKOUT) -> int:
    """Print every finding; 1 if something is broken, else 0. Changes nothing."""
    findings = await findings_of(settings, checkout=checkout)
    for finding in findings:
        sys.stdout.write(f"  {MARKS[finding.level]} {finding.subject}: {redact(finding.text)}\n")
        if finding.advice:
            sys.stdout.write(f"      → {redact(finding.advice)}\n")
    count = {level: sum(finding.level == level for finding in findings) for level in MARKS}
    sys.stdout.write(
        "\nEverything is in order.\n"
        if not count["broken"] and not count["warning"]
        else f"\n{count['broken']} broken, {count['warning']} to look at, {count['ok']} in order.\n"
    )
    return 1 if count["broken"] else 0


async def findings_of(settings: Settings, *, checkout: Path = CHECKOUT) -> list[Finding]:
    """All findings, in the order of the checks."""
    patient = Patient(settings, checkout)
    findings = await run(MACHINE, patient)
    async with AsyncExitStack() as stack:
        try:
            ready = await with_servers(settings, stack)
        except EmbeddedServerError as error:
            return [*findings, broken("Embedded servers", str(error))]
        if ready is None:
            text = "no address is set, and no embedded server has been started in the data folder yet"
            advice = "Set DATABASE_URL and REDIS_URL, or start ./entrypoint.sh demo or api once."
            return [*findings, warning("Postgres and Redis", text, advice)]
        patient.settings = ready
        findings += await run(STORAGE, patient)
        if patient.database_usable:
            patient.database = Database(ready.database_url, pool_size=6)
            stack.push_async_callback(patient.database.close)
            findings += await run(PRODUCT, patient)
    return findings


async def with_servers(settings: Settings, stack: AsyncExitStack) -> Settings | None:
    """Settings with both addresses. Embedded servers are joined when they run, else started for as long as
    this takes; None when there are none yet, for a doctor makes no data."""
    if settings.database_url and settings.redis_url:
        return settings
    servers: object = await asyncio.to_thread(running_servers, settings.data_dir)
    if servers is None:
        if not (settings.data_dir / "servers.json").exists():
            return None
        embedded = EmbeddedServers(settings.data_dir, postgres=not settings.database_url, redis=not settings.redis_url)
        servers = await stack.enter_async_context(embedded)
    addresses = {name: getattr(settings, name) or getattr(servers, name) for name in ("database_url", "redis_url")}
    return settings.model_copy(update=addresses)


async def run(checks: tuple[Check, ...], patient: Patient) -> list[Finding]:
    async def guarded(check: Check) -> list[Finding]:
        try:
            return await check(patient)
        except Unavailable as error:
            # It was there a moment ago.
            return [broken("Database", error.message)]

    return [finding for found in await asyncio.gather(*map(guarded, checks)) for finding in found]


__all__ = ["Finding", "examine", "findings_of"]
