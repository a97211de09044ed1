"""Our books against the bank's: what can be proved is repaired, the rest is told to the staff once."""

from uuid import UUID, uuid4

from app.payments import reconciliation
from app.payments.orders.payments import PaymentRepository
from tests.payments.stage import Counter, place
from tests.payments.test_bank import order_of, value


class TestReconciliation:
    async def compare(self, counter: Counter) -> dict[str, int]:
        services = counter.api.services
        project = services.catalogue.library().project_by_slug("luna")
        bank = services.payments.registry.get("sandbox")
        assert project is not None and bank is not None
        return await reconciliation.compare(services.payments, services.database, project, bank)

    async def test_repairs_what_no_event_told_and_reports_the_rest(self, counter: Counter) -> None:
        person = await counter.sign_in()
        silent = (await place(person)).json()
        await counter.press(silent["payment"]["url"], "silent")
        counts = await self.compare(counter)
        assert (counts["lines"], counts["done"], counts["refused"], counts["missing"]) == (1, 1, 0, 0)
        assert (await order_of(person, silent["order"]["id"]))["state"] == "paid"
        # The bank gave it back by itself, and told nobody.
        charge = next(iter(counter.bank.books.charges.values()))
        counter.bank.books.refund(charge.id, 19900, {})
        assert (await self.compare(counter))["done"] == 1
        assert (await order_of(person, silent["order"]["id"]))["state"] == "refunded"
        assert (await self.compare(counter))["repeated"] == 2

    async def test_money_that_nothing_of_ours_explains_is_told_once(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        await counter.press(placed["payment"]["url"], "silent")
        payment = next(iter(counter.bank.books.payments.values()))
        payment.metadata = {"payment_id": str(uuid4())}
        for _ in range(2):
            assert (await self.compare(counter))["refused"] == 1
        assert await value(counter, "SELECT count(*) FROM staff_cards WHERE kind = 'payment_refused'") == 1
        assert (await order_of(person, placed["order"]["id"]))["state"] == "pending"

    async def test_money_that_stands_in_our_books_alone_is_told_once(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        await counter.press(placed["payment"]["url"], "silent")
        await self.compare(counter)
        await value(counter, "UPDATE payments SET paid_at = now() - interval '1 hour'")
        assert (await self.compare(counter))["missing"] == 0
        counter.bank.books.charges.clear()
        for _ in range(2):
            assert (await self.compare(counter))["missing"] == 1
        assert await value(counter, "SELECT count(*) FROM staff_cards WHERE kind = 'payment_missing'") == 1
        assert (await order_of(person, placed["order"]["id"]))["state"] == "paid"

    async def test_nobody_looks_after_an_attempt_for_ever(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        services = counter.api.services
        project = services.catalogue.library().project_by_slug("luna")
        assert project is not None
        payment_id = UUID(placed["payment"]["id"])
        library = services.catalogue.library()
        await reconciliation.look(services.payments, services.database, library, project.id, payment_id)
        assert await value(counter, "SELECT state FROM payments") == "started"
        await value(counter, "UPDATE orders SET expires_at = now() - interval '25 hours'")
        await reconciliation.look(services.payments, services.database, library, project.id, payment_id)
        async with counter.api.database.connection() as connection:
            payment = await PaymentRepository(connection, project.id).get(payment_id)
        assert payment is not None and (payment.state, payment.failure) == ("failed", "expired")
