"""What the staff do in their group."""

import asyncio
from typing import Any

from app.crm.groups import GroupRepository
from app.payments.orders.payments import PaymentRepository
from app.payments.orders.repository import Order, OrderRepository
from app.payments.outcome import Source
from app.payments.port import Disputed, Fact, Failed, Paid, Refunded
from app.users.repository import UserRepository
from app.wallet.service import wallet
from tests.factories import make_order
from tests.languages.party import CLIENT, MEMBER, OWNER, Message, Party


async def talking(party: Party) -> int:
    """A client and the staff talk; his topic."""
    hello, answer = party.word("Есть кто живой?", "Is anybody there?"), party.word("Здравствуйте!", "Good morning!")
    await party.say(hello, "staff.received", hello)
    copy = await party.hear_in(party.chat, hello)
    thread: int = copy["message_thread_id"]
    mine = {"bot": party.bot_id, "user": party.id(CLIENT), "message_id": said_id(party, hello)}
    other = party.word("Кто-нибудь есть?", "Anybody there?")
    await party.act("edit", other, **mine, text=other)
    await party.house.idle()
    await party.act("react", **mine, emoji=["👍"])
    await party.write(answer, answer, topic=thread)
    theirs: dict[str, Any] = {"chat": party.chat, "user": party.id(OWNER), "message_id": said_id(party, answer)}
    await party.house.idle()
    again = party.word("Здравствуйте, Анна!", "Good morning, Anna!")
    await party.act("edit", again, **theirs, text=again)
    await party.act("react", **theirs, emoji=["👍"])
    await party.write(party.word("// она уже была", "// she was here before"), topic=thread)
    return thread


def said_id(party: Party, text: str) -> int:
    """The newest message of a person of theirs with these words."""
    for change in reversed(party.house.changes):
        message = change.get("message") or {}
        if party.mine(change) and message.get("text") == text and not message["from"]["is_bot"]:
            found: int = message["message_id"]
            return found
    raise AssertionError(text)


async def cards(party: Party, card: Message) -> None:
    """Everything that is under the card of a request."""
    thread = card["message_thread_id"]
    answer = party.word("Завтра в десять?", "Tomorrow at ten?")
    await party.press(card, "button.card_take", "card.did.take", who=MEMBER)
    await party.press(card, "button.card_answer", "answer.write", "answer.write_short")
    await party.write("/cancel", "answer.cancelled", topic=thread)
    await party.press(card, "button.card_answer", "answer.write")
    await party.write(answer, answer, "answer.sent", topic=thread)
    answer = party.word("А в одиннадцать?", "Or at eleven?")
    await party.write(answer, answer, "answer.sent", topic=thread, reply_to=card["message_id"])
    await party.press(card, "button.card_contact", "contact.please", "card.did.contact")
    await party.key("button.share_contact", "contact.thanks", "staff.contact_own", contact=True)
    await party.press(card, "button.card_done", "card.did.done")


async def commands(party: Party, thread: int) -> None:
    client, reason = party.id(CLIENT), party.word("просила сама", "asked for it")
    await party.write("/whoami", "whoami", "role.manager")
    await party.write("/whoami", "whoami", "role.staff", who=MEMBER)
    await party.write("/nonsense", "crm.unknown_command")
    found = await party.write(f"/find_user {client}", "find.found")
    await party.press(found, "1", "user.id", "user.balance", "user.readings")
    listed = await party.write("/users", "users.title")
    await party.press(listed, "button.users_active", "users.title")
    await party.write(f"/user {client}", "user.seen")
    await party.write(f"/credit {client} 3 {reason}", "credit.done_readings")
    await party.write(f"/block {client}", "block.reason_needed")
    await party.write(f"/block {client} {reason}", "block.done", "block.told")
    await party.write(f"/unblock {client}", "unblock.done", "unblock.told")
    await party.write(f"/credit {client} 3 {reason}", "crm.managers_only", who=MEMBER)
    shown = await party.write("/stats", "stats.title", "stats.people", "stats.period_week")
    await party.press(shown, "button.stats_month", "stats.period_month")
    await party.write("/promo", "promo.title", "promo.off", "promo.usage")
    await party.write("/promo on 5", "promo.on")
    await party.write("/promo off", "promo.off")
    name, text = party.word("привет", "hello"), party.word("Добрый день, {name}!", "A good day to you, {name}!")
    heard = text.replace("{name}", party.word("Анна", "Anna"))
    await party.write("/templates", "templates.none")
    await party.write(f"/templates add {name} {text}", "templates.added")
    await party.write("/templates", "templates.title", "templates.line")
    choice = await party.write("/t", "templates.choose", topic=thread)
    await party.press(choice, name, heard, "templates.sent")
    await party.write(f"/t {name}", heard, topic=thread)
    log = await party.write("/audit", "audit.title", "audit.line", "audit.client")
    await party.press(log, "button.page_older", "audit.title")


