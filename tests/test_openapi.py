"""The whole OpenAPI document against the real application: no 5xx for any input, nothing undocumented."""

import asyncio
import itertools
import os
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.parameters import ParameterLocation

from app.main import build_api
from app.settings import Settings
from tests.conftest import Servers, demo_settings, open_worker
from tests.factories import set_balances
from tests.payments.stage import Counter, open_counter, place
from tests.readings.test_reading import finished_reading

DOCUMENT = build_api(Settings(_env_file=None, demo=True)).openapi()
METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if method in METHODS
]
EXAMPLES = int(os.environ.get("ARCANA_TEST_EXAMPLES", "20"))

# Schemathesis draws from `random` inside of its own strategies.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")


@dataclass
class Installation:
    """A signed-in user with readings in every state, at a real address."""

    url: str
    token: str
    # Whoever is erased or signed out is somebody else.
    others: list[dict[str, Any]]
    waiting: list[str]
    finished: list[str]
    questions: dict[str, str]
    doomed: list[str]
    init_data: str
    picture: str
    orders: list[str]


async def furnish(counter: Counter) -> Installation:
    api = counter.api
    person = await counter.sign_in(telegram_id=1)
    others = [(await api.sign_in(telegram_id=number)).session for number in range(2, 32)]
    async with api.database.transaction() as connection:
        await set_balances(connection, balance=5005)
    waiting = [(await person.start("three-cards")).json()["id"] for _ in range(20)]
    doomed = [(await person.start("card-of-the-day")).json()["id"] for _ in range(5)]
    finished = [(await finished_reading(person, "card-of-the-day"))["id"] for _ in range(3)]
    questions = {}
    for reading in finished:
        asked = await person.post(
            f"/api/v1/readings/{reading}/questions", json={"text": "Why?"}, headers={"Idempotency-Key": uuid4().hex}
        )
        questions[reading] = asked.json()["id"]
    signed = await api.client.post(
        "/api/v1/dev/init-data", json={"project": "luna", "user": {"id": 99, "first_name": "Eve"}}
    )
    token = person.headers["Authorization"].removeprefix("Bearer ")
    orders = [(await place(person)).json()["order"]["id"] for _ in range(5)]
    catalogue = (await api.client.get("/api/v1/projects/luna/catalogue")).json()
    return Installation(
        url=api.url,
        others=others,
        waiting=waiting,
        finished=finished,
        questions=questions,
        doomed=doomed,
        init_data=signed.json()["init_data"],
        token=token,
        orders=orders,
        picture=catalogue["project"]["logo"]["src"].removeprefix("/media/"),
    )


