"""The page on which a person pays, and the one on which the bank asks back."""

from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.sandbox import pages
from app.sandbox.yookassa import cards, payments
from app.sandbox.yookassa.errors import YooKassaRefusal
from app.sandbox.yookassa.state import Desk, Thing

TEXTS = {
    "en_US": {
        "title": "Payment", "number": "Card number", "expiry": "Expiry", "code": "CVC", "pay": "Pay",
        "save": "The card is saved for renewals", "try": "Or with one touch:", "good": "Good card",
        "declined": "Declined", "insufficient": "No funds", "secure": "3-D Secure", "revokes": "No renewals",
        "back": "Back to the shop", "bank": "Your bank asks: is it you?", "yes": "Confirm", "no": "Refuse",
        "closed": "This payment is closed: it was paid, refused, or its time is over.", "unknown": "Nothing is here.",
    },
    "ru_RU": {
        "title": "Оплата", "number": "Номер карты", "expiry": "Срок", "code": "CVC", "pay": "Заплатить",
        "save": "Карта сохранится для продлений", "try": "Или одним касанием:", "good": "Хорошая карта",
        "declined": "Отказ", "insufficient": "Нет средств", "secure": "3-D Secure", "revokes": "Без продлений",
        "back": "Вернуться в магазин", "bank": "Банк спрашивает: это вы?", "yes": "Подтвердить", "no": "Отклонить",
        "closed": "Платёж закрыт: он оплачен, отклонён или время вышло.", "unknown": "Здесь ничего нет.",
    },
}  # fmt: skip
TOUCH = {
    "good": cards.GOOD,
    "declined": cards.DECLINED,
    "insufficient": cards.INSUFFICIENT,
    "secure": cards.SECURE,
    "revokes": cards.REVOKES,
}
PATH = "/checkout/payments/v2/contract"


def routes(desk: Desk) -> list[Route]:
    # Where the shop wants people back is part of the confirmation, which a closed payment has no more.
    returns: dict[str, str] = {}

    async def contract(request: Request) -> Response:
        desk.tick()
        name = request.query_params.get("orderId", "")
        try:
            shop, payment = desk.find(name)
        except YooKassaRefusal:
            return _show(f'<p class="muted">{TEXTS["ru_RU"]["unknown"]}</p>', "ru_RU", status=404)
        locale = payment.get("locale", "ru_RU")
        if "confirmation" in payment:
            returns[name] = payment["confirmation"]["return_url"]
        back = returns.get(name, "")
        if payment["status"] != "pending":
            return _show(f'<p class="muted">{TEXTS[locale]["closed"]}</p>{_back(back, locale)}', locale)
        if request.method == "GET":
            return _show(_form(payment, locale, back), locale)
        fields = dict(parse_qsl((await request.body()).decode(errors="replace")))
        answer = {"yes": True, "no": False}.get(fields.get("authenticated", ""))
        number = fields.get("number", "")
        if payments.pay(desk, shop, payment, number, authenticated=answer) == "authenticate":
            return _show(_bank(payment, number, locale), locale)
        return RedirectResponse(back, 303)

    return [Route(PATH, contract, methods=["GET", "POST"])]


def _show(body: str, locale: str, *, status: int = 200) -> HTMLResponse:
    title, language = TEXTS[locale]["title"], locale[:2]
    return pages.page(title, body, brand="ЮKassa", accent="#0066ff", language=language, status=status)


def _back(address: str, locale: str) -> str:
    return f'<p><a data-action="back" href="{escape(address)}">{TEXTS[locale]["back"]}</a></p>' if address else ""


def _form(payment: Thing, locale: str, back: str) -> str:
    words, action = TEXTS[locale], f"{PATH}?orderId={payment['id']}"
    saving = bool(payment.get("wants_saving"))
    touch = "".join(
        pages.form(action, fields={"number": number}, button=words[name], name=name, kind="plain")
        for name, number in TOUCH.items()
        if saving or name != "revokes"
    )
    note = f'<p class="muted">{words["save"]}</p>' if saving else ""
    amount = payment["amount"]
    return (
        f"<h1>{escape(pages.amount(amount['value'], amount['currency'], locale))}</h1>"
        f"<p>{escape(payment.get('description', ''))}</p>"
        f'{note}<form method="post" action="{escape(action)}">'
        f'<label>{words["number"]}<input name="number" id="card-number" inputmode="numeric" autocomplete="off" '
        f'placeholder="5555 5555 5555 4444" required maxlength="23"></label>'
        f'<label>{words["expiry"]}<input name="expiry" placeholder="12 / 34" autocomplete="off"></label>'
        f'<label>{words["code"]}<input name="cvc" placeholder="123" autocomplete="off"></label>'
        f'<button data-action="pay">{words["pay"]}</button></form>'
        f'<p class="muted">{words["try"]}</p>{touch}{_back(back, locale)}'
    )


def _bank(payment: Thing, number: str, locale: str) -> str:
    words = TEXTS[locale]
    buttons = "".join(
        pages.form(
            f"{PATH}?orderId={payment['id']}",
            fields={"number": number, "authenticated": answer},
            button=words[answer],
            name=answer,
            kind=kind,
        )
        for answer, kind in (("yes", ""), ("no", "plain"))
    )
    return f"<h1>{words['bank']}</h1>{buttons}"