async def _told(party: Party, fact: Fact) -> None:
    """The bank of the demo says so."""
    source = Source(party.project.id, "sandbox", party.project.key, party.project)
    async with party.house.database.transaction() as connection:
        await party.house.container.payments.apply(connection, source, fact)


async def _bought(party: Party, charge: str, *, used: int = 0) -> tuple[Order, Message]:
    """An order of the client, `used` readings of which are gone, and its card."""
    project_id = party.project.id
    async with party.house.database.transaction() as connection:
        buyer = await UserRepository(connection, project_id).by_telegram_id(party.id(CLIENT))
        assert buyer is not None
        order_id = await make_order(connection, project_id, buyer.id)
        # What ends first is used first.
        await connection.execute(
            """UPDATE orders SET package = package || '{"expires_days": 30}' WHERE id = $1""", order_id
        )
        order = await OrderRepository(connection, project_id).get(order_id)
        assert order is not None
        payment = await PaymentRepository(connection, project_id).add(
            order, provider="sandbox", account=party.project.key
        )
    party.since = await party.house.now()
    await _told(party, Failed("declined", payment_id=payment.id))
    await party.hear("card.payment_failed")
    await _told(party, Paid(charge, 1, payment.currency, payment_id=payment.id))
    await party.hear("card.payment_refused")
    await _told(party, Paid(charge, payment.amount, payment.currency, payment_id=payment.id))
    card = await party.hear("orders.paid_at")
    if used:
        async with party.house.database.transaction() as connection:
            hold, _ = await wallet.hold(
                connection, project_id=project_id, user_id=buyer.id, unit="readings", amount=used
            )
            await wallet.settle(connection, project_id=project_id, hold_id=hold, kind="reading", key=f"used:{charge}")
    return order, card


async def orders(party: Party) -> None:
    """What is sold: cards, lists, and money that goes back."""
    order, card = await _bought(party, f"{party.chat}-01")
    await party.press(card, "button.order_open", "orders.place.web", "payments.state.paid")
    await party.press(card, "button.order_refund", "crm.managers_only", who=MEMBER)
    asked = await party.press(card, "button.order_refund", "refund.question")
    await party.press(asked, "button.refund_keep", "refund.kept")
    asked = await party.press(card, "button.order_credit", "orders.credit")
    await party.press(asked, "+3", "orders.credited", "credit.told_readings")
    await party.write("/orders nobody knows whom", "orders.usage")
    listed = await party.write("/orders", "orders.title")
    await party.press(listed, "button.orders_paid", "orders.title")
    await party.write("/order", "orders.which")
    await party.write(f"/order {order.number}", "orders.place.web")
    asked = await party.write(f"/refund {order.number}", "refund.question")
    # Nobody is there who could give it back.
    await party.press(asked, "button.refund_whole", "refund.begun", "card.done", "card.refund_failed")
    await _told(party, Refunded(f"{party.chat}-01", f"{party.chat}-11", order.total, order.currency))
    await party.hear("card.refund")
    await party.write(f"/refund {order.number}", "refund.refused.already")
    order, _ = await _bought(party, f"{party.chat}-02", used=1)
    asked = await party.write(
        f"/refund {order.number}", "refund.question", "refund.used", f"refund.rule.{party.project.refund_used}"
    )
    await party.press(asked, "button.refund_unused", "refund.begun", "card.refund_failed")
    for state in ("opened", "won"):
        party.since = await party.house.now()
        await _told(party, Disputed(f"{party.chat}-02", f"{party.chat}-21", order.total, order.currency, state))
        await party.hear(f"card.dispute_{state}")


