"""Postgres, its schema and its clock; Redis; and whether a worker lives."""

import time
from datetime import timedelta

import asyncpg

from app.doctor.findings import Finding, Patient, broken, ok, warning
from app.kit import redis as redis_kit
from app.kit.clock import utc_now
from app.kit.migrations import revisions

OLDEST_POSTGRES = 140_000
SKEW = timedelta(seconds=5)
# The most frequent job beats every two seconds.
WORKER_SILENCE = timedelta(seconds=30)
WAITING = timedelta(minutes=1)


async def database(patient: Patient) -> list[Finding]:
    """Reachable, new enough, UTF-8, at the newest schema, and with our time."""
    url = patient.settings.database_url
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError) as error:
        words = f"Postgres does not answer at DATABASE_URL ({type(error).__name__})"
        return [broken("Database", words, "Start it, and check host and port.")]
    except ValueError:
        return [broken("Database", "DATABASE_URL is not an address", "postgresql://user:password@host/name")]
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
        return [broken("Database", "Postgres refuses the user or the password of DATABASE_URL", "Correct them.")]
    except asyncpg.InvalidCatalogNameError:
        return [broken("Database", "the database of DATABASE_URL does not exist", "Create it: createdb.")]
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [broken("Database", f"Postgres lets nobody in now: {error}", "Look into its log.")]
    try:
        number = int(await connection.fetchval("SHOW server_version_num"))
        encoding = await connection.fetchval("SHOW server_encoding")
        before = utc_now()
        theirs = await connection.fetchval("SELECT clock_timestamp()")
        skew = abs(theirs - before) if theirs < before else max(timedelta(), theirs - utc_now())
    finally:
        await connection.close()
    version = f"Postgres {number // 10_000}"
    if number < OLDEST_POSTGRES:
        return [broken("Database", f"{version} is too old", "Use Postgres 14 or newer.")]
    if encoding != "UTF8":
        return [broken("Database", f"its encoding is {encoding}", "Create the database with ENCODING UTF8.")]
    findings = [ok("Database", version)]
    if skew > SKEW:
        text = f"the clocks of this machine and of the database differ by {skew.total_seconds():.0f} s"
        findings.append(warning("Clock", text, "Let both take their time from NTP."))
    return [*findings, await _schema(patient)]


async def _schema(patient: Patient) -> Finding:
    has, wants = await revisions(patient.settings.database_url)
    if has == wants:
        patient.database_usable = True
        return ok("Schema", f"up to date ({has})")
    if has is None:
        return broken("Schema", "the database is empty", "Run ./entrypoint.sh migrate.")
    text = f"the database is at revision {has}, this program wants {wants}"
    return broken("Schema", text, "Run ./entrypoint.sh migrate; if that fails, the program is older than the data.")


async def redis(patient: Patient) -> list[Finding]:
    """Reachable; without it the service is slower, and streams are choppy."""
    try:
        client = redis_kit.connect(patient.settings.redis_url)
    except ValueError:
        return [broken("Redis", "REDIS_URL is not an address", "redis://:password@host:6379/0")]
    try:
        started = time.monotonic()
        await client.ping()
        took = (time.monotonic() - started) * 1000
        policy = (await client.info("memory")).get("maxmemory_policy", "noeviction")
    except redis_kit.REDIS_LOST as error:
        text = f"Redis does not serve at REDIS_URL ({error or type(error).__name__})"
        return [broken("Redis", text, "Start it, and check host, port and password.")]
    finally:
        await client.aclose()
    if str(policy).startswith("allkeys"):
        text = f"it forgets any key when it is full ({policy})"
        return [warning("Redis", text, "Set maxmemory-policy to noeviction, or to one of volatile-*.")]
    return [ok("Redis", f"answers in {took:.1f} ms")]


async def worker(patient: Patient) -> list[Finding]:
    """Whether the schedule beats, and whether jobs wait for long."""
    assert patient.database is not None  # noqa: S101 - for the type checker: this check runs with a database
    async with patient.database.connection() as connection:
        silence = await connection.fetchval("SELECT clock_timestamp() - max(beaten_at) FROM beats")
        waiting = await connection.fetchval(
            "SELECT count(*) FROM pgqueuer WHERE status = 'queued' AND execute_after < now() - $1::interval",
            WAITING,
        )
    start = "Start one: ./entrypoint.sh worker."
    if silence is None:
        return [broken("Worker", "none has ever run: readings are not interpreted", start)]
    if silence > WORKER_SILENCE:
        seconds = int(silence.total_seconds())
        ago = f"{seconds} s" if seconds < 600 else f"{seconds // 60} min"
        return [broken("Worker", f"none has been heard of for {ago}: readings are not interpreted", start)]
    if waiting:
        text = f"{waiting} jobs have been waiting for more than a minute"
        return [warning("Worker", text, "Start more workers, and look into their log for failing jobs.")]
    return [ok("Worker", "alive")]
