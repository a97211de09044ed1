"""What every journey through the shop does: choose a package, pay for it, look at the balance."""

import re

from playwright.sync_api import Locator

from tests.journeys.phone import Phone

# What the bank and the worker need for an event, on a busy machine.
PAID = 30_000


def button(phone: Phone, name: str) -> Locator:
    return phone.page.get_by_role("button", name=name, exact=True)


def heading(phone: Phone, name: str) -> Locator:
    return phone.page.get_by_role("heading", name=name, exact=True)


def choose(phone: Phone, package: str, *, verb: str = "Выбрать") -> None:
    """From the shop to where this package is paid, with play money."""
    button(phone, f"{verb} {package}").click()
    heading(phone, package).wait_for()


def pay(phone: Phone, *, at_the_bank: str = "pay") -> None:
    phone.page.get_by_role("radio", name="Игрушечные деньги").check()
    phone.page.get_by_role("button", name=re.compile("^Оплатить")).click()
    decide(phone, at_the_bank)


def decide(phone: Phone, action: str) -> None:
    phone.page.locator(f"[data-action={action}]").click()
    phone.page.wait_for_url("**/orders/**")


def buy(phone: Phone, package: str, *, at_the_bank: str = "pay") -> None:
    phone.open("packages")
    choose(phone, package)
    pay(phone, at_the_bank=at_the_bank)


def readings(phone: Phone) -> int:
    with phone.api() as client:
        return int(client.get("/me").json()["wallet"]["readings"]["available"])