async def drafts(party: Party, thread: int) -> None:
    draft = await party.write("/draft", "draft.writing", "draft.offered", topic=thread)
    draft = await party.press(draft, "button.draft_again", "draft.replaced", "draft.offered")
    await party.press(draft, "button.draft_send", "draft.sent", "card.done")
    pinned = next(one for one in await party.house.desk.messages(chat=party.chat, topic=thread) if one["pinned"])
    draft = await party.press(pinned, "button.draft", "draft.writing", "draft.offered")
    await party.press(draft, "button.draft_discard", "draft.discarded")


async def broadcasts(party: Party) -> None:
    code = party.language.upper()
    await party.write("/broadcast", "broadcast.error.role", who=MEMBER)
    panel = await party.write("/broadcast", "broadcast.title", "broadcast.first")
    thread = panel["message_thread_id"]
    await party.press(panel, code, "broadcast.error.role", who=MEMBER)
    await party.press(panel, code, "broadcast.ask.version")
    text, link = party.word("Новый расклад", "A new spread"), party.word("О раскладе", "About it")
    panel = await party.write(text, "broadcast.version", topic=thread)
    await party.press(panel, "button.broadcast.buttons", "broadcast.ask.buttons")
    panel = await party.write(f"{link} - https://tarot.example/spring", "broadcast.has.buttons", topic=thread)
    when = await party.press(panel, "button.broadcast.send", "broadcast.ask.when")
    await party.press(when, "button.broadcast.at", "broadcast.ask.at")
    sure = await party.write("25.11 18:00 Europe/Berlin", "broadcast.ask.sure", "broadcast.when.at", topic=thread)
    panel = await party.press(sure, "button.broadcast.back", "broadcast.version")
    when = await party.press(panel, "button.broadcast.send", "broadcast.ask.when")
    sure = await party.press(when, "button.broadcast.now", "broadcast.ask.sure", "broadcast.when.now")
    done = await party.press(sure, "button.broadcast.yes", "broadcast.started", text, "broadcast.state.done")
    await party.press(done, "button.broadcast.edit", "broadcast.ask.correction")
    text = party.word("Новый весенний расклад", "A new spread for spring")
    await party.write(text, text, "broadcast.result.edit", topic=thread)


async def group(party: Party) -> None:
    """What happens to the group itself, and to the client's chat."""
    house, chat = party.house, {"chat": party.chat}
    topic = await house.desk.order("topics", **chat, user=party.id(OWNER), name=party.word("Флудилка", "Chatter"))
    place = {**chat, "user": party.id(OWNER), "topic": topic["message_thread_id"]}
    await house.desk.order("topics/close", **place)
    await house.desk.order("groups/settings", **chat, title=party.word("Лучшая команда", "The best team"))
    await house.desk.order("members", **chat, user=party.person(MEMBER), status="administrator")
    await party.write("/whoami", "role.manager", who=MEMBER)
    await party.act("bot-rights", "staff.not_ready", **chat, bot=party.bot_id, status="member")
    await party.act("bot-rights", "staff.ready", **chat, bot=party.bot_id, status="administrator")
    await party.write("/group", "staff.ready")
    for blocked in (True, False):
        await house.desk.order("block", bot=party.bot_id, user=party.id(CLIENT), blocked=blocked)
    await house.idle()


async def growing(party: Party) -> None:
    """A simple group becomes one that has topics."""
    owner = party.person(OWNER)
    made = await party.house.desk.order("groups", title=party.word("Своя", "Our own"), type="group", owner=owner)
    chat: int = made["chat"]["id"]
    party.more_chats.add(chat)
    await party.house.desk.order("bot-rights", chat=chat, bot=party.bot_id, status="administrator")
    async with party.house.database.transaction() as connection:
        await GroupRepository(connection, party.project.id).connect(
            chat, title=made["chat"]["title"], language=party.language, connected_by=party.id(OWNER),
            problems=("not_forum",),
        )  # fmt: skip
    grown = (await party.house.desk.order("groups/settings", chat=chat, is_forum=True))["chat"]["id"]
    party.more_chats.add(grown)

    async def followed() -> bool:
        async with party.house.database.connection() as connection:
            group = await GroupRepository(connection, party.project.id).get()
        return group is not None and (group.chat_id, group.problems) == (grown, ())

    async with asyncio.timeout(20):
        while not await followed():  # workers do it
            await asyncio.sleep(0.05)
