"""What a person does with a bot, from the first word to leaving."""

from app.users.repository import UserRepository
from tests.languages.party import BOTS, CLIENT, GUEST, OWNER, SUPER, Message, Party, token
from tests.payments.subscribing import paid_order


async def readings(party: Party) -> None:
    welcome = party.project.text(party.project.welcome, party.language)[:40]
    menu = await party.say("/start", welcome)
    consent = await party.press(menu, "button.reading", "consent.text")
    if party.language == "ru":
        await party.press(consent, "button.address_formal", "manners.saved")
    spreads = await party.press(consent, "button.agree", "consent.thanks", "reading.choose_spread")
    await _look_around(party, menu)
    cards = next(spread for spread in party.project.spreads if spread.key == "three-cards")
    name = party.project.text(cards.name, party.language)
    asked = await party.press(spreads, name, name, "reading.ask_question")
    spreads = await party.press(asked, "button.back", "reading.choose_spread")
    asked = await party.press(spreads, name, "reading.ask_question")
    await party.press(asked, "button.no_question", "fan.sealed")
    waiting = await party.say("/reading", "reading.unfinished")
    fan = await party.press(waiting, "button.resume", "fan.next")
    await party.press(fan, "button.chance", "fan.drawn")
    text = await _finished(party)
    await party.press(text, "button.rate_good", "rating.good")
    await party.press(text, "button.proof", "proof.text")
    ask = await party.press(text, "button.ask_free", "follow_up.ask")
    await party.press(ask, "button.cancel", "follow_up.cancelled")
    await party.press(text, "button.ask_free", "follow_up.ask")
    question = party.word("А что дальше?", "And what comes next?")
    await party.say(question)
    answer = await _finished(party)
    await party.press(answer, "button.rate_bad", "rating.bad")
    spreads = await party.say("/reading", "reading.choose_spread")
    await party.press(spreads, name, "reading.ask_question")
    question = party.word("Что с работой?", "What about my work?")
    await party.say(question, question, "fan.sealed")


async def _finished(party: Party) -> Message:
    """The whole text, with what can be done with it."""

    def look() -> Message | None:
        for change in party.house.changes:
            message = change.get("message") or {}
            if change["seq"] > party.since and party.mine(change) and message.get("text"):
                rows = (message.get("reply_markup") or {}).get("inline_keyboard") or []
                if any(party.matches("button.rate_good", button["text"]) for row in rows for button in row):
                    found: Message = message
                    return found
        return None

    found: Message = await party.house.until(look, f"{party.language}: a finished text", party.heard)
    return found


async def _look_around(party: Party, menu: Message) -> None:
    """The menu, and the commands that say the same."""
    page = await party.press(menu, "button.help", "help.text")
    await party.press(page, "button.terms", "terms.text")
    await party.press(page, "button.privacy", "privacy.text")
    await party.press(page, "button.settings", "settings.text")
    await party.press(menu, "button.balance", "balance.title", "balance.readings")
    await party.press(menu, "button.daily", "daily.title")
    for name, key in (
        ("help", "help.text"), ("balance", "balance.title"), ("daily", "daily.title"), ("web", "web.text"),
        ("terms", "terms.text"), ("privacy", "privacy.text"), ("paysupport", "paysupport.text"),
        ("nonsense", "answer.hint"),
    ):  # fmt: skip
        await party.say(f"/{name}", key)
    languages = await party.say("/language", "language.choose")
    await party.press(languages, party.word("Русский", "English"), "language.chosen")
    settings = await party.say("/settings", "settings.text", "settings.quiet.set")
    await party.press(settings, "settings.quiet.off", "settings.saved", "settings.quiet.none")
    await party.press(settings, "button.reversals_no", "manners.saved")
    old = await party.post_button("nothing", bot=party.slug)
    await party.press(old, "•", "answer.forgotten")


