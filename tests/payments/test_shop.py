"""The shop and orders over HTTP, as the Mini App uses them."""

from typing import Any
from uuid import uuid4

from tests.conftest import Person
from tests.payments.stage import Counter, place


async def shop_of(person: Person, coupon: str | None = None) -> dict[str, Any]:
    answer = await person.get("/api/v1/shop", params={"coupon": coupon} if coupon else None)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def price_of(shop: dict[str, Any], package: str, provider: str = "sandbox") -> dict[str, Any]:
    item = next(item for item in shop["items"] if item["package"] == package)
    found: dict[str, Any] = next(price for price in item["prices"] if price["provider"] == provider)
    return found


class TestShop:
    async def test_shows_every_package_with_each_way_to_pay(self, counter: Counter) -> None:
        shop = await shop_of(await counter.sign_in())
        assert shop["place"] == "web" and "sandbox" in shop["providers"]
        assert [item["package"] for item in shop["items"]] == [
            "luna-three", "luna-ten", "luna-questions", "luna-month", "luna-year",
        ]  # fmt: skip
        assert price_of(shop, "luna-ten") == {
            "provider": "sandbox", "currency": "RUB", "regular": 60000, "price": 48000, "discount": 0, "total": 48000,
            "minimum": 1, "maximum": None, "renews": False,
        }  # fmt: skip
        assert [item["package"] for item in shop["items"] if item["trial"]] == ["luna-month"]

    async def test_says_which_way_to_pay_can_renew(self, counter: Counter) -> None:
        shop = await shop_of(await counter.sign_in())
        ways = {
            (item["package"], price["provider"]): price["renews"]
            for item in shop["items"]
            for price in item["prices"]
            if price["provider"] in ("sandbox", "stars")
        }
        # Telegram renews by the month alone.
        expected = {"sandbox": {"luna-month", "luna-year"}, "stars": {"luna-month"}}
        assert {way for way, renews in ways.items() if renews} == {
            (package, provider) for provider in shop["providers"] for package in expected.get(provider, ())
        }

    async def test_inside_telegram_only_stars(self, counter: Counter) -> None:
        person = await counter.api.sign_in()
        shop = await shop_of(person)
        assert shop["place"] == "telegram" and set(shop["providers"]) <= {"stars"}
        refused = await place(person)
        assert (refused.status_code, refused.json()["error"]) == (422, "provider_not_offered")

    async def test_the_same_sum_before_and_after(self, counter: Counter) -> None:
        person = await counter.sign_in()
        shop = await shop_of(person, " MOON20 ")
        assert shop["coupon"] == {"code": "moon20", "valid": True, "reason": None}
        price = price_of(shop, "luna-three")
        assert (price["discount"], price["total"]) == (3980, 15920)
        placed = (await place(person, coupon="moon20", total=15920)).json()
        assert placed["order"]["total"] == 15920 and placed["order"]["coupon"] == "moon20"
        bank = next(iter(counter.bank.books.payments.values()))
        assert (bank.amount, bank.currency, bank.account) == (15920, "RUB", "luna")

    async def test_a_coupon_that_does_not_count_changes_no_price(self, counter: Counter) -> None:
        person = await counter.sign_in()
        unknown = await shop_of(person, "nothing")
        assert unknown["coupon"] == {"code": "nothing", "valid": False, "reason": "unknown"}
        partly = await shop_of(person, "minus100")
        assert partly["coupon"]["valid"] is True
        reasons = {item["package"]: item["coupon_reason"] for item in partly["items"]}
        assert (reasons["luna-three"], reasons["luna-ten"]) == ("below_minimum", None)
        limits = {item["package"]: item["coupon_limit"] for item in partly["items"]}
        assert (limits["luna-three"], limits["luna-ten"]) == ({"amount": 30000, "currency": "RUB"}, None)
        assert price_of(partly, "luna-ten")["total"] == 38000
        refused = await place(person, coupon="minus100")
        assert (refused.status_code, refused.json()["reason"]) == (422, "below_minimum")

    async def test_codes_cannot_be_found_by_trying(self, counter: Counter) -> None:
        person = await counter.sign_in()
        answers = [(await person.get("/api/v1/shop?coupon=x")).status_code for _ in range(21)]
        assert answers == [200] * 20 + [429]


class TestOrders:
    async def test_a_price_that_has_changed_is_told(self, counter: Counter) -> None:
        person = await counter.sign_in()
        answer = await place(person, total=100)
        assert (answer.status_code, answer.json()["error"]) == (409, "price_changed")
        assert (answer.json()["total"], answer.json()["currency"]) == (19900, "RUB")

    async def test_free_is_paid_at_once(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person, coupon="friend100", total=0)).json()
        assert (placed["order"]["state"], placed["payment"]) == ("paid", None)
        assert (await person.wallet())["available"] == 8
        assert counter.bank.books.payments == {}
        gone = await shop_of(person, "friend100")
        assert gone["coupon"] == {"code": "friend100", "valid": False, "reason": "used_by_you"}

    async def test_lists_what_came_to_something_in_pages(self, counter: Counter) -> None:
        person, stranger = await counter.sign_in(), await counter.sign_in(telegram_id=78)
        ids = [(await place(person)).json()["order"]["id"] for _ in range(3)]
        await place(stranger)
        assert (await person.post(f"/api/v1/orders/{ids[0]}/cancel")).json()["state"] == "canceled"
        first = (await person.get("/api/v1/orders?limit=1")).json()
        assert [item["id"] for item in first["items"]] == [ids[2]]
        rest = (await person.get(f"/api/v1/orders?cursor={first['next_cursor']}")).json()
        assert ([item["id"] for item in rest["items"]], rest["next_cursor"]) == ([ids[1]], None)

    async def test_an_expired_order_is_not_paid_again(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        path = f"/api/v1/orders/{placed['order']['id']}"
        async with counter.api.database.connection() as connection:
            await connection.execute("UPDATE orders SET expires_at = now()")
        assert (await person.get(path)).json()["state"] == "expired"
        answer = await person.post(f"{path}/pay", json={"provider": "sandbox"})
        assert (answer.status_code, answer.json()) == (
            409,
            {"error": "order_not_payable", "detail": "This order can no longer be paid.", "state": "expired"},
        )

    async def test_paying_again_leads_to_the_same_page_while_it_is_open(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        again = await person.post(f"/api/v1/orders/{placed['order']['id']}/pay", json={"provider": "sandbox"})
        assert again.json()["payment"] == placed["payment"]
        assert len(counter.bank.books.payments) == 1

    async def test_an_account_for_the_receipt_must_be_one(self, counter: Counter) -> None:
        person = await counter.sign_in()
        for contact in ("anna", "+7", "a@b@c", "+7 999"):
            assert (await place(person, contact=contact)).status_code == 422
        assert (await place(person, contact="anna@example.org")).status_code == 201

    async def test_needs_a_key_and_a_person(self, counter: Counter) -> None:
        person = await counter.sign_in()
        body = {"package": "luna-three", "provider": "sandbox", "expected_total": 19900, "currency": "RUB"}
        assert (await person.post("/api/v1/orders", json=body)).status_code == 422
        headers = {"Idempotency-Key": uuid4().hex}
        assert (await counter.api.client.post("/api/v1/orders", json=body, headers=headers)).status_code == 401
        blocked = {**headers, "Idempotency-Key": uuid4().hex}
        async with counter.api.database.connection() as connection:
            await connection.execute("UPDATE users SET state = 'blocked'")
        assert (await person.post("/api/v1/orders", json=body, headers=blocked)).status_code == 403
        assert (await person.get("/api/v1/shop")).status_code == 403
