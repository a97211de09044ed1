"""The Stripe of the sandbox: its answers have the shapes of Stripe's schema, and its page works like the real one."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import stripe
from stripe.params import RefundCreateParams, SubscriptionUpdateParams
from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItemPriceData

from app.payments.providers.stripe import SESSION_PARTS
from app.sandbox.stripe import billing, cards, checkout
from tests.payments.provider_shop import RETURN_URL
from tests.payments.stripe_shapes import assert_shape, problems
from tests.payments.stripe_shop import KEY, Shop, open_shop

MONTH = 31 * 86400


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop


async def get(shop: Shop, path: str, *expand: str, **params: Any) -> dict[str, Any]:
    answer = await shop.http.get(
        f"{shop.url}/v1/{path}",
        params={**params, **{f"expand[{number}]": name for number, name in enumerate(expand)}},
        headers={"authorization": f"Bearer {KEY}"},
    )
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


KINDS = {
    "checkout.session": stripe.checkout.Session,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "balance_transaction": stripe.BalanceTransaction,
    "subscription": stripe.Subscription,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "event": stripe.Event,
    "billing_portal.session": stripe.billing_portal.Session,
}


class TestShapes:
    async def test_every_object_that_a_busy_day_makes(self, shop: Shop) -> None:
        await shop.provider.start(shop.ask())
        for number in (cards.DECLINED, cards.GOOD, "4000000000005126"):
            started = await shop.provider.start(shop.ask(contact="anna@example.com"))
            paid = await shop.pay(started, number)
            if paid["outcome"] == "paid":
                await shop.order("refunds", payment_intent=paid["payment_intent"], amount=900)
        dispute = await shop.order("disputes", payment_intent=paid["payment_intent"])
        await shop.order("disputes/close", dispute=dispute["id"], won=True)
        ask = shop.ask(renews=True, period="month")
        started = await shop.provider.start(ask)
        await shop.pay(started, cards.FAILS_LATER)
        (first,) = await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id)
        await shop.provider.portal(shop.project, subscription=first.subscription, return_url=RETURN_URL)  # type: ignore[union-attr,arg-type]  # a payment of a subscription
        await shop.order("clock", seconds=3 * MONTH)
        seen = set()
        for thing in list(shop.account.things.values()):
            if thing["object"] in KINDS:
                assert_shape(thing, KINDS[thing["object"]])
                seen.add(thing["object"])
                if thing["object"] == "event":
                    about = thing["data"]["object"]
                    assert_shape(about, KINDS[about["object"]])
        assert seen == set(KINDS)

    async def test_what_we_ask_to_be_expanded(self, shop: Shop) -> None:
        for renewing in ({}, {"renews": True, "period": "month"}):
            _, started, _ = await shop.sold(**renewing)
            session = await get(shop, f"checkout/sessions/{started.reference}", *SESSION_PARTS)
            assert_shape(session, stripe.checkout.Session)
        assert session["invoice"]["payments"]["data"][0]["status"] == "paid"
        agreement = await get(shop, f"subscriptions/{session['subscription']}", "latest_invoice")
        assert_shape(agreement, stripe.Subscription)
        assert agreement["latest_invoice"]["status"] == "paid"

    async def test_lists(self, shop: Shop) -> None:
        await shop.sold()
        await shop.sold(renews=True, period="year")
        for path, kind in (("balance_transactions", stripe.BalanceTransaction), ("events", stripe.Event)):
            page = (
                await get(shop, path, "data.source", limit=1) if "balance" in path else await get(shop, path, limit=1)
            )
            assert (len(page["data"]), page["has_more"]) == (1, True)
            assert not list(problems(page, stripe.ListObject[kind], path))  # type: ignore[valid-type]  # a list of these

    def test_the_checker_sees_what_is_wrong(self) -> None:
        wrong = {"id": 5, "object": "refund", "amount": "12", "created": 1, "extra": None, "pending_reason": "nonsense"}
        found = "\n".join(problems(wrong, stripe.Refund, "refund"))
        for part in ("refund.id: 5", "refund.amount: '12'", "refund.extra: unknown", "currency: missing", "nonsense"):
            assert part in found


class TestPage:
    async def test_pay_with_a_card(self, shop: Shop) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        async with httpx.AsyncClient() as browser:
            page = await browser.get(started.url)
            assert "499,00\u00a0₽" in page.text
            assert "Номер карты" in page.text
            declined = await browser.post(started.url, data={"number": "4000 0000 0000 9995"})
            assert "insufficient funds" in declined.text
            paid = await browser.post(started.url, data={"number": "4242 4242 4242 4242"})
            assert (paid.status_code, paid.headers["location"]) == (303, RETURN_URL)
            again = await browser.post(started.url, data={"number": "4242 4242 4242 4242"})
            assert "closed" in again.text or "закрыта" in again.text
        assert len(shop.account.kinds["charge"]) == 2
        assert len(await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id)) == 1

    async def test_the_bank_asks_back(self, shop: Shop) -> None:
        started = await shop.provider.start(shop.ask())
        async with httpx.AsyncClient() as browser:
            asked = await browser.post(started.url, data={"number": cards.AUTHENTICATE})
            assert "Банк спрашивает" in asked.text
            refused = await browser.post(started.url, data={"number": cards.AUTHENTICATE, "authenticated": "no"})
            assert "unable to authenticate" in refused.text
            paid = await browser.post(started.url, data={"number": cards.AUTHENTICATE, "authenticated": "yes"})
            assert paid.status_code == 303

    async def test_what_is_written_on_it_is_only_text(self, shop: Shop) -> None:
        started = await shop.provider.start(shop.ask(return_url='https://a.example/?x="><script>alert(1)</script>'))
        page = await shop.http.get(started.url)
        assert "<script" not in page.text
        assert "script-src" not in page.headers["content-security-policy"]
        assert (await shop.http.get(f"{shop.url}/c/pay/none")).status_code == 404


class TestRequests:
    def test_what_is_taken_is_what_stripe_takes(self) -> None:
        taken = {
            SessionCreateParams: checkout.CREATE,
            SessionCreateParamsLineItemPriceData: ("currency", "unit_amount", "product_data", "recurring"),
            RefundCreateParams: ("payment_intent", "charge", "amount", "metadata", "reason"),
            SubscriptionUpdateParams: billing.UPDATE,
        }
        for kind, names in taken.items():
            assert set(names) <= set(kind.__annotations__), kind.__name__

    async def test_unknown_parameters_are_refused(self, shop: Shop) -> None:
        answer = await shop.http.post(
            f"{shop.url}/v1/refunds",
            data={"payment_intent": "pi_1", "colour": "red"},
            headers={"authorization": f"Bearer {KEY}"},
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "parameter_unknown")

    async def test_without_a_key(self, shop: Shop) -> None:
        assert (await shop.http.get(f"{shop.url}/v1/events")).status_code == 401

    async def test_real_looking_keys_are_not_taken(self, shop: Shop) -> None:
        body = {"secret_key": "sk_test_51Habc", "webhook_secret": "whsec_1"}
        assert (await shop.http.post(f"{shop.url}/sandbox/accounts", json=body)).status_code == 422
