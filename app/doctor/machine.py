"""What this machine has: Python and packages, secrets, the public address, the built Mini App, disk."""

import asyncio
import platform
import re
import shutil
import stat
import sys
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from app.container import load_keyring
from app.doctor.findings import Finding, Patient, broken, ok, warning

OLDEST_PYTHON = (3, 11)
SHORTEST_SECRET = 32
FEWEST_LETTERS = 10
DISK_WARNING = 2 * 1024**3
DISK_BROKEN = 256 * 1024**2
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)(\[[^]]*\])?==(?P<version>[^;\s]+)(?P<condition>\s*;)?")


async def python(patient: Patient) -> list[Finding]:
    """The interpreter, and whether the installed packages are those of requirements.txt."""
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return [broken("Python", f"{version} is too old", "Use Python 3.11 or newer.")]
    wrong = await asyncio.to_thread(wrong_packages, patient.checkout / "requirements.txt")
    if wrong:
        text = f"{version}, but packages are not as in requirements.txt: {', '.join(wrong)}"
        return [warning("Python", text, "Run pip install -r requirements.txt, or start ./entrypoint.sh again.")]
    return [ok("Python", version)]


def wrong_packages(requirements: Path) -> list[str]:
    """Packages that are missing or not of the pinned version; those with a condition are left out."""
    if not requirements.exists():
        return []
    production = requirements.read_text(encoding="utf-8").partition("# Servers of the demo")[0]
    wrong = []
    for line in production.splitlines():
        pinned = PINNED.match(line)
        if pinned is None or pinned["condition"]:
            continue
        try:
            found = metadata.version(pinned["name"])
        except metadata.PackageNotFoundError:
            found = "missing"
        if found != pinned["version"]:
            wrong.append(f"{pinned['name']} {found} (wanted {pinned['version']})")
    return wrong


async def secrets(patient: Patient) -> list[Finding]:
    """The secret and the sealing keys: there, strong enough, and closed to others."""
    return await asyncio.to_thread(_secrets, patient)


def _secrets(patient: Patient) -> list[Finding]:
    settings = patient.settings
    findings = []
    configured = settings.secret_key.get_secret_value()
    kept = settings.data_dir / "secret"
    if configured and (len(configured) < SHORTEST_SECRET or len(set(configured)) < FEWEST_LETTERS):
        text = f"SECRET_KEY is too weak: it needs at least {SHORTEST_SECRET} random characters"
        findings.append(broken("Secret", text, "openssl rand -hex 32 makes a good one."))
    elif configured:
        findings.append(ok("Secret", "SECRET_KEY is set"))
    elif kept.exists():
        findings += _closed("Secret", kept) or [ok("Secret", f"kept in {kept}")]
    else:
        findings.append(ok("Secret", f"will be made in {kept} at the first start"))
    keys = settings.data_dir / "keyring.json"
    if not keys.exists():
        return [*findings, ok("Sealing keys", f"will be made in {keys} at the first start")]
    try:
        ring = load_keyring(settings)
    except (OSError, ValueError, KeyError, TypeError):
        text = f"{keys} cannot be read: without it no bot token of the catalogue can be opened"
        return [*findings, broken("Sealing keys", text, "Restore it from the backup of the data folder.")]
    return [
        *findings,
        *(_closed("Sealing keys", keys) or [ok("Sealing keys", f"{len(ring.ids)} in {keys}, part of the backup")]),
    ]


def _closed(subject: str, path: Path) -> list[Finding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return [broken(subject, f"{path} can be read by others (mode {mode:o})", f"chmod 600 {path}")]
    return []


async def public_address(patient: Patient) -> list[Finding]:
    """Telegram and people need an address that they reach, by https."""
    settings = patient.settings
    parts = urlsplit(settings.public_url)
    subject = "Public address"
    if settings.demo:
        return [ok(subject, f"{settings.public_url} (demo)")]
    if parts.scheme != "https":
        text = f"{settings.public_url} is not https: Telegram opens Mini Apps and sends webhooks only by https"
        advice = "Set PUBLIC_URL to the https address of your reverse proxy."
        return [broken(subject, text, advice) if _outside(parts.hostname) else warning(subject, text, advice)]
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.get(f"{settings.public_url}/healthz")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        text = f"{settings.public_url} does not answer from here ({type(error).__name__})"
        return [warning(subject, text, "Start the API, and check the reverse proxy, the certificate and the DNS.")]
    if answer.status_code != 200 or answer.headers.get("content-type", "").partition(";")[0] != "application/json":
        text = f"{settings.public_url} answers, but not as Arcana does (status {answer.status_code})"
        return [broken(subject, text, "Let the reverse proxy pass all paths on to the API.")]
    return [ok(subject, settings.public_url)]


def _outside(host: str | None) -> bool:
    return host not in ("127.0.0.1", "localhost", "::1", None)


async def mini_app(patient: Patient) -> list[Finding]:
    """Whether there is a build to serve, and newer than its sources."""
    return await asyncio.to_thread(_mini_app, patient.checkout / "miniapp")


def _mini_app(folder: Path) -> list[Finding]:
    page = folder / "dist" / "index.html"
    build = "Run npm ci && npm run build in miniapp/."
    if not page.is_file():
        return [broken("Mini App", "it is not built: its pages answer 503", build)]
    sources = [path.stat().st_mtime for path in (folder / "src").rglob("*") if path.is_file()]
    if sources and max(sources) > page.stat().st_mtime:
        return [warning("Mini App", "its sources are newer than its build", build)]
    return [ok("Mini App", "built")]


async def disk(patient: Patient) -> list[Finding]:
    """Room for the data folder, and whether it can be written."""
    return await asyncio.to_thread(_disk, patient.settings.data_dir.resolve())


def _disk(folder: Path) -> list[Finding]:
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / 1024**3:.1f} GiB free for {folder}"
    if free < DISK_BROKEN:
        return [broken("Disk", text, "Make room: databases stop when the disk is full.")]
    if free < DISK_WARNING:
        return [warning("Disk", text, "Make room soon.")]
    return [ok("Disk", text)]
