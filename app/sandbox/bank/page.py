"""The page a person pays on, in Russian and English, made for a phone first."""

from html import escape
from typing import Final

from app.payments.sums import show
from app.sandbox.bank.books import Payment

TEXTS: Final[dict[str, dict[str, str]]] = {
    "ru": {
        "bank": "Учебный банк",
        "play": "Деньги здесь игрушечные: ничего не спишется.",
        "pay": "Оплатить",
        "again": "Можно и так",
        "decline": "Отказ банка",
        "decline_note": "карту не приняли, заказ можно оплатить снова",
        "twice": "Оплатить дважды",
        "twice_note": "второй платёж магазин вернёт сам",
        "late": "Деньги придут позже",
        "late_note": "через {seconds} с",
        "silent": "Оплатить и промолчать",
        "silent_note": "банк не сообщит магазину, тот спросит сам",
        "leave": "Вернуться, не оплатив",
        "paid": "Оплачено",
        "paid_note": "Можно вернуться в магазин.",
        "coming": "Деньги в пути",
        "coming_note": "Банк проведёт платёж через несколько секунд.",
        "declined": "Банк отказал",
        "declined_note": "Попробуйте ещё раз или вернитесь в магазин.",
        "back": "Вернуться в магазин",
        "unknown": "Такого платежа нет",
        "unknown_note": "После перезапуска банк всё забывает: начните оплату в магазине заново.",
        "closed": "Магазин закрыл этот платёж",
        "closed_note": "Заказ отменён. Начните оплату в магазине заново.",
        "done": "Этот платёж уже проведён",
        "done_note": "Второй раз платить не нужно.",
    },
    "en": {
        "bank": "Play Bank",
        "play": "This is play money: nothing will be charged.",
        "pay": "Pay",
        "again": "Or try this",
        "decline": "The bank declines",
        "decline_note": "the card is not accepted; the order can be paid again",
        "twice": "Pay twice",
        "twice_note": "the shop sends the second payment back by itself",
        "late": "The money comes later",
        "late_note": "in {seconds} s",
        "silent": "Pay and keep silent",
        "silent_note": "the bank does not tell the shop, which will ask",
        "leave": "Go back without paying",
        "paid": "Paid",
        "paid_note": "You can go back to the shop.",
        "coming": "The money is on its way",
        "coming_note": "The bank will make the payment in a few seconds.",
        "declined": "The bank has declined",
        "declined_note": "Try again, or go back to the shop.",
        "back": "Back to the shop",
        "unknown": "There is no such payment",
        "unknown_note": "The bank forgets everything when it restarts: begin anew in the shop.",
        "closed": "The shop has closed this payment",
        "closed_note": "The order was canceled: begin anew in the shop.",
        "done": "This payment was made before",
        "done_note": "There is no need to pay twice.",
    },
}
OTHERS: Final = ("decline", "twice", "late", "silent")

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6474; --paper: #f2f4f7; --card: #fff; --line: #e1e5eb;
  --go: #1f6f54; --go-ink: #fff; --note: #fff6dd; --note-ink: #6b5310; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef1f5; --soft: #a5aebd; --paper: #12161d; --card: #1c222c;
  --line: #303846; --go: #4fb890; --go-ink: #08150f; --note: #33290c; --note-ink: #f0dc9c; } }
* { box-sizing: border-box; margin: 0; }
body { background: var(--paper); color: var(--ink); font: 16px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif;
  min-height: 100dvh; display: grid; place-items: center; padding: 20px 16px; }
main { width: 100%; max-width: 400px; display: grid; gap: 16px; }
header { display: flex; align-items: center; gap: 10px; font-weight: 650; }
header svg { width: 28px; height: 28px; fill: var(--go); flex: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 18px; padding: 24px 20px;
  display: grid; gap: 14px; }
