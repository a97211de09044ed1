"""Our answer beside WordPress's own REST API, where a real store is named.

ARCANA_TEST_WORDPRESS_URL, ARCANA_TEST_WORDPRESS_KEY and ARCANA_TEST_WORDPRESS_SECRET: the store and a WooCommerce API
key with read rights.
"""

import asyncio
import os
import time
from urllib.parse import urlsplit

import httpx

from app.bench.figures import Comparison, Contender, Result, Spread, quantile
from app.bench.load import Load
from app.bench.servers import Server
from app.bench.stage import Stage
from app.woocommerce import oauth

# A PHP pool is small: more at once would only wait in its queue.
CONNECTIONS = 4
ROUTES = {
    "catalogue.wordpress.products": ("wc/v3/products?per_page=100", "100 products of WooCommerce"),
    "catalogue.wordpress.catalogue": ("wc-arcana/v1/catalogue", "the plugin's catalogue document"),
}


class _Store:
    def __init__(self, client: httpx.AsyncClient, url: str, key: str, secret: str) -> None:
        self._client, self._base = client, f"{url.rstrip('/')}/wp-json"
        self._key, self._secret = key, secret

    async def ask(self, route: str) -> None:
        url = f"{self._base}/{route}"
        if urlsplit(url).scheme == "https":
            answer = await self._client.get(url, auth=(self._key, self._secret))
        else:
            header = oauth.authorization("GET", url, consumer_key=self._key, consumer_secret=self._secret)
            answer = await self._client.get(url, headers={"authorization": header})
        answer.raise_for_status()

    async def press(self, route: str, seconds: float) -> tuple[float, list[float]]:
        """Requests a second, and their latencies in seconds."""
        latencies: list[float] = []
        began = time.perf_counter()

        async def ask_on() -> None:
            while not latencies or time.perf_counter() < began + seconds:
                asked = time.perf_counter()
                await self.ask(route)
                latencies.append(time.perf_counter() - asked)

        await asyncio.gather(*(ask_on() for _ in range(CONNECTIONS)))
        return len(latencies) / (time.perf_counter() - began), latencies


async def measure(stage: Stage, ours: Server, raw: bytes) -> list[Result]:
    """Nothing where no store is named."""
    url = os.environ.get("ARCANA_TEST_WORDPRESS_URL", "")
    key = os.environ.get("ARCANA_TEST_WORDPRESS_KEY", "")
    secret = os.environ.get("ARCANA_TEST_WORDPRESS_SECRET", "")
    if not (url and key and secret):
        return []
    async with httpx.AsyncClient(timeout=30) as client:
        store = _Store(client, url, key, secret)
        return [await _compare(stage, ours, raw, store, name, *route) for name, route in ROUTES.items()]


async def _compare(
    stage: Stage, ours: Server, raw: bytes, store: _Store, name: str, route: str, title: str
) -> Comparison:
    load = await Load.open(ours.port, [lambda: raw] * CONNECTIONS)
    my_rates, its_rates, my_latencies, its_latencies = [], [], [], []
    await store.ask(route)
    before = ours.cpu_seconds()
    for _ in range(stage.rounds):
        tally = await load.press(stage.seconds)
        rate, latencies = await store.press(route, stage.seconds)
        my_rates.append(tally.rate)
        its_rates.append(rate)
        my_latencies += tally.latencies
        its_latencies += latencies
    load.close()
    ratios = [mine / other for mine, other in zip(my_rates, its_rates, strict=True)]
    cpu_us = (ours.cpu_seconds() - before) / len(my_latencies) * 1e6
    return Comparison(
        name=name,
        title=f"catalogue, against {title}",
        ratio=Spread.of(ratios),
        rounds=ratios,
        ours=_contender("arcana", my_rates, my_latencies, cpu_us),
        reference=_contender(route, its_rates, its_latencies, 0.0),
        goal=None,
    )


def _contender(name: str, rates: list[float], latencies: list[float], cpu_us: float) -> Contender:
    return Contender(
        name=name,
        rate=Spread.of(rates).median,
        p50_ms=quantile(latencies, 0.5) * 1000,
        p99_ms=quantile(latencies, 0.99) * 1000,
        max_ms=max(latencies) * 1000,
        cpu_us=cpu_us,
        busy=0.0,
        load_busy=0.0,
        longest_gc_ms=0.0,
    )
