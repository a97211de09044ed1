"""The page on which a customer pays, the one on which a bank asks back, and the customer portal."""

from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.sandbox import pages
from app.sandbox.stripe import billing, cards, checkout
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.objects import Thing
from app.sandbox.stripe.state import Account, Desk

TEXTS = {
    "en": {
        "pay": "Pay", "subscribe": "Subscribe", "number": "Card number", "expiry": "Expiry", "code": "CVC",
        "back": "Back to the shop", "try": "Or with one touch:", "good": "Good card", "declined": "Declined",
        "insufficient": "No funds", "secure": "3-D Secure", "later": "Fails at renewal",
        "bank": "Your bank asks: is it you?", "yes": "Complete authentication", "no": "Fail authentication",
        "closed": "This page is closed: it was paid, or its time is over.", "unknown": "There is nothing here.",
        "portal": "Your subscriptions", "cancel": "Cancel", "resume": "Do not cancel", "status": "Status",
        "every_month": "every month", "every_year": "every year", "is_active": "active",
        "is_stops": "paid to its end, then over", "is_past_due": "not paid", "is_canceled": "over",
    },
    "ru": {
        "pay": "Оплатить", "subscribe": "Оформить подписку", "number": "Номер карты", "expiry": "Срок", "code": "CVC",
        "back": "Вернуться в магазин", "try": "Или одним касанием:", "good": "Хорошая карта", "declined": "Отказ",
        "insufficient": "Нет средств", "secure": "3-D Secure", "later": "Откажет при продлении",
        "bank": "Банк спрашивает: это вы?", "yes": "Подтвердить", "no": "Отклонить",
        "closed": "Страница закрыта: всё оплачено или время вышло.", "unknown": "Здесь ничего нет.",
        "portal": "Ваши подписки", "cancel": "Отменить", "resume": "Не отменять", "status": "Состояние",
        "every_month": "каждый месяц", "every_year": "каждый год", "is_active": "действует",
        "is_stops": "оплачена, не продлится", "is_past_due": "не оплачена", "is_canceled": "закончилась",
    },
}  # fmt: skip
TOUCH = {
    "good": cards.GOOD,
    "declined": cards.DECLINED,
    "insufficient": cards.INSUFFICIENT,
    "secure": cards.AUTHENTICATE,
    "later": cards.FAILS_LATER,
}


# How Stripe counts: https://docs.stripe.com/currencies
NO_DECIMALS = ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
THREE_DECIMALS = ["BHD", "JOD", "KWD", "OMR", "TND"]


def routes(desk: Desk) -> list[Route]:
    async def pay(request: Request) -> Response:
        desk.tick()
        try:
            account, session = desk.find(request.path_params["name"])
        except StripeRefusal:
            return _show("unknown", _note("en", "unknown"), "en", status=404)
        language = "ru" if session.get("locale") == "ru" else "en"
        if session["object"] != "checkout.session":
            return _show("unknown", _note(language, "unknown"), language, status=404)
        if session["status"] != "open":
            return _closed(session, language)
        name = account.things[f"private_{session['id']}"]["price"]["product_data"]["name"]
        if request.method == "GET":
            return _form(session, name, language)
        fields = dict(parse_qsl((await request.body()).decode(errors="replace")))
        answer = {"yes": True, "no": False}.get(fields.get("authenticated", ""))
        outcome, words = checkout.pay(desk, account, session, fields.get("number", ""), authenticated=answer)
        if outcome == "paid":
            return RedirectResponse(session["success_url"], 303)
        if outcome == "authenticate":
            return _bank(session, fields["number"], language)
        return _closed(session, language) if outcome == "closed" else _form(session, name, language, problem=words)

    async def portal(request: Request) -> Response:
        desk.tick()
        try:
            account, session = desk.find(request.path_params["name"])
        except StripeRefusal:
            return _show("unknown", _note("en", "unknown"), "en", status=404)
        mine = [row for row in account.all("subscription") if row["customer"] == session.get("customer")]
        if request.method == "POST":
            fields = dict(parse_qsl((await request.body()).decode(errors="replace")))
            row = next((row for row in mine if row["id"] == fields.get("subscription")), None)
            if row is not None and row["status"] != "canceled":
                billing.update(desk, account, row, {"cancel_at_period_end": fields.get("stop", "true")})
            return RedirectResponse(request.url.path, 303)
        # Stripe speaks the browser's language here.
        language = "ru" if request.headers.get("accept-language", "").startswith("ru") else "en"
        return _portal(account, session, mine, request.url.path, language)

    return [
        Route("/c/pay/{name}", pay, methods=["GET", "POST"]),
        Route("/p/session/{name}", portal, methods=["GET", "POST"]),
    ]


