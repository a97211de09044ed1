"""Records what a real WooCommerce answers to the books, for tests without one: `python -m tests.live.record_books`.

It takes the variables of the live suite, and leaves the store as it was.
"""

import asyncio
from typing import Any
from uuid import UUID

import orjson
from pydantic import SecretStr

from app.kit.clock import utc_now
from app.payments.books import writing
from app.payments.books.records import OrderRecord, RefundRecord
from app.woocommerce.client import StoreAccess
from app.woocommerce.rest import OURS, RestAnswer, StoreRest
from tests.live.record import FOLDER
from tests.live.store import VARIABLES, Store

# Nothing that a test looks at: links, and what would let somebody look at an order.
LEFT_OUT = ("_links", "order_key", "payment_url", "avatar_url", "needs_payment", "is_editable")
ORDER_ID, REFUND_ID = UUID("01a20000-0000-7000-8000-00000000c0de"), UUID("01a20000-0000-7000-8000-00000000feed")
PERSON = UUID("01a20000-0000-7000-8000-000000000a0a")


def clean(value: Any) -> Any:
    match value:
        case dict():
            return {name: clean(part) for name, part in value.items() if name not in LEFT_OUT}
        case list():
            return [clean(part) for part in value]
    return value


async def record(store: Store) -> dict[str, Any]:
    rest = StoreRest(
        StoreAccess("record", store.url, f"{store.url}/wp-json/", SecretStr(store.key), SecretStr(store.secret))
    )
    kept: dict[str, Any] = {}

    async def ask(name: str, method: str, route: str, **options: Any) -> RestAnswer:
        answer = await rest.call(method, route, **options)
        kept[name] = {"status": answer.status, "body": clean(answer.body)}
        return answer

    package = next(row for row in store.catalogue()["packages"] if row["key"] == "luna-three")
    order = OrderRecord(
        ORDER_ID, 1, 7, PERSON, "purchase", "paid", "luna-three", {}, "RUB", 19900, 3980, 15920, "moon20", "web",
        utc_now(), "luna", 700100200, "Анна", "Ковалёва", "anna_k", "yookassa", "charge", None, None, None,
    )  # fmt: skip
    refund = RefundRecord(REFUND_ID, PERSON, 15920, "RUB", "done", "Передумала", "bot", utc_now())
    await ask("product", "GET", f"products/{package['product_id']}")
    await ask("product_missing", "GET", "products/99999999")
    await ask("order_unknown", "GET", f"orders/{ORDER_ID}", version=OURS)
    await ask("route_missing", "GET", "no-such-route", version=OURS)
    email = writing.customer_email(order)
    await ask("customers_none", "GET", "customers", params={"email": email, "role": "all"})
    customer = await ask("customer", "POST", "customers", data=writing.customer_body(order, "not kept anywhere"))
    await ask("customer_again", "POST", "customers", data=writing.customer_body(order, "not kept anywhere"))
    body = writing.order_body(order, product_id=package["product_id"], customer_id=customer.body["id"], name="Три ночи")
    made = await ask("order", "POST", "orders", data=body)
    number = made.body["id"]
    try:
        await ask("order_again", "POST", "orders", data=body)
        await ask("order_known", "GET", f"orders/{ORDER_ID}", version=OURS)
        line = made.body["line_items"][0]["id"]
        given_back = writing.refund_body(refund, line_id=line, is_whole=True)
        await ask("refund", "POST", f"orders/{number}/refunds", data=given_back)
        await ask("refund_again", "POST", f"orders/{number}/refunds", data=given_back)
        await ask("order_refunded", "GET", f"orders/{ORDER_ID}", version=OURS)
    finally:
        await rest.call("DELETE", f"orders/{number}", params={"force": "true"})
        await rest.call("DELETE", f"customers/{customer.body['id']}", params={"force": "true"})
    return kept


def main() -> None:
    store = Store.from_environment()
    if store is None:
        raise SystemExit(f"Set {', '.join(VARIABLES)}.")
    kept = asyncio.run(record(store))
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS
    (FOLDER / "books.json").write_bytes(orjson.dumps(kept, option=options))


if __name__ == "__main__":
    main()
