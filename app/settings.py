"""Every setting of an installation, read from the environment (and `.env`) once at start."""

import os
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class ModelProfile(BaseModel):
    """One OpenAI-compatible server as the operator allows it; a project names it, never its address."""

    base_url: str
    api_key: SecretStr = SecretStr("")
    model: str
    temperature: float = 0.8
    max_tokens: int = 1800
    # Price in USD per million tokens, for the record of costs.
    input_price: Decimal = Decimal(0)
    output_price: Decimal = Decimal(0)


class Settings(BaseSettings):
    # ENV_FILE names another file, or none: the demo does not read the file of a real installation.
    model_config = SettingsConfigDict(
        env_file=os.environ.get("ENV_FILE", ".env"), env_ignore_empty=True, extra="ignore"
    )

    # Where this installation lives.
    public_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    data_dir: Path = Path(".arcana")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    # Storage. Empty: an embedded server is started in the data folder.
    database_url: str = ""
    redis_url: str = ""
    database_pool_size: int = Field(10, ge=2, le=200)

    # Secrets. Empty: made once and kept in the data folder.
    secret_key: SecretStr = SecretStr("")

    # The store. Empty: connected by pairing, or else the bundled demo catalogue is served.
    woocommerce_url: str = ""
    woocommerce_consumer_key: SecretStr = SecretStr("")
    woocommerce_consumer_secret: SecretStr = SecretStr("")
    catalogue_poll_seconds: float = Field(5.0, gt=0)

    # Telegram.
    telegram_api_url: str = "https://api.telegram.org"
    telegram_updates: Literal["webhook", "polling"] = "webhook"
    super_admins: Annotated[tuple[int, ...], NoDecode] = ()
    telegram_messages_per_second: float = Field(30.0, gt=0, le=10_000)
    # Of these; replies go first, and this leaves room for them.
    broadcast_messages_per_second: float = Field(25.0, gt=0, le=10_000)
    # Above 30 a second Telegram takes Stars for each message (`allow_paid_broadcast`).
    broadcast_paid: bool = False
    broadcast_lease_seconds: float = Field(60.0, gt=0)

    # Alerts to them in private. Without a bot of their own, the first live project's sends them.
    alert_bot_token: SecretStr = SecretStr("")
    # Empty: of the project that they are about, else of the first live one.
    alert_language: Literal["", "ru", "en"] = ""
    # How long something has to be away before they hear of it; the other times follow from this one.
    alert_patience_seconds: float = Field(30.0, gt=0)

    # Models: {"default": {"base_url": "…", "api_key": "…", "model": "…"}}
    model_profiles: dict[str, ModelProfile] = {}
    model_calls_per_project: int = Field(50, ge=1)
    model_calls_total: int = Field(300, ge=1)
    model_first_token_seconds: float = Field(20.0, gt=0)
    model_idle_seconds: float = Field(15.0, gt=0)
    model_total_seconds: float = Field(120.0, gt=0)
    model_retries: int = Field(2, ge=0, le=5)

    # Payment providers; a project's keys come with the catalogue.
    stripe_api_url: str = "https://api.stripe.com"
    yookassa_api_url: str = "https://api.yookassa.ru/v3"

    # Readings.
    draw_expires_hours: float = Field(24.0, gt=0)
    generation_lease_seconds: float = Field(15.0, gt=0)

    # The edge.
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    access_token_seconds: int = Field(900, ge=60)
    refresh_token_days: int = Field(30, ge=1)
    rate_limit_address_per_minute: int = Field(1200, ge=1)
    rate_limit_user_per_minute: int = Field(240, ge=1)
    # Mobile networks put many people behind one address.
    rate_limit_sign_in_per_minute: int = Field(120, ge=1)
    rate_limit_readings_per_minute: int = Field(12, ge=1)
    # Rows that an export of the admin API holds in memory at once.
    export_page_rows: int = Field(500, ge=1, le=10_000)
    rate_limit_orders_per_minute: int = Field(20, ge=1)

    # Prometheus metrics of a worker, on `host`. 0: none.
    worker_metrics_port: int = Field(0, ge=0, le=65535)

    # Set only by the demo command; a deployment has no reason to.
    demo: bool = False
    # Where the demo's Telegram is shown; this page may frame the Mini App.
    desk_url: str = ""
    # The demo's bank of play money: its address, the key to its API, and what it signs webhooks with.
    sandbox_bank_url: str = ""
    sandbox_bank_key: SecretStr = SecretStr("")
    sandbox_bank_secret: SecretStr = SecretStr("")
    # Whether the demo's shops at YooKassa send receipts, as the law asks of real ones.
    sandbox_receipts: bool = False

    @field_validator("cors_origins", "trusted_proxies", "super_admins", mode="before")
    @classmethod
    def split_list(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator(
        "public_url",
        "woocommerce_url",
        "telegram_api_url",
        "stripe_api_url",
        "yookassa_api_url",
        "desk_url",
        "sandbox_bank_url",
    )
    @classmethod
    def check_address(cls, value: str) -> str:
        value = value.rstrip("/")
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("must be an http or https address")
        return value

    @model_validator(mode="after")
    def check_demo(self) -> Self:
        if self.demo and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("demo mode listens on loopback only; unset DEMO or set HOST=127.0.0.1")
        if self.desk_url and not self.demo:
            raise ValueError("DESK_URL belongs to the demo: it may show the Mini App in a frame; unset it")
        if self.sandbox_bank_url and not self.demo:
            raise ValueError("SANDBOX_BANK_URL belongs to the demo: its bank takes play money; unset it")
        return self

    @cached_property
    def public_origin(self) -> str:
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    def plays(self, provider: str) -> bool:
        """Whether the demo has a sandbox for this payment provider, on this machine."""
        address = {"stripe": self.stripe_api_url, "yookassa": self.yookassa_api_url}.get(provider, "")
        return self.demo and urlsplit(address).hostname in ("127.0.0.1", "::1", "localhost")
