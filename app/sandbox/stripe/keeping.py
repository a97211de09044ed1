"""Everything that the sandbox knows of its accounts, as bytes."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from app.sandbox.stripe import billing, checkout, movements
from app.sandbox.stripe.state import Account, Books, Desk


@dataclass(frozen=True, slots=True)
class Kept:
    """`accounts` by id; `ahead` is how far the clock was set forward."""

    ahead: int
    accounts: dict[str, Books]


KEPT = TypeAdapter(Kept)


def dump(desk: Desk) -> bytes:
    known = {account.id: account.books for account in desk.accounts.values()}
    return KEPT.dump_json(Kept(desk.ahead, {**desk.remembered, **known}))


def load(desk: Desk, data: bytes) -> None:
    """Raises `ValueError`. Before accounts are made known: each finds its objects again, and what was due goes on."""
    kept = KEPT.validate_json(data)
    desk.ahead, desk.remembered = kept.ahead, kept.accounts
    desk.on_return = lambda account: resume(desk, account)


def resume(desk: Desk, account: Account) -> None:
    """Puts on the agenda what time will do to the objects of an account."""
    for session in account.all("checkout.session"):
        if session["status"] == "open":
            desk.at(session["expires_at"], lambda session=session: checkout.expire(desk, account, session))  # type: ignore[misc]  # a default binds it now
    for agreement in account.all("subscription"):
        billing.resume(desk, account, agreement)
    for made in account.all("refund"):
        if made["status"] == "pending":
            movements.end_later(desk, account, made, succeeded=True)
