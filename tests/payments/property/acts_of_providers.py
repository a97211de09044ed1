"""What happens at the providers: paid, declined, given back, disputed, renewed."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from app.sandbox.stripe import cards, checkout, movements
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.state import Account
from app.sandbox.telegram.stars import Charge, refunded_payment, successful_payment
from app.telegram.checkout import CheckoutQuery
from tests.payments.property.history import History, Placed, Step, Update
from tests.payments.property.town import Person

Thing = TypeVar("Thing")
Work = Callable[[], Awaitable[None]]


class ActsOfProviders:
    def __init__(self, history: History) -> None:
        self.history = history
        self.town = history.town

    def tell(self, line: str) -> None:
        self.history.tell(line)

    def name(self, person: Person) -> str:
        return self.history.name(person)

    def number(self, order: Placed) -> str:
        return self.history.number(order)

    def pick(self, things: Sequence[Thing], place: int) -> Thing | None:
        """The newest is at zero: that is where most happens."""
        return things[-1 - place % len(things)] if things else None

    # ---- paying ----

    def pay(self, step: Step) -> Work | None:
        """a: which order; b: which of its attempts; c: how."""
        # Mostly what waits for it; but a page may be paid long after its order is over.
        waiting = self.history.those("pending") if step.b % 4 else []
        order = self.pick(waiting or [row for row in self.history.orders if row.payments], step.a)
        if order is None or not order.payments:
            return None
        payment_id = order.payments[-1 - step.b % len(order.payments)]
        how = ("pay", "pay", "pay", "pay", "twice", "silent", "decline", "wrong")[step.c % 8]
        self.tell(f"{self.name(order.buyer)} pays {self.number(order)}: {how}")

        async def work() -> None:
            await self.pay_in_a_way(order, payment_id, how)

        return work

    async def pay_in_a_way(self, order: Placed, payment_id: UUID, how: str) -> None:
        for provider in (self._pay_bank, self._pay_stripe, self._pay_stars):
            if await provider(order, payment_id, how):
                return

    async def _pay_bank(self, order: Placed, payment_id: UUID, how: str) -> bool:
        payments = self.town.bank.books.payments.values()
        found = next((row for row in payments if row.metadata.get("payment_id") == str(payment_id)), None)
        if found is None:
            return False
        if how == "wrong":
            if found.charges:
                return True
            found.amount -= 1
        action = "twice" if found.state == "paid" else "pay" if how == "wrong" else how
        await self.town.client.post(f"{self.town.bank.page}/pay/{found.id}/{action}")
        if how == "wrong":
            self.history.wrong.update(charge.id for charge in found.charges)
            found.amount += 1
        return True

    async def _pay_stripe(self, order: Placed, payment_id: UUID, how: str) -> bool:
        account = self.town.account(order.buyer.project)
        sessions = [row for row in account.all("checkout.session") if row["metadata"].get("payment") == str(payment_id)]
        if not sessions:
            return False
        session = sessions[0]
        if session["status"] == "open":
            # What was tried before keeps its sum.
            wrong = how == "wrong" and session["mode"] == "payment" and session["payment_intent"] is None
            session["amount_total"] -= wrong
            checkout.pay(self.town.stripe, account, session, cards.DECLINED if how == "decline" else cards.GOOD)
            if wrong:
                self.history.wrong.add(session["payment_intent"])
            if how == "silent":
                await self.town.settled()
                self.town.letters[:] = [row for row in self.town.letters if "/stripe/" not in row.path]
        return True

    async def _pay_stars(self, order: Placed, payment_id: UUID, how: str) -> bool:
        invoice = next((row for row in self.town.stars.invoices.values() if row.payload == str(payment_id)), None)
        if invoice is None:
            return False
        buyer, services = order.buyer, self.town.api.services
        query = CheckoutQuery("1", buyer.telegram_id, "ru", "XTR", invoice.amount, invoice.payload)
        async with self.town.api.database.connection() as connection:
            refusal = await services.payments.check(connection, buyer.project, query)
        if refusal is None and how != "decline":
            for _ in range(2 if how == "twice" else 1):
                charge = self.town.stars.charge(invoice, telegram_user(buyer), chat_id=buyer.telegram_id)
                if how != "silent":
                    self._announce(buyer, charge)
        elif refusal is not None:
            self.tell(f"    {refusal.key}")
        return True

    def _announce(self, person: Person, charge: Charge) -> None:
        subscription = self.town.stars.subscription(charge.invoice.bot_id, charge.id)
        content = {"successful_payment": successful_payment(charge, subscription)}
        self.history.updates.append(Update(person, "successful_payment", content))

    # ---- what becomes of money ----

    def good_charges(self, account: Account) -> list[dict[str, Any]]:
        wrong = self.history.wrong
        return [row for row in account.all("charge") if row["paid"] and row["payment_intent"] not in wrong]

    def give_back(self, step: Step) -> Work | None:
        """a: which charge; b: a part of it, or all: in the provider's own dashboard."""
        project = self.town.project()
        account = self.town.account(project)
        books = self.town.bank.books
        bank = [
            row for row in books.charges.values()
            if row.id not in self.history.wrong and books.payments[row.payment].account == project.key
        ]  # fmt: skip
        stripe = self.good_charges(account)
        stars = [row for row in self.town.ledger(project).charges.values() if not row.refunded]
        charge: Any = self.pick([*bank, *stripe, *stars], step.a)
        if charge is None:
            return None
        part = step.b % 3 == 2
        self.tell(f"the provider gives {'a part' if part else 'all'} of a charge back")

        async def work() -> None:
            if isinstance(charge, Charge):
                self.town.stars.refund(charge)
                person = next(row for row in self.history.people if row.telegram_id == charge.user["id"])
                content = {"refunded_payment": refunded_payment(charge)}
                self.history.updates.append(Update(person, "refunded_payment", content))
            elif isinstance(charge, dict):
                amount = charge["amount"] // 3 if part else None
                try:
                    movements.refund(self.town.stripe, account, charge, amount=amount, metadata={}, reason=None)
                except StripeRefusal as refusal:
                    self.tell(f"    {refusal}")
            elif left := charge.amount - charge.refunded:
                _, refund = books.refund(charge.id, min(charge.amount // 3 if part else left, left), {})
                paid = books.payments[charge.payment]
                data = {"refund": refund.body(charge.id)}
                self.town.bank.webhooks.send(paid.webhook_url, "refund.done", paid.account, data)

        return work

    def dispute(self, step: Step) -> Work | None:
        """a: which charge of Stripe's; b: who wins."""
        account = self.town.account(self.town.project())
        charge = self.pick(self.good_charges(account), step.a)
        if charge is None or charge["amount_refunded"]:
            return None
        known = next((row for row in account.all("dispute") if row["charge"] == charge["id"]), None)
        if known is not None and known["status"] != "needs_response":
            return None
        won = step.b % 2 == 0
        self.tell(f"a dispute is {'opened' if known is None else 'won' if won else 'lost'}")

        async def work() -> None:
            if known is None:
                movements.dispute(self.town.stripe, account, charge, amount=None, reason="fraudulent", inquiry=False)
            else:
                movements.close_dispute(self.town.stripe, account, known, won=won)

        return work

    def renew(self, step: Step) -> Work | None:
        """a: which agreement; b: the saved card fails."""
        project = self.town.project()
        account = self.town.account(project)
        stripe = [row for row in account.all("subscription") if row["status"] == "active"]
        stars = [row for row in self.town.ledger(project).subscriptions.values() if not row.canceled]
        agreement: Any = self.pick([*stripe, *stars], step.a)
        if agreement is None:
            return None
        self.tell("an agreement comes to the end of its period at its provider")

        async def work() -> None:
            if not isinstance(agreement, dict):
                person = next(row for row in self.history.people if row.telegram_id == agreement.user["id"])
                charge = self.town.stars.charge(
                    agreement.invoice, agreement.user, chat_id=person.telegram_id, first=agreement.charge_id
                )
                self._announce(person, charge)
                return
            # Its clock goes back afterwards, for ours has not moved.
            desk = self.town.stripe
            ends: int = agreement["items"]["data"][0]["current_period_end"]
            desk.advance(max(ends - desk.now(), 0) + 1)
            desk.ahead = 0

        return work


def telegram_user(person: Person) -> dict[str, Any]:
    return {"id": person.telegram_id, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
