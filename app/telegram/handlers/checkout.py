"""A pre-checkout query that nobody could answer when it came in."""

from aiogram import Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import PreCheckoutQuery

from app.catalogue.library import Project
from app.kit.telemetry import get_logger
from app.telegram.checkout import Checkout, CheckoutQuery

log = get_logger("app.telegram.checkout")


def router() -> Router:
    router = Router(name="checkout")
    router.pre_checkout_query.register(answer)
    return router


async def answer(event: PreCheckoutQuery, project: Project, checkout: Checkout) -> None:
    person = event.from_user
    words = await checkout.words(
        project,
        CheckoutQuery(
            event.id, person.id, person.language_code, event.currency, event.total_amount, event.invoice_payload
        ),
    )
    try:
        await event.answer(ok=words is None, error_message=words)
    except TelegramBadRequest as error:
        # Its ten seconds are over, or it was answered just then: nothing was paid, and the person may try again.
        log.warning("a payment's question was answered too late", project_id=project.id, reason=error.message)
