"""How things are told: letters and updates that come, late, twice, astray or never, and the jobs that follow."""

from aiogram.types import BotSubscriptionUpdated, Message

from app.errors import Unavailable
from app.kit.clock import utc_now
from app.locales import Words
from app.payments.telegram import money as telegram_money
from app.sandbox.bank.books import Payment as BankPayment
from app.users.repository import UserRepository
from tests.payments.property.acts_of_providers import ActsOfProviders, Work, telegram_user
from tests.payments.property.history import Step, Update
from tests.payments.property.town import Letter


class ActsOfTelling(ActsOfProviders):
    def deliver(self, step: Step) -> Work | None:
        """a: which letter; b: how often, and whether it comes again later."""
        letter = self.pick(self.town.letters, step.a)
        if letter is None:
            return None
        times = 2 if step.b % 4 == 1 else 1
        self.tell(f"{letter.path.rsplit('/', 2)[1]} tells {letter.tells}{' twice' if times == 2 else ''}")
        if step.b % 4 != 2:
            self.town.letters.remove(letter)

        async def work() -> None:
            for _ in range(times):
                await self.post(letter)

        return work

    async def post(self, letter: Letter) -> None:
        """Providers send again what was not answered."""
        for _ in range(5):
            answer = await self.town.api.client.post(letter.path, content=letter.body, headers=letter.headers)
            if answer.status_code == 200:
                return
            assert self.town.unanswered(answer), answer.text
        raise AssertionError("a letter was never taken")

    def lose(self, step: Step) -> Work | None:
        letter = self.pick(self.town.letters, step.a)
        if letter is None:
            return None
        self.tell(f"a letter gets lost: {letter.tells}")
        self.town.letters.remove(letter)
        return _nothing

    def stray(self, step: Step) -> Work | None:
        """a: which letter; b: it comes to another project; or money comes there for an order of ours."""
        if step.b % 2 == 0:
            letter = self.pick(self.town.letters, step.a)
            if letter is None:
                return None
            self.tell(f"{letter.tells} is sent to another project")

            async def misdeliver() -> None:
                path = letter.path.replace("/luna", "/verbena")
                if path != letter.path:
                    answer = await self.town.api.client.post(path, content=letter.body, headers=letter.headers)
                    assert answer.status_code == 400 or self.town.unanswered(answer), answer.text

            return misdeliver
        order = self.pick([row for row in self.history.orders if row.payments], step.a)
        if order is None:
            return None
        self.tell(f"{self.number(order)} is paid into the account of another project")

        async def misdirect() -> None:
            other, books = self.town.project("verbena"), self.town.bank.books
            url = f"{self.town.api.settings.public_url}/api/v1/payments/sandbox/{other.slug}"
            paid = books.open(
                BankPayment(
                    f"pay_stray{len(books.payments)}", other.key, order.total, order.currency, "", "ru", "", url,
                    {"payment_id": str(order.payments[0])}, False,
                )
            )  # fmt: skip
            charge = books.charge(paid)
            self.history.wrong.add(charge.id)
            data = {"payment": paid.body(""), "charge": charge.body()}
            self.town.bank.webhooks.send(url, "payment.paid", other.key, data)

        return misdirect

    def update(self, step: Step) -> Work | None:
        """Telegram tells of each person in order. b: twice."""
        if not self.history.updates:
            return None
        chosen = self.history.updates[step.a % len(self.history.updates)]
        update = next(row for row in self.history.updates if row.person is chosen.person)
        self.tell(f"Telegram tells of {self.name(update.person)}: {update.tells}")
        self.history.updates.remove(update)

        async def work() -> None:
            for _ in range(2 if step.b % 3 == 2 else 1):
                await self.town.at_the_edge(lambda: self.handle(update), step.crash)

        return work

    async def handle(self, update: Update) -> None:
        """The bot's own handler; an update that was not done is worked on again."""
        person, parts = update.person, self.town.worker
        body = {
            "message_id": 1, "date": int(utc_now().timestamp()), "from": telegram_user(person),
            "chat": {"id": person.telegram_id, "type": "private", "first_name": "Анна"}, **update.content,
        }  # fmt: skip
        for _ in range(5):
            try:
                async with parts.database.transaction() as connection:
                    user = await UserRepository(connection, person.project.id).get(person.id)
                    if update.tells == "subscription":
                        event = BotSubscriptionUpdated.model_validate(update.content)
                        await telegram_money.subscription_changed(
                            event, person.project, user, Words("ru"), connection, parts.payments
                        )
                    elif update.tells == "refunded_payment":
                        message = Message.model_validate(body)
                        await telegram_money.refunded_payment(message, person.project, connection, parts.payments)
                    else:
                        await telegram_money.successful_payment(
                            Message.model_validate(body), person.project, user, Words("ru"), parts.settings,
                            connection, parts.redis, parts.users, parts.payments, parts.gifts,
                        )  # fmt: skip
                return
            except Unavailable:
                continue
        raise AssertionError("an update was never done")

    def work(self, step: Step) -> Work | None:
        """a: which job that waits."""
        if not self.history.waiting:
            return None

        async def run() -> None:
            job = self.pick(await self.town.jobs(), step.a)
            if job is not None:
                self.tell(f"    it was {job.name}")
                await self.town.run(job)

        self.tell("a worker takes a job")
        return run


async def _nothing() -> None:
    """What is lost does nothing."""
