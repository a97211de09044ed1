"""From the pasted string to the Mini App: a store is paired, and an edit in it is seen in seconds."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import time
from typing import Any

from app.catalogue.service import Catalogue
from app.kit import json
from app.kit.crypto import seal_to
from app.settings import Settings
from app.woocommerce.pairing import PREFIX, create_pairing
from tests.catalogue.wordpress import (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    WordPress,
    make_package,
    make_project,
    sealed_bot,
)
from tests.conftest import Api, open_api, open_worker


async def signed(api: Api, content: dict[str, Any], route: str, value: Any) -> int:
    path, body = f"/api/v1/wordpress/{route}", json.dumps(value)
    timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
    message = "\n".join(("POST", path, timestamp, nonce, hashlib.sha256(body).hexdigest())).encode()
    headers = {
        "X-Arcana-Store": content["store"],
        "X-Arcana-Timestamp": timestamp,
        "X-Arcana-Nonce": nonce,
        "X-Arcana-Signature": "v1=" + hmac.new(base64.b64decode(content["secret"]), message, "sha256").hexdigest(),
        "Content-Type": "application/json",
    }
    return (await api.client.post(path, content=body, headers=headers)).status_code


async def price(api: Api) -> int | None:
    answer = await api.client.get("/api/v1/projects/alpha/catalogue?lang=ru")
    packages = answer.json()["packages"] if answer.status_code == 200 else []
    return packages[0]["price"]["amount"] if packages else None


async def within(seconds: float, api: Api, wanted: int) -> float:
    started = time.monotonic()
    while await price(api) != wanted:
        assert time.monotonic() - started < seconds, "the change did not arrive"
        await asyncio.sleep(0.02)
    return time.monotonic() - started


async def test_a_store_is_paired_and_an_edit_is_seen_in_seconds(settings: Settings, wordpress: WordPress) -> None:
    # A poll once an hour: what arrives here arrives by the notice.
    backend = Settings(_env_file=None, **{**settings.model_dump(), "demo": False, "catalogue_poll_seconds": 3600})
    async with open_api(backend) as api, open_worker(backend):
        assert (await api.client.get("/api/v1/projects/luna/catalogue")).status_code == 200
        async with api.database.transaction() as connection:
            text = await create_pairing(connection, api.services.keyring, api.url)
        packed = text.removeprefix(PREFIX)
        content = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        public_key = content["key"]["public"]

        bot = sealed_bot(public_key, "alpha", key_id=content["key"]["id"])
        package = make_package("ten", "alpha")
        projects = [make_project("alpha", bot=bot, packages=["ten"]), make_project("beta")]
        wordpress.change("v2", projects=projects, packages=[package])
        credentials = json.dumps({"consumer_key": CONSUMER_KEY, "consumer_secret": CONSUMER_SECRET})
        pairing = {
            "url": wordpress.url,
            "rest_url": f"{wordpress.url}/wp-json/",
            "name": "Лавка",
            "plugin_version": "0.1.0",
            "sealed_credentials": seal_to(public_key, credentials),
        }
        assert await signed(api, content, "pair", pairing) == 200
        await within(5, api, 49900)
        assert (await api.client.get("/api/v1/projects/luna/catalogue")).status_code == 404

        edited = {**package, "price": {"amount": 39900, "regular": 49900, "currency": "RUB"}}
        wordpress.change("v3", packages=[edited])
        assert await signed(api, content, "notices", {"version": "v3"}) == 202
        await within(5, api, 39900)

        catalogue: Catalogue = api.services.catalogue
        project = catalogue.library().project_by_slug("alpha")
        assert project is not None and project.bot is not None and project.bot.id == 7000000001
        assert [report["version"] for report in wordpress.reports] == ["v2", "v3"]
