"""What YooKassa refuses, by the rules of its OpenAPI specification and of its receipts."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from app.sandbox.yookassa.errors import YooKassaRefusal, invalid
from app.sandbox.yookassa.state import Shop

CURRENCIES = "RUB EUR USD KZT BYN UAH UZS TRY INR MDL AZN AMD"
SUBJECTS = "commodity excise job service payment another composite intellectual_activity property_right"
MODES = "full_prepayment partial_prepayment advance full_payment partial_payment credit credit_payment"
MEASURES = "piece gram kilogram meter liter day hour minute second another"
VALUE = re.compile(r"(0|[1-9][0-9]{0,11})\.[0-9]{2}")
PHONE = re.compile(r"[0-9]{4,15}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


def only(body: Mapping[str, Any], known: Collection[str], where: str = "") -> None:
    for name in body:
        if name not in known:
            raise invalid(f"{where}{name}", "Unknown parameter")


def group(body: Mapping[str, Any], name: str, where: str = "") -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise invalid(f"{where}{name}", "Invalid or missing object")
    return value


def text(body: Mapping[str, Any], name: str, *, longest: int, where: str = "") -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise invalid(f"{where}{name}", "Invalid or missing string")
    return value


def flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise invalid(name, "Invalid boolean")
    return value


def amount(body: Mapping[str, Any], name: str = "amount", where: str = "") -> dict[str, str]:
    found = group(body, name, where)
    only(found, ("value", "currency"), f"{where}{name}.")
    value = text(found, "value", longest=16, where=f"{where}{name}.")
    if not VALUE.fullmatch(value) or cents(found) <= 0:
        raise invalid(f"{where}{name}.value", "Invalid amount")
    if found.get("currency") not in CURRENCIES.split():
        raise invalid(f"{where}{name}.currency", "Invalid currency")
    return {"value": value, "currency": found["currency"]}


def cents(found: Mapping[str, Any]) -> int:
    return int(found["value"].replace(".", ""))


def value(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def metadata(body: Mapping[str, Any]) -> dict[str, str]:
    found = body.get("metadata", {})
    if not isinstance(found, dict) or len(found) > 16:
        raise invalid("metadata", "Invalid metadata")
    for name, entry in found.items():
        if len(name) > 32 or not isinstance(entry, str) or len(entry) > 512:
            raise invalid(f"metadata.{name}"[:80], "Invalid metadata")
    return dict(found)


def confirmation(body: Mapping[str, Any]) -> dict[str, Any]:
    found = group(body, "confirmation")
    only(found, ("type", "return_url", "locale", "enforce"), "confirmation.")
    if found.get("type") != "redirect":
        raise invalid("confirmation.type", "The sandbox confirms by redirect only")
    address = text(found, "return_url", longest=2048, where="confirmation.")
    if not urlsplit(address).scheme:
        raise invalid("confirmation.return_url", "Invalid URL")
    if found.get("locale", "ru_RU") not in ("ru_RU", "en_US"):
        raise invalid("confirmation.locale", "Invalid locale")
    return found


def receipt(shop: Shop, body: Mapping[str, Any], total: Mapping[str, Any]) -> dict[str, Any] | None:
    """54-FZ: somebody to send it to, and items that come to the sum of the payment."""
    if "receipt" not in body:
        if shop.receipts:
            raise invalid("receipt", "Receipt is missing or illegal")
        return None
    found = group(body, "receipt")
    only(found, ("customer", "items", "tax_system_code", "internet", "timezone"), "receipt.")
    customer = group(found, "customer", "receipt.")
    only(customer, ("full_name", "inn", "email", "phone"), "receipt.customer.")
    email, phone = customer.get("email"), customer.get("phone")
    if not (email or phone):
        raise invalid("receipt.customer", "Customer's email or phone is missing")
    if email is not None and not (isinstance(email, str) and EMAIL.fullmatch(email) and len(email) <= 254):
        raise invalid("receipt.customer.email", "Invalid email")
    if phone is not None and not (isinstance(phone, str) and PHONE.fullmatch(phone)):
        raise invalid("receipt.customer.phone", "Invalid phone")
    if not isinstance(found.get("items"), list) or not 1 <= len(found["items"]) <= 80:
        raise invalid("receipt.items", "Invalid or missing items")
    if found.get("tax_system_code", 1) not in range(1, 7):
        raise invalid("receipt.tax_system_code", "Invalid tax system code")
    summed = sum(_item(item, f"receipt.items[{place}].", total) for place, item in enumerate(found["items"]))
    if summed != cents(total):
        raise invalid("receipt.items", "The sum of items differs from the amount")
    return found


def _item(item: Any, where: str, total: Mapping[str, Any]) -> int:
    if not isinstance(item, dict):
        raise invalid(where.rstrip("."), "Invalid item")
    known = ("description", "quantity", "measure", "amount", "vat_code", "payment_subject", "payment_mode")
    only(item, known, where)
    text(item, "description", longest=128, where=where)
    price = amount(item, where=where)
    if price["currency"] != total["currency"]:
        raise invalid(f"{where}amount.currency", "Items are in another currency")
    if isinstance(item.get("quantity"), bool) or not isinstance(item.get("quantity"), int) or item["quantity"] < 1:
        raise invalid(f"{where}quantity", "The sandbox sells whole pieces")
    if isinstance(item.get("vat_code"), bool) or item.get("vat_code") not in range(1, 13):
        raise invalid(f"{where}vat_code", "Invalid VAT code")
    for name, choices in (("payment_subject", SUBJECTS), ("payment_mode", MODES), ("measure", MEASURES)):
        if name in item and item[name] not in choices.split():
            raise invalid(f"{where}{name}", f"Invalid {name}")
    return cents(price) * int(item["quantity"])


def idempotence_key(key: str | None) -> str:
    if not key or len(key) > 64:
        raise YooKassaRefusal("Idempotence key is missing or too long", parameter="Idempotence-Key")
    return key