async def leaving(party: Party) -> None:
    """Somebody who has been here for a moment."""
    await party.say("/start", who=GUEST)
    page = await party.say("/delete_me", "leave.ask", "leave.forfeit", who=GUEST)
    sure = await party.press(page, "button.leave_doubt", "leave.doubt")
    await party.press(sure, "button.leave_stay", "leave.stayed")
    page = await party.say("/delete_me", "leave.ask", who=GUEST)
    sure = await party.press(page, "button.leave_doubt", "leave.doubt")
    await party.press(sure, "button.leave_erase", "leave.gone")


async def request(party: Party) -> Message:
    """Leaves a request in the chat; its card among the staff."""
    name, phone = party.word("Анна Петровна", "Anna Brown"), party.word("8 926 123 45 67", "+1 202 555 0143")
    await party.say("/request", "lead.ask_name")
    await party.key("button.lead_cancel", "lead.cancelled")
    await party.say("/request", "lead.ask_name")
    await party.say("/cancel", "lead.cancelled")
    await party.say("/request", "lead.ask_name")
    await party.say(name, "lead.ask_phone")
    await party.say(party.word("позвоните", "call me"), "lead.phone_unclear")
    await party.say(phone, "lead.ask_about")
    await party.hear_again("lead.ask_about")
    await party.say(party.word("Личная встреча", "A session in person"), "lead.confirm")
    await party.say(party.word("да", "yes"), "lead.confirm")
    return await party.key("button.lead_send", "lead.accepted", "card.lead")


async def paying(party: Party) -> None:
    """The question before a payment, the shop with a coupon, what is bought, managed and given back."""
    invoice = {
        "title": "*", "description": "*", "payload": "order-1", "currency": "XTR",
        "prices": [{"label": "*", "amount": 3}],
    }  # fmt: skip
    desk, me = party.house.desk, {"user": party.id(CLIENT), "bot": party.bot_id}
    made = await desk.client.post(f"/bot{token(party.slug)}/createInvoiceLink", json=invoice)
    paid = await desk.order("pay", user=party.id(CLIENT), link=made.json()["result"])
    assert party.matches("checkout.unknown", paid["error"]), paid
    shop = await party.say("/buy", "buy.title")
    asked = await party.press(shop, "button.coupon_enter", "coupon.write")
    shop = await party.say(party.word("лес", "forest"), "coupon.unknown")
    await party.press(shop, "button.coupon_drop", "buy.title")
    shop = await party.press(asked, "button.buy", "buy.title")
    await party.press(shop, _package(party, "readings"))
    message = await _invoice(party)
    await party.act("pay", "thanks.paid", "thanks.units", **me, message_id=message["message_id"])
    terms = await party.press(shop, _package(party, "subscription"), "buy.renews")
    bill = await party.press(terms, "button.subscribe", "invoice.subscription")
    link = party.button(bill, "button.pay")["url"]
    thanks = await party.act("pay", "thanks.paid", "thanks.subscription", user=party.id(CLIENT), link=link)
    charges = {row["amount"]: row["charge_id"] for row in (await desk.look("stars", person=me["user"]))["payments"]}
    subscription, charge = charges[max(charges)], charges[min(charges)]
    await party.press(thanks, "button.subscription", "subscription.title")
    page = await party.say("/subscription", "subscription.renews")
    page = await party.press(page, "button.cancel_renewal", "subscription.ask_cancel")
    page = await party.press(page, "button.keep_renewal", "subscription.renews")
    page = await party.press(page, "button.cancel_renewal", "subscription.ask_cancel")
    page = await party.press(page, "button.cancel_renewal_yes", "subscription.runs")
    await party.press(page, "button.resume_renewal", "subscription.resume_there")
    await party.act("subscriptions", "subscription.goes_on", **me, charge_id=subscription, action="resume")
    await _back(party, charge)


def _package(party: Party, kind: str) -> str:
    package = next(package for package in party.project.packages if package.kind == kind)
    return party.project.text(package.name, party.language)


async def _invoice(party: Party) -> Message:
    def look() -> Message | None:
        for change in party.house.changes:
            message = change.get("message") or {}
            if change["seq"] > party.since and party.mine(change) and message.get("invoice"):
                found: Message = message
                return found
        return None

    message: Message = await party.house.until(look, f"{party.language}: an invoice", party.heard)
    await party.house.idle(party.bot_id)
    return message


