"""What may happen in a history. Each act looks whether it can be done, tells the story, and gives the work to do."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from app.errors import Unavailable
from app.kit.ids import new_id
from app.payments.errors import RefundRefused
from app.readings.generations import Ending, GenerationRepository
from app.readings.writer import close
from tests.payments.property.acts_of_telling import ActsOfTelling
from tests.payments.property.history import BEATS, COUPONS, PROVIDERS, STARS, Placed, Reading, Step

Work = Callable[[], Awaitable[None]]
PACKAGES = tuple(STARS)
REFUSALS = {"coupon_invalid", "already_subscribed", "trial_used", "provider_not_offered", "order_not_payable"}
WAITS = (timedelta(hours=2), timedelta(days=4), timedelta(days=11), timedelta(days=32))


class Acts(ActsOfTelling):
    def __call__(self, step: Step) -> Work | None:
        found: Work | None = getattr(self, step.kind)(step)
        return found

    # ---- people ----

    def buy(self, step: Step) -> Work | None:
        """a: who, and with whom he pays; b: what; c: a coupon, a gift, a trial."""
        buyer = self.history.people[step.a % len(self.history.people)]
        provider = PROVIDERS[step.a // 3 % 3]
        package = PACKAGES[step.b % 4]
        coupon = (None, None, "half", "once", "once", "free")[step.c % 6]
        kind = ("purchase", "purchase", "gift")[step.c // 6 % 3]
        if package == "luna-month" and step.c % 5 == 4:
            kind, coupon = "trial", None
        price = STARS[package] * (1 if provider == "stars" else 200)
        total = 0 if kind == "trial" else price * (100 - COUPONS[coupon]) // 100
        currency = "XTR" if provider == "stars" else "RUB"
        self.tell(f"{self.name(buyer)} orders {package} ({kind}, {coupon or 'no coupon'}) for {total} by {provider}")
        body = {
            "package": package, "provider": provider, "expected_total": total, "currency": currency,
            "coupon": coupon, "gift": kind == "gift", "trial": kind == "trial",
        }  # fmt: skip

        async def work() -> None:
            if coupon is not None:
                # Whoever begins anew with a coupon lets go of his former attempt.
                for row in self.history.those("pending"):
                    row.lapsed |= row.buyer is buyer and row.coupon == coupon
            answer = await self.history.ask(buyer, "POST", "/orders", key=new_id().hex, body=body)
            if answer.status_code != 201:
                assert answer.json()["error"] in REFUSALS, answer.text
                self.tell(f"    {answer.json()['error']} {answer.json().get('reason', '')}")
                return
            placed = answer.json()
            order = Placed(UUID(placed["order"]["id"]), buyer, package, total, currency, coupon, kind)
            assert (placed["order"]["total"], placed["order"]["currency"]) == (total, currency)
            if placed["payment"]:
                order.payments.append(UUID(placed["payment"]["id"]))
            self.history.orders.append(order)
            self.tell(f"    {self.number(order)}")

        return work

    def sell(self, step: Step) -> Work | None:
        """As `buy`, and all goes well: paid, told and given at once."""
        buy = self.buy(step)
        assert buy is not None
        self.history.story[-1] += ", and pays"

        async def work() -> None:
            known = len(self.history.orders)
            await buy()
            for order in self.history.orders[known:]:
                if order.payments:
                    await self.pay_in_a_way(order, order.payments[0], "pay")
            await self.town.settled()
            letters, self.town.letters[:] = list(self.town.letters), []
            for letter in letters:
                await self.post(letter)
            updates, self.history.updates[:] = list(self.history.updates), []
            for update in updates:
                await self.town.at_the_edge(partial(self.handle, update), step.crash)
            for job in await self.town.jobs():
                await self.town.run(job)

        return work

    def again(self, step: Step) -> Work | None:
        """a: which order; b: with whom."""
        order = self.pick(self.history.those("pending"), step.a)
        if order is None:
            return None
        provider = "stars" if order.currency == "XTR" else PROVIDERS[step.b % 2]
        self.tell(f"{self.name(order.buyer)} goes to {provider} to pay {self.number(order)}")

        async def work() -> None:
            answer = await self.history.ask(order.buyer, "POST", f"/orders/{order.id}/pay", body={"provider": provider})
            if answer.status_code == 200:
                order.payments.append(UUID(answer.json()["payment"]["id"]))
            else:
                assert answer.json()["error"] in REFUSALS | {"provider_refused"}, answer.text

        return work

    def cancel(self, step: Step) -> Work | None:
        order = self.pick(self.history.those("pending"), step.a)
        if order is None:
            return None
        self.tell(f"{self.name(order.buyer)} cancels {self.number(order)}")

        async def work() -> None:
            answer = await self.history.ask(order.buyer, "POST", f"/orders/{order.id}/cancel")
            order.lapsed |= answer.status_code == 200

        return work

    def redeem(self, step: Step) -> Work | None:
        """a: whose gift; b: who opens it."""
        gifts = [row for row in self.history.orders if row.kind == "gift" and self.history.states[row.id] != "pending"]
        order = self.pick(gifts, step.a)
        if order is None:
            return None
        person = self.history.people[step.b % len(self.history.people)]
        self.tell(f"{self.name(person)} opens the gift {self.number(order)}")

        async def work() -> None:
            services = self.town.api.services
            async with self.town.api.database.connection() as connection:
                gift = await connection.fetchval("SELECT id FROM gifts WHERE order_id = $1", order.id)
            code = services.gifts.code(gift or new_id())
            answer = await self.history.ask(person, "POST", f"/gifts/{code}/redeem")
            error = answer.json().get("error")
            holders = self.history.redeemed.setdefault(order.id, [])
            if answer.status_code == 200:
                holders.append(person)
            elif error == "gift_taken" and answer.json()["mine"]:
                # The first answer may have got lost.
                if person not in holders:
                    holders.append(person)
            else:
                assert error in ("gift_not_found", "gift_taken", "already_subscribed", "rate_limited"), answer.text
                self.tell(f"    {error}")

        return work

    def agree(self, step: Step) -> Work | None:
        """a: who; b: cancels or resumes his subscription."""
        person = self.history.people[step.a % len(self.history.people)]
        action = ("cancel", "resume")[step.b % 2]
        self.tell(f"{self.name(person)} asks to {action} his subscription")

        async def work() -> None:
            await self.history.ask(person, "POST", f"/subscription/{action}")

        return work

    # ---- readings ----

    def read(self, step: Step) -> Work | None:
        reader = self.history.people[step.a % len(self.history.people)]
        self.tell(f"{self.name(reader)} begins a reading")

        async def work() -> None:
            answer = await self.history.ask(reader, "POST", "/readings", body={"spread": "three-cards"})
            if answer.status_code == 201:
                body = answer.json()
                reading = Reading(UUID(body["id"]), reader, body["cost"], body["paid_by"])
                self.history.readings.append(reading)
            else:
                assert answer.json()["error"] in ("insufficient_balance", "fair_use_reached"), answer.text
                self.tell(f"    {answer.json()['error']}")

        return work

    def finish(self, step: Step) -> Work | None:
        """a: which reading; b: whether it is deleted before its draw, drawn and written, or fails."""
        reading = self.pick([row for row in self.history.readings if row.state == "open"], step.a)
        if reading is None:
            return None
        how = ("written", "written", "given up", "failed")[step.b % 4]
        self.tell(f"a reading of {self.name(reading.reader)} is {how}")
        if how == "given up":

            async def give_up() -> None:
                await self.history.ask(reading.reader, "DELETE", f"/readings/{reading.id}")
                if reading.state == "open":
                    reading.state = how

            return give_up

        async def work() -> None:
            body = {"picks": [0, 1, 2], "client_seed": "x"}
            answer = await self.history.ask(reading.reader, "POST", f"/readings/{reading.id}/draw", body=body)
            if answer.status_code != 200:
                return
            await self.town.at_the_edge(lambda: self.write(reading, free=how == "failed"), step.crash)
            # Of two that end it at the same moment the first one counts.
            async with self.town.api.database.connection() as connection:
                ended = await connection.fetchval("SELECT state FROM generations WHERE reading_id = $1", reading.id)
            reading.state = "written" if ended == "finished" else "failed"

        return work

    async def write(self, reading: Reading, *, free: bool) -> None:
        """What a worker does at the end of a text; one whose worker died is taken over."""
        async with self.town.api.database.connection() as connection:
            await connection.execute("UPDATE generations SET lease_until = now() - interval '1 hour', claims = 0")
            generation = await connection.fetchval("SELECT id FROM generations WHERE reading_id = $1", reading.id)
            claim = await GenerationRepository(connection).claim(generation, lease_seconds=60)
        if claim is None:
            return
        state = "failed" if free else "finished"
        ending = Ending(state=state, text="…", kind="reading", offline=True, free=free)
        for _ in range(2):
            try:
                async with self.town.worker.database.transaction() as connection:
                    generations = GenerationRepository(connection)
                    await generations.lock_owner(claim)
                    material = await generations.material(claim)
                    assert material is not None
                    if await generations.end(claim, ending, attempt=claim.attempt):
                        await close(connection, claim, material, free=free, state=state)
                return
            except Unavailable:
                continue

    # ---- staff and time ----

    def refund(self, step: Step) -> Work | None:
        """a: which order; b: from where; c: a part of it, or all."""
        order = self.pick(self.history.those("paid"), step.a)
        if order is None:
            return None
        started_by = ("bot", "admin", "woocommerce")[step.b % 3]
        amount = (None, None, order.total // 4)[step.c % 3]
        self.tell(f"the staff give {amount or 'all'} of {self.number(order)} back ({started_by})")

        async def ask() -> None:
            services = self.town.worker
            for _ in range(2):
                try:
                    async with services.database.transaction() as connection:
                        await services.payments.refund(
                            connection, order.buyer.project, order.id, started_by=started_by, amount=amount
                        )
                    return
                except RefundRefused as refused:
                    self.tell(f"    refused: {refused.facts['reason']}")
                    return
                except Unavailable:
                    continue

        async def work() -> None:
            await self.town.at_the_edge(ask, step.crash)

        return work

    def wait(self, step: Step) -> Work | None:
        time = WAITS[step.a % 4]
        self.tell(f"{time} go by")

        async def work() -> None:
            for order in self.history.those("pending"):
                order.lapsed = True
            await self.town.wait(time)
            self.history.waited += time

        return work

    def beat(self, step: Step) -> Work | None:
        name = BEATS[step.a % len(BEATS)]
        self.tell(f"the beat {name}")

        async def work() -> None:
            await self.town.hurry()
            await self.town.beat(name)

        return work
