"""Records what a real store answers, for the contract tests: `python -m tests.live.record`.

It takes the variables of the live suite. Only what the tests need is kept of the headers, and nothing of those that
were sent, so no key can get in.
"""

from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.live.store import VARIABLES, Store

FOLDER = Path(__file__).parents[1] / "fixtures" / "wordpress"
HEADERS = ("content-type", "etag", "cache-control", "allow", "x-robots-tag")
PROBLEM = {
    "kind": "spread",
    "key": "three-cards",
    "path": "/spreads/2/positions",
    "code": "schema",
    "detail": {"ru": "Нет позиций.", "en": "There are no positions."},
}
REPORT = {"version": "recorded", "received_at": "2026-01-02T03:04:05Z", "problems": [PROBLEM]}


def keep(name: str, answer: httpx.Response, *, sent: Any = None, body: bool = True) -> None:
    recorded: dict[str, Any] = {
        "status": answer.status_code,
        "headers": {header: answer.headers[header] for header in HEADERS if header in answer.headers},
        "body": answer.json() if body and answer.content else None,
    }
    if sent is not None:
        recorded["sent"] = sent
    (FOLDER / f"{name}.json").write_bytes(
        orjson.dumps(recorded, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )


def main() -> None:
    store = Store.from_environment()
    if store is None:
        raise SystemExit(f"Set {', '.join(VARIABLES)}.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    first = store.request("GET", "wc-arcana/v1/catalogue")
    # The bytes as they came: they are in canonical form, and their hash is the version.
    (FOLDER / "catalogue.json").write_bytes(first.content)
    keep("catalogue_200", first, body=False)
    keep("catalogue_304", store.request("GET", "wc-arcana/v1/catalogue", If_None_Match=first.headers["ETag"]))
    keep("catalogue_401", store.anonymous("wc-arcana/v1/catalogue"))
    keep("status", store.request("GET", "wc-arcana/v1/status"))
    keep("report", store.request("PUT", "wc-arcana/v1/report", body=REPORT), sent=REPORT)
    bad = {**REPORT, "problems": [{**PROBLEM, "kind": "user"}]}
    keep("report_400", store.request("PUT", "wc-arcana/v1/report", body=bad), sent=bad)


if __name__ == "__main__":
    main()
