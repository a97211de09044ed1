"""Shapes of the API: what comes in is checked by them, what goes out is documented by them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

ZONES = frozenset(available_timezones())


def _known_zone(value: str) -> str:
    if value not in ZONES:
        raise ValueError("not a zone of the IANA database")
    return value


class Input(BaseModel):
    """Unknown fields are refused: a misspelt one must not be lost in silence."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SignIn(Input):
    """`start_param`: of the app's own address; one that Telegram hands over is in the initData already."""

    init_data: Annotated[str, Field(min_length=1, max_length=8192)]
    start_param: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,512}$")] | None = None


class SignInByCode(Input):
    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,128}$")]


class Refresh(Input):
    refresh_token: Annotated[str, Field(min_length=1, max_length=256)]


class ProfileChanges(Input):
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] | None = None
    timezone: Annotated[str, Field(max_length=64), AfterValidator(_known_zone)] | None = None
    address: Literal["informal", "formal"] | None = None
    gender: Literal["feminine", "masculine", "unspecified"] | None = None
    reversals: bool | None = None
    consent: bool | None = None


class Erasure(Input):
    confirm: Literal[True]


class User(BaseModel):
    id: UUID
    first_name: str
    last_name: str | None
    username: str | None
    language: str
    timezone: str
    address: Literal["informal", "formal"]
    gender: Literal["feminine", "masculine", "unspecified"]
    reversals: bool
    consented_at: datetime | None
    created_at: datetime


class Session(BaseModel):
    """`expires_in`: seconds the access token lives."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: User


class Balance(BaseModel):
    balance: int
    held: int
    available: int


class Wallet(BaseModel):
    readings: Balance
    follow_ups: Balance


class Expiring(BaseModel):
    amount: int
    expires_at: datetime


class FullBalance(Balance):
    """`expiring`, the soonest first, is part of the balance; `used_first` says what the next expense takes."""

    expiring: list[Expiring]
    used_first: Literal["subscription", "expiring", "lasting"] | None


class FullWallet(BaseModel):
    readings: FullBalance
    follow_ups: FullBalance


class SubscribedPackage(BaseModel):
    key: str
    name: str


class Price(BaseModel):
    """In the currency's smallest units."""

    amount: int
    currency: str


class FairUse(BaseModel):
    """Readings a day, on the person's own calendar; `free_at` is when the next one is, if none is left today."""

    limit: int
    used: int
    left: int
    free_at: datetime | None


class Subscription(BaseModel):
    """Pays for readings until `until`; in `grace` it waits for its money until `grace_until`.

    `price` is what each renewal costs, as long as it `renews`.
    """

    package: SubscribedPackage
    state: Literal["active", "grace"]
    period: Literal["month", "year"]
    trial: bool
    renews: bool
    until: datetime
    grace_until: datetime | None
    provider: str | None
    price: Price
    fair_use: FairUse | None


class Profile(BaseModel):
    user: User
    wallet: FullWallet
    subscription: Subscription | None
    unfinished_reading: UUID | None


class Forfeited(BaseModel):
    readings: int
    follow_ups: int


class Erased(BaseModel):
    forfeited: Forfeited


class DevelopmentUser(Input):
    id: Annotated[int, Field(gt=0, lt=2**52)]
    first_name: Annotated[str, Field(min_length=1, max_length=64)]
    username: Annotated[str, Field(pattern=r"^\w{1,32}$")] | None = None
    language_code: Annotated[str, Field(pattern=r"^[A-Za-z-]{2,16}$")] | None = None


class DevelopmentInitData(Input):
    """`place`: a guest of the demo in an ordinary browser is no guest of Telegram."""

    project: Annotated[str, Field(max_length=64)]
    user: DevelopmentUser
    place: Literal["telegram", "web"] = "telegram"


class InitData(BaseModel):
    init_data: str
