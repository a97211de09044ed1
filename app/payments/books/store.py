"""One order and its refunds in WooCommerce: made to agree with our books, whatever stands there now."""

import asyncio
import secrets
from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.payments.books import writing
from app.payments.books.records import OrderRecord, RefundRecord
from app.woocommerce.errors import StoreError
from app.woocommerce.rest import OURS, RestAnswer, StoreRest

# Answers to a customer's second creation, depending on where WordPress notices it.
NO_SUCH = "woocommerce_rest_invalid_id"
KNOWN_CUSTOMER = ("registration-error-", "existing_user_", "woocommerce_rest_customer_exists")
# Half-made by a request that died: the status was to come last.
UNFINISHED = frozenset(("pending", "checkout-draft", "auto-draft"))


class BookProblem(Exception):
    """The store's answer is no, and would be tomorrow; `code` is stable, the words are for the operator's log."""

    def __init__(self, code: str, words: str = "", *, remote_id: int | None = None) -> None:
        self.code = code
        self.remote_id = remote_id
        super().__init__(words or code)


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as it stands in the books; `refunds` are ours, by their id."""

    id: int
    status: str
    currency: str
    total: str
    customer_id: int
    refunds: dict[str, int]


class StoreBooks:
    """Every call may be repeated. Raises `BookProblem`, and `StoreError` for what may pass."""

    def __init__(self, rest: StoreRest) -> None:
        self._rest = rest
        # WordPress itself lets two requests make one person twice.
        self._people: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def put_order(self, record: OrderRecord, *, product_id: int | None, name: str) -> int:
        """The number of the order in the store, where it now stands as it should."""
        standing = await self.find(record.id)
        if standing is None:
            standing = await self._create(record, product_id=product_id, name=name)
        elif standing.status in UNFINISHED:
            await self._done(await self._rest.call("PUT", f"orders/{standing.id}", data={"status": "completed"}))
        if not writing.same_sum(standing.total, record.total, record.currency) or standing.currency != record.currency:
            words = f"order {standing.id} says {standing.total} {standing.currency}"
            raise BookProblem("total_differs", words, remote_id=standing.id)
        if record.telegram_id is None:
            await self._forget(record, standing)
        return standing.id

    async def put_refund(self, record: OrderRecord, refund: RefundRecord, order_number: int) -> int | None:
        """The number of the refund in the store; None for one that failed, which does not stand there now."""
        standing = await self.find(record.id)
        if standing is None:
            raise BookProblem("order_gone", f"order {order_number} is not in the store any more")
        known = standing.refunds.get(str(refund.id))
        if refund.state == "failed":
            if known is not None:
                await self._take_out(standing, known)
            return None
        if known is not None:
            return known
        line_id = await self._line(standing.id)
        body = writing.refund_body(refund, line_id=line_id, is_whole=refund.amount == record.total)
        answer = await self._rest.call("POST", f"orders/{standing.id}/refunds", data=body)
        if answer.status == 409 and answer.code == "arcana_refund_exists":
            return int(answer.data["refund_id"])
        await self._done(answer)
        return int(answer.body["id"])

    async def find(self, order_id: UUID) -> Standing | None:
        """Asks the plugin, which knows orders by our id."""
        answer = await self._rest.call("GET", f"orders/{order_id}", version=OURS)
        if answer.status == 404 and answer.code == "arcana_order_unknown":
            return None
        if answer.status == 404:
            raise StoreError("plugin_old", "The Arcana plugin of the store is missing or older than this backend.")
        await self._done(answer)
        found = answer.body
        return Standing(
            int(found["id"]),
            found["status"],
            found["currency"],
            found["total"],
            int(found["customer_id"]),
            {key: int(value) for key, value in found["refunds"].items()},
        )

    async def _create(self, record: OrderRecord, *, product_id: int | None, name: str) -> Standing:
        await self._check_product(record, product_id)
        assert product_id is not None  # noqa: S101  # checked above
        customer_id = 0
        if record.telegram_id:
            async with self._people[record.user_id]:
                customer_id = await self._customer(record)
        body = writing.order_body(record, product_id=product_id, customer_id=customer_id, name=name)
        answer = await self._rest.call("POST", "orders", data=body)
        if answer.status == 409 and answer.code == "arcana_order_exists":
            # A former request of ours, whose answer got lost, came through after all.
            standing = await self.find(record.id)
            if standing is None:
                raise StoreError("answer", "The store knows the order and does not know it.")
            return standing
        await self._done(answer)
        made = answer.body
        return Standing(int(made["id"]), made["status"], made["currency"], made["total"], customer_id, {})

    async def _check_product(self, record: OrderRecord, product_id: int | None) -> None:
        """The store takes an order with any number of a product, and makes it cost nothing: so it is asked before."""
        if product_id is None:
            raise BookProblem("product_missing", f"the package {record.package_key} has no product")
        answer = await self._rest.call("GET", f"products/{product_id}")
        if answer.status == 404:
            raise BookProblem("product_missing", f"there is no product {product_id}")
        await self._done(answer)
        product = answer.body
        keys = [row["value"] for row in product.get("meta_data", ()) if row.get("key") == "_arcana_key"]
        if product.get("type") != "arcana_package" or keys != [record.package_key]:
            raise BookProblem("product_foreign", f"product {product_id} is not the package {record.package_key}")

    async def _customer(self, record: OrderRecord) -> int:
        email = writing.customer_email(record)
        if found := await self._find_customer(email):
            return found
        # Nobody ever signs in with it: people of the bots have no account in the shop.
        answer = await self._rest.call(
            "POST", "customers", data=writing.customer_body(record, secrets.token_urlsafe(24))
        )
        if answer.code.startswith(KNOWN_CUSTOMER):
            # Another process of ours was faster, and may not have finished.
            if found := await self._find_customer(email):
                return found
            raise StoreError("busy", "The store is making this customer right now.")
        await self._done(answer)
        return int(answer.body["id"])

    async def _find_customer(self, email: str) -> int:
        answer = await self._rest.call("GET", "customers", params={"email": email, "role": "all"})
        await self._done(answer)
        return next((int(row["id"]) for row in answer.body if row.get("email") == email), 0)

    async def _forget(self, record: OrderRecord, standing: Standing) -> None:
        """Whoever left us leaves the store as well: the order stays, without anything that leads to him."""
        await self._done(await self._rest.call("PUT", f"orders/{standing.id}", data=writing.person_body(record)))
        if customer := await self._find_customer(writing.customer_email(record)):
            gone = await self._rest.call("DELETE", f"customers/{customer}", params={"force": "true"})
            # A shop manager's key may change customers, but not delete them.
            if not gone.ok and gone.code != NO_SUCH:
                gone = await self._rest.call("PUT", f"customers/{customer}", data=writing.forgotten_customer())
            # Another of his orders was faster.
            if gone.code != NO_SUCH:
                await self._done(gone)

    async def _take_out(self, standing: Standing, refund_number: int) -> None:
        """A refund that was written down in the store first, and then failed."""
        answer = await self._rest.call(
            "DELETE", f"orders/{standing.id}/refunds/{refund_number}", params={"force": "true"}
        )
        if answer.status != 404:
            await self._done(answer)
        if standing.status == "refunded":
            await self._done(await self._rest.call("PUT", f"orders/{standing.id}", data={"status": "completed"}))

    async def _line(self, number: int) -> int | None:
        answer = await self._rest.call("GET", f"orders/{number}")
        await self._done(answer)
        lines: list[Any] = answer.body.get("line_items", [])
        return int(lines[0]["id"]) if len(lines) == 1 else None

    async def _done(self, answer: RestAnswer) -> None:
        if answer.ok:
            return
        if answer.status == 429:
            raise StoreError("busy", "The store wants to be asked less often.")
        raise BookProblem("rejected", f"the store answered {answer.status} {answer.code}".rstrip())