.sum { font-size: 36px; font-weight: 700; letter-spacing: -0.02em; line-height: 1.1; overflow-wrap: anywhere; }
.what { color: var(--soft); overflow-wrap: anywhere; }
.note { background: var(--note); color: var(--note-ink); border-radius: 12px; padding: 10px 14px; font-size: 14px; }
form { display: contents; }
button, .button { font: inherit; width: 100%; min-height: 48px; border-radius: 14px; border: 1px solid var(--line);
  background: transparent; color: var(--ink); padding: 10px 16px; text-align: left; cursor: pointer; display: block;
  text-decoration: none; }
button small { display: block; color: var(--soft); font-size: 13px; }
.go { background: var(--go); color: var(--go-ink); border-color: var(--go); font-weight: 650; text-align: center;
  min-height: 54px; font-size: 17px; }
.button.go { display: grid; place-items: center; }
.quiet { border-color: transparent; color: var(--soft); text-align: center; }
h2 { font-size: 14px; font-weight: 600; color: var(--soft); }
.others { display: grid; gap: 8px; }
button:focus-visible, .button:focus-visible { outline: 3px solid var(--go); outline-offset: 2px; }
"""
MARK: Final = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2 2 7v2h20V7zM4 11v7h3v-7zm6.5 0v7h3v-7z'
    'M17 11v7h3v-7zM2 20v2h20v-2z"/></svg>'
)


def render(payment: Payment | None, *, late_seconds: float = 0, problem: str = "") -> str:
    """`problem` is the bank's own code, for a page that cannot be shown."""
    language = payment.language if payment is not None and payment.language in TEXTS else "ru" if not payment else "en"
    texts = TEXTS[language]
    if payment is None:
        name = {"already_paid": "done", "closed": "closed"}.get(problem, "unknown")
        body = _card(f'<p class="sum">{texts[name]}</p><p class="what">{texts[f"{name}_note"]}</p>')
    elif payment.state == "paid" or payment.arrives_at is not None:
        name = "paid" if payment.state == "paid" else "coming"
        back = f'<a class="button go" href="{escape(payment.return_url)}">{texts["back"]}</a>'
        body = _card(f'<p class="sum">{texts[name]}</p><p class="what">{texts[f"{name}_note"]}</p>{back}')
    else:
        body = _choices(payment, texts, language, late_seconds)
    refresh = (
        '<meta http-equiv="refresh" content="2">' if payment and payment.arrives_at and not payment.charges else ""
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">{refresh}'
        '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">'
        f"<title>{texts['bank']}</title><style>{STYLE}</style></head>"
        f"<body><main><header>{MARK}<span>{texts['bank']}</span></header>{body}</main></body></html>"
    )


def _card(content: str) -> str:
    return f'<section class="card">{content}</section>'


def _choices(payment: Payment, texts: dict[str, str], language: str, late_seconds: float) -> str:
    amount = show(payment.amount, payment.currency, language)
    declined = (
        f'<p class="note">{texts["declined"]}. {texts["declined_note"]}</p>' if payment.state == "declined" else ""
    )
    first = (
        f'{declined}<p class="sum">{amount}</p><p class="what">{escape(payment.description)}</p>'
        + _button(payment, "pay", f"{texts['pay']} {amount}", "go")
        + _button(payment, "leave", texts["leave"], "quiet")
    )
    seconds = f"{late_seconds:g}"
    others = "".join(
        _button(payment, name, f"{texts[name]}<small>{texts[name + '_note'].format(seconds=seconds)}</small>")
        for name in OTHERS
    )
    return (
        f'<p class="note">{texts["play"]}</p>{_card(first)}<h2>{texts["again"]}</h2><div class="others">{others}</div>'
    )


def _button(payment: Payment, action: str, caption: str, style: str = "") -> str:
    return (
        f'<form method="post" action="/pay/{payment.id}/{action}">'
        f'<button class="{style}" data-action="{action}">{caption}</button></form>'
    )