def _show(title: str, body: str, language: str, *, status: int = 200) -> HTMLResponse:
    words = TEXTS[language].get(title, title)
    return pages.page(words, body, brand="Stripe", accent="#635bff", language=language, status=status)


def _note(language: str, text: str) -> str:
    return f'<p class="muted">{escape(TEXTS[language][text])}</p>'


def _sum(units: int, currency: str, language: str) -> str:
    currency, digits = currency.upper(), str(units)
    places = 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    digits = digits.rjust(places + 1, "0")
    written = f"{digits[: len(digits) - places]}{'.' * bool(places)}{digits[len(digits) - places :]}"
    return pages.amount(written, currency, language)


def _closed(session: Thing, language: str) -> HTMLResponse:
    link = f'<p><a href="{escape(session["cancel_url"])}">{escape(TEXTS[language]["back"])}</a></p>'
    return _show("closed", _note(language, "closed") + link, language)


def _form(session: Thing, name: str, language: str, *, problem: str = "") -> HTMLResponse:
    words = TEXTS[language]
    action = f"/c/pay/{session['id']}"
    subscription = session["mode"] == "subscription"
    warning = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    touch = "".join(
        pages.form(action, fields={"number": number}, button=words[card], name=card, kind="plain")
        for card, number in TOUCH.items()
        if subscription or card != "later"
    )
    body = (
        f"<h1>{escape(_sum(session['amount_total'], session['currency'], language))}</h1><p>{escape(name)}</p>{warning}"
        f'<form method="post" action="{escape(action)}">'
        f'<label>{words["number"]}<input name="number" id="card-number" inputmode="numeric" autocomplete="off" '
        f'placeholder="4242 4242 4242 4242" required maxlength="23"></label>'
        f'<label>{words["expiry"]}<input name="expiry" placeholder="12 / 34" autocomplete="off"></label>'
        f'<label>{words["code"]}<input name="cvc" placeholder="123" autocomplete="off"></label>'
        f'<button data-action="pay">{words["subscribe" if subscription else "pay"]}</button></form>'
        f'<p class="muted">{words["try"]}</p>{touch}'
        f'<p><a data-action="back" href="{escape(session["cancel_url"])}">{words["back"]}</a></p>'
    )
    return _show("pay", body, language, status=402 if problem else 200)


def _bank(session: Thing, number: str, language: str) -> HTMLResponse:
    words = TEXTS[language]
    buttons = "".join(
        pages.form(
            f"/c/pay/{session['id']}",
            fields={"number": number, "authenticated": answer},
            button=words[answer],
            name=answer,
            kind=kind,
        )
        for answer, kind in (("yes", ""), ("no", "plain"))
    )
    return _show("bank", f"<h1>{escape(words['bank'])}</h1>{buttons}", language)


def _portal(account: Account, session: Thing, mine: list[Thing], action: str, language: str) -> HTMLResponse:
    words = TEXTS[language]
    rows = ""
    for row in mine:
        stops, price = row["cancel_at_period_end"], row["items"]["data"][0]["price"]
        name = "resume" if stops else "cancel"
        fields = {"subscription": row["id"], "stop": "false" if stops else "true"}
        state = "stops" if stops and row["status"] != "canceled" else row["status"]
        rows += (
            f"<section><h2>{escape(_product(account, row))}</h2>"
            f"<p>{escape(_sum(price['unit_amount'], row['currency'], language))} "
            f"{words['every_' + price['recurring']['interval']]}<br>"
            f"{words['status']}: {escape(words.get(f'is_{state}', state))}</p></section>"
        )
        rows += "" if row["status"] == "canceled" else pages.form(action, fields=fields, button=words[name], name=name)
    address = session.get("return_url")
    back = f'<p><a data-action="back" href="{escape(address)}">{escape(words["back"])}</a></p>' if address else ""
    return _show("portal", f"<h1>{words['portal']}</h1>{rows}{back}", language)


def _product(account: Account, agreement: Thing) -> str:
    """What was bought, as Checkout showed it."""
    bought = next(row for row in account.all("checkout.session") if row["subscription"] == agreement["id"])
    name: str = account.things[f"private_{bought['id']}"]["price"]["product_data"]["name"]
    return name