@pytest.fixture(scope="module")
def installation(
    servers: Servers, stocked_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Schemathesis asks in this thread, so the application answers in another."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    furnished: queue.Queue[Installation | BaseException] = queue.Queue()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def run() -> None:
        try:
            async with servers.copy(stocked_template) as url:
                settings = demo_settings(servers, url, folder)
                async with open_counter(settings) as counter, open_worker(counter.api.settings):
                    furnished.put(await furnish(counter))
                    await over.wait()
        except BaseException as error:  # raised again where it is waited for
            furnished.put(error)
            raise

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    ready = furnished.get(timeout=60)
    if isinstance(ready, BaseException):
        raise ready
    yield ready
    loop.call_soon_threadsafe(over.set)
    thread.join(30)
    loop.close()


load_all_checks()
negative_data_rejection = CHECKS.get_one("negative_data_rejection")
schema = schemathesis.openapi.from_dict(DOCUMENT)
# A document cannot say everything: as many picks as positions, a zone that exists, a balance that suffices.
schema.config.checks.positive_data_acceptance.enabled = False
# A repeated run asks the same questions in the same order, so that what it finds can be found again.
turns = itertools.count()


def is_uuid(value: Any) -> bool:
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False


def is_wrong_at(case: Case, location: ParameterLocation) -> bool:
    """Whether this part of the request was made to be refused."""
    return case.meta is not None and case.meta.is_negative_at(location)


def lead_deeper(case: Case, there: Installation) -> None:
    """Three times of four, what exists takes the place of what was made up, unless that was made to be wrong."""
    turn = next(turns)
    if turn % 4 == 0:
        return
    path, body = case.path_parameters, case.body
    if path and not is_wrong_at(case, ParameterLocation.PATH):
        lead_path_deeper(case, path, there, turn)
    if isinstance(body, dict) and not is_wrong_at(case, ParameterLocation.BODY):
        existing = {
            "spread": "three-cards",
            "deck": "rider",
            "picks": [turn % 70, 71, 72],
            "init_data": there.init_data,
            "project": "luna",
            "package": "luna-three",
            "provider": "sandbox",
            "currency": "RUB",
            "expected_total": 19900,
            "refresh_token": there.others[turn % len(there.others)]["refresh_token"],
        }
        body.update({name: value for name, value in existing.items() if isinstance(body.get(name), type(value))})


def lead_path_deeper(case: Case, path: dict[str, Any], there: Installation, turn: int) -> None:
    if is_uuid(path.get("reading_id")):
        pool = there.doomed if case.method == "DELETE" else (there.waiting, there.finished)[turn // 4 % 2]
        path["reading_id"] = pool[turn % len(pool)]
    if "question_id" in path and path["reading_id"] in there.questions:
        path["question_id"] = there.questions[path["reading_id"]]
    if is_uuid(path.get("order_id")):
        path["order_id"] = there.orders[turn % len(there.orders)]
    if "provider" in path:
        path["provider"] = ("sandbox", "stripe", "yookassa")[turn % 3]
    if "slug" in path:
        path["slug"] = ("luna", "verbena")[turn % 2]
    if "key" in path:
        path["key"] = "rider"
    if "name" in path:
        path["name"] = there.picture


def sign(case: Case, there: Installation) -> None:
    """Whoever withdraws consent or is erased is not the one with the readings."""
    if is_wrong_at(case, ParameterLocation.HEADER) and "Authorization" not in case.headers:
        return
    half = len(there.others) // 2
    session = {
        ("PATCH", "/api/v1/me"): there.others[next(turns) % half],
        ("DELETE", "/api/v1/me"): there.others[half + next(turns) % half],
    }.get((case.method, case.path))
    case.headers["Authorization"] = f"Bearer {session['access_token'] if session else there.token}"


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
def test_every_operation_keeps_its_word(case: Case, installation: Installation) -> None:
    lead_deeper(case, installation)
    sign(case, installation)
    # Parameters of a query that are unknown or doubled are ignored, as everywhere on the web.
    ignored = [negative_data_rejection] if is_wrong_at(case, ParameterLocation.QUERY) else []
    case.call_and_validate(base_url=installation.url, excluded_checks=ignored, timeout=15)


class TestDocument:
    @pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
    def test_every_operation_has_a_name_and_says_what_it_does(
        self, method: str, path: str, operation: dict[str, Any]
    ) -> None:
        assert operation["operationId"]
        assert len(operation["summary"]) > 4

    def test_names_are_unique(self) -> None:
        names = [operation["operationId"] for _, _, operation in OPERATIONS]
        assert len(names) == len(set(names))

    @pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
    def test_every_error_has_the_one_shape(self, method: str, path: str, operation: dict[str, Any]) -> None:
        errors = {status: answer for status, answer in operation["responses"].items() if status[0] in "45"}
        assert set(errors) >= {"400", "404", "405", "413", "422", "429", "500", "503"}
        shape = {"$ref": "#/components/schemas/ErrorBody"}
        for status, answer in errors.items():
            if (path, status) == ("/readyz", "503"):
                # A probe that fails says what it found.
                continue
            assert answer["content"]["application/json"]["schema"] == shape, (method, path, status)

    @pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
    def test_what_needs_a_user_says_so(self, method: str, path: str, operation: dict[str, Any]) -> None:
        assert ("401" in operation["responses"]) >= bool(operation.get("security"))

    def test_a_deployment_does_not_document_the_development_sign_in(self) -> None:
        document = build_api(Settings(_env_file=None)).openapi()
        assert "/api/v1/dev/init-data" not in document["paths"]
