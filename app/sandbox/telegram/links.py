"""Which addresses Telegram accepts in buttons (tdlib/td, LinkManager::check_link)."""

import ipaddress
from urllib.parse import urlsplit

from app.sandbox.telegram.errors import ApiError, bad_request


def check_link(url: str, *, what: str, https_only: bool = False, web: bool = False) -> None:
    """Raises the refusal for `url`; `what` names the place, `web` allows http and https only."""
    if problem := _problem(url, https_only=https_only, web=web):
        raise bad_request(f"{what} URL '{url}' is invalid: {problem}")


def check_button_url(url: str) -> None:
    """As `check_link`; loopback passes the client library and is refused by Telegram's servers."""
    check_link(url, what="Inline keyboard button")
    parts = urlsplit(url if "//" in url else f"//{url}")
    if url.startswith("tg:"):
        return
    try:
        address = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return
    if address.is_loopback or address.is_private:
        raise ApiError(400, "Bad Request: BUTTON_URL_INVALID")


def web_host(url: str) -> str | None:
    """The host of an http or https address; None for anything else."""
    if _problem(url, https_only=False, web=True):
        return None
    return urlsplit(url if "://" in url else f"http://{url}").hostname


def _problem(url: str, *, https_only: bool, web: bool) -> str | None:
    if url.startswith(("tg:", "ton:")):
        if https_only:
            return "Only HTTPS links are allowed"
        return "Only HTTP links are allowed" if web else None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "Wrong port number specified in the URL"
    if parts.scheme not in ("http", "https"):
        return "Unsupported URL protocol"
    if not host:
        return "URL host is empty"
    if https_only and parts.scheme != "https":
        return "Only HTTPS links are allowed"
    if "." not in host and ":" not in host:
        return "Wrong HTTP URL"
    return None
