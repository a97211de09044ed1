"""Payment pages of the sandboxes: plain HTML without scripts, in Russian and English."""

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

# Forms lead back to whatever address the shop gave: browsers check that after the redirect, too.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action http: https: tg:; base-uri 'none'"
HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}
main{width:min(26rem,calc(100vw - 2rem));padding:2rem 0}
header{display:flex;justify-content:space-between;align-items:baseline;border-bottom:3px solid var(--accent)}
header b{color:var(--accent)}
@media (prefers-color-scheme:dark){header b{color:CanvasText}}
a{display:inline-block;padding:.6rem 0;color:inherit}
h1{font-size:1.9rem;margin:1rem 0 0} h2{font-size:1.1rem;margin:1.2rem 0 0} form{display:grid;gap:.75rem;margin:1rem 0}
label{display:grid;gap:.25rem} input{font:inherit;padding:.6rem .7rem;border:1px solid GrayText;border-radius:.5rem}
button{font:inherit;padding:.7rem;border:0;border-radius:.5rem;background:var(--accent);color:#fff;cursor:pointer}
button.plain{background:none;color:inherit;border:1px solid GrayText}
.cards{grid-template-columns:1fr 1fr}
.problem{padding:.6rem .8rem;border-radius:.5rem;background:#c0262633;border:1px solid #c02626}
"""


SYMBOLS = {"RUB": "₽", "USD": "$", "EUR": "€", "GBP": "£"}


def amount(digits: str, currency: str, language: str) -> str:
    """`199.00`, as people of this language write it."""
    written = digits.replace(".", ",") if language.startswith("ru") else digits
    return f"{written}\u00a0{SYMBOLS.get(currency, currency)}"


def page(title: str, body: str, *, brand: str, accent: str, language: str, status: int = 200) -> HTMLResponse:
    """`body` is finished HTML; the rest is escaped here."""
    return HTMLResponse(
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)}</title>'
        f"<style>:root{{--accent:{accent}}}{STYLE}</style></head><body><main><header><b>{escape(brand)}</b>"
        f"<small>SANDBOX</small></header>{body}</main></body></html>",
        status,
        HEADERS,
    )


def form(action: str, *, fields: Mapping[str, str], button: str, name: str = "", kind: str = "") -> str:
    """A button that posts fixed fields."""
    inputs = "".join(
        f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">' for key, value in fields.items()
    )
    return (
        f'<form method="post" action="{escape(action)}">{inputs}'
        f'<button class="{escape(kind)}" data-action="{escape(name)}">{escape(button)}</button></form>'
    )