async def _back(party: Party, charge: str) -> None:
    """Asks for the money, and gets it."""
    name = f"· {_package(party, 'readings')} ·"
    page = await party.say("/paysupport", "paysupport.orders")
    page = await party.press(page, name, "order.page")
    page = await party.press(page, "button.paysupport", "paysupport.text")
    page = await party.press(page, name, "order.page")
    page = await party.press(page, "button.ask_refund", "order.ask_refund")
    await party.press(page, "button.ask_refund_yes", "order.refund_asked", "card.refund_request")
    body = {"user_id": party.id(CLIENT), "telegram_payment_charge_id": charge}
    party.since = await party.house.now()
    answer = await party.house.desk.client.post(f"/bot{token(party.slug)}/refundStarPayment", json=body)
    assert answer.status_code == 200
    await party.hear("notice.account.refunded.text")
    await party.house.idle(party.bot_id)


async def gifts(party: Party) -> None:
    """A link is opened, and opened again."""
    name = party.word("Десять раскладов", "Ten readings")
    bought = {"kind": "readings", "readings": 10, "period": None, "name": {party.language: name}}
    async with party.house.database.transaction() as connection:
        buyer = await UserRepository(connection, party.project.id).by_telegram_id(party.id(CLIENT))
        assert buyer is not None
        order = await paid_order(connection, party.project.id, buyer.id, kind="gift", bought=bought)
        gift_id = await party.house.container.gifts.issue(connection, order)
    link = f"/start gift_{party.house.container.gifts.code(gift_id)}"
    await party.say(link, "gift.redeemed", name)
    await party.say(link, "gift.mine")
    await party.say("/start gift_nothing", "gift.not_found")


async def closed(party: Party) -> None:
    """A project that is off tells so, whatever is asked."""
    slug = f"{party.slug}-off"
    bot = BOTS[slug]
    await party.say("/balance", "project.closed", bot=bot)
    old = await party.post_button("menu:balance", bot=slug)
    await party.press(old, "•", "project.closed")


async def managed(party: Party) -> None:
    """A super-admin makes a bot for a project, and then renews its token."""
    fresh = party.house.project(f"fresh-{party.slug}")
    offer = await party.say("/connect_bot", "managed.choose", who=SUPER)
    data = f"managed:{fresh.id}"
    rows = offer["reply_markup"]["inline_keyboard"]
    caption = next(button["text"] for row in rows for button in row if button["callback_data"] == data)
    assert caption == fresh.text(fresh.name, party.language)
    await party.act(
        "press", "managed.press", bot=party.bot_id, user=party.id(SUPER), message_id=offer["message_id"], data=data
    )
    await party.key("button.make_bot", "managed.connected", who=SUPER, managed_bot={})
    await party.say("/connect_bot", who=SUPER)
    offer = await party.hear_any("managed.choose", "managed.none")
    await party.press(offer, "button.renew_token", "managed.renewed")


async def manager(party: Party) -> None:
    """The group is let go, and another one is connected by the link of a super-admin."""
    page = await party.say("/group", "staff.choose", "staff.ready", who=SUPER)
    await party.press(page, "button.staff_check", "staff.checked_ready")
    page = await party.say("/group", "staff.choose", "staff.ready", who=SUPER)
    sure = await party.press(page, "button.staff_leave", "staff.leave_question")
    await party.press(sure, "button.staff_leave_surely", "staff.left")
    page = await party.say("/group", "staff.none", who=SUPER)
    link = await party.press(page, "button.staff_invite", "staff.link")
    code = link["text"].partition("?start=")[2].split()[0]
    await party.say(f"/start {code}", "staff.choose", who=OWNER)
    made = await party.house.desk.order(
        "groups", title=party.word("Новая команда", "The new team"), is_forum=True, owner=party.id(OWNER)
    )
    chat = made["chat"]["id"]
    party.more_chats.add(chat)
    await party.key("button.staff_choose", "staff.welcome", "staff.ready", who=OWNER, chat_shared={"chat_id": chat})
