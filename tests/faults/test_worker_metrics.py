"""What an operator's Prometheus sees of a worker that runs apart."""

import asyncio
import socket

import httpx

from tests.conftest import Api, open_worker
from tests.ports import free_port


async def scraped(port: int, wanted: str) -> str:
    async with httpx.AsyncClient() as client, asyncio.timeout(20):
        while True:
            try:
                text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            except httpx.ConnectError:
                text = ""
            if wanted in text:
                return text
            await asyncio.sleep(0.05)


async def read_to_the_end(api: Api) -> None:
    person = await api.sign_in()
    reading = (await person.start("card-of-the-day")).json()["id"]
    path = f"/api/v1/readings/{reading}"
    drawn = await api.client.post(f"{path}/draw", json={"picks": [0]}, headers=person.headers)
    assert drawn.status_code == 200, drawn.text
    async with api.client.stream("GET", f"{path}/interpretation", headers=person.headers, timeout=30) as stream:
        assert "event: done" in (await stream.aread()).decode()


async def test_a_worker_shows_what_it_did_and_frees_the_port(api: Api) -> None:
    port = free_port()
    async with open_worker(api.settings.model_copy(update={"worker_metrics_port": port})):
        await read_to_the_end(api)
        await scraped(port, 'arcana_jobs_total{name="readings.write",outcome="done"}')
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


async def test_a_taken_port_costs_the_metrics_not_the_readings(api: Api) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with open_worker(api.settings.model_copy(update={"worker_metrics_port": port})):
            await read_to_the_end(api)
