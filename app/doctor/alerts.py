"""Whether super-admins would hear of it in the night."""

from typing import Any

import httpx

from app.catalogue.secrets import TokenUnreadable, open_bot
from app.doctor.findings import Finding, Patient, broken, keyring_of, ok, warning
from app.doctor.outside import served_document
from app.kit import json

HTTP = httpx.Timeout(10, connect=5)
SUBJECT = "Alerts"


async def alerts(patient: Patient) -> list[Finding]:
    """Whether there are super-admins, a bot to tell them, and a chat of each with it."""
    settings = patient.settings
    if not settings.super_admins:
        text = "nobody is told when something breaks"
        if settings.demo:
            return [ok(SUBJECT, text)]
        return [warning(SUBJECT, text, "Set SUPER_ADMINS to the Telegram ids of those who shall be told.")]
    own = settings.alert_bot_token.get_secret_value()
    if settings.demo and not own:
        return [ok(SUBJECT, "they stay in the sandbox (demo)")]
    token = own or await _project_token(patient)
    if token is None:
        text = "there are super-admins, but no bot to tell them"
        return [broken(SUBJECT, text, "Set ALERT_BOT_TOKEN, or bring a project with a bot live.")]
    findings = []
    if not own:
        text = "they come from the first live project's bot, which is known only while the catalogue is"
        findings.append(warning(SUBJECT, text, "Make a bot for them with @BotFather, and set ALERT_BOT_TOKEN."))
    test = "test/" if settings.demo else ""
    async with httpx.AsyncClient(timeout=HTTP) as http:
        address = f"{settings.telegram_api_url}/bot{token}/{test}"
        me = await _ask(http, f"{address}getMe")
        if me is None:
            return [*findings, warning(SUBJECT, "Telegram did not answer about their bot", "Try again in a minute.")]
        if not me.get("ok"):
            text = f"Telegram refuses the bot's token ({me.get('description', 'without a reason')})"
            return [*findings, broken(SUBJECT, text, "Set ALERT_BOT_TOKEN to a valid one.")]
        name = f"@{me['result'].get('username')}"
        for person in settings.super_admins:
            chat = await _ask(http, f"{address}getChat", {"chat_id": person})
            if chat is None or not chat.get("ok"):
                text = f"{name} cannot write to super-admin {person}"
                findings.append(broken(SUBJECT, text, f"He has to open {name} in Telegram and press Start."))
    if not any(finding.level == "broken" for finding in findings):
        findings.append(ok(SUBJECT, f"{name} reaches {len(settings.super_admins)} super-admins"))
    return findings


async def _ask(http: httpx.AsyncClient, address: str, body: dict[str, int] | None = None) -> dict[str, Any] | None:
    # The address holds the token: nothing of what httpx says about it may be shown.
    try:
        answer = json.loads((await http.post(address, json=body or {})).content)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


async def _project_token(patient: Patient) -> str | None:
    served = await served_document(patient)
    keyring = keyring_of(patient.settings)
    for project in served[1].document["projects"] if served else ():
        if project["status"] != "live":
            continue
        try:
            bot = open_bot(keyring, project["key"], project.get("bot"))
        except TokenUnreadable:
            continue
        if bot is not None:
            return bot.token.get_secret_value()
    return None
