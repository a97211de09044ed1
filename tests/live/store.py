"""A real store that the tests may write to: its REST API, and its PHP through WP-CLI."""

import os
import subprocess
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.kit import json
from app.woocommerce.oauth import authorization

VARIABLES = ("ARCANA_TEST_WORDPRESS_URL", "ARCANA_TEST_WORDPRESS_KEY", "ARCANA_TEST_WORDPRESS_SECRET")


@dataclass(frozen=True)
class Store:
    """`cli` is the path of a command that runs WP-CLI for this store; without it nothing can be changed by PHP.

    `stop` and `start` are commands of a shell that take all of the store away and bring it back, each of them when it
    has ended; `start` also brings back what `kill` has left: it kills PHP in the middle of its requests.
    """

    url: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    cli: str | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))
    stop: str | None = None
    start: str | None = None
    kill: str | None = None

    @classmethod
    def from_environment(cls) -> "Store | None":
        url, key, secret = (os.environ.get(name, "") for name in VARIABLES)
        if not (url and key and secret):
            return None

        def option(name: str) -> str | None:
            return os.environ.get(f"ARCANA_TEST_WORDPRESS_{name}") or None

        return cls(
            url.rstrip("/"), key, secret, option("CLI"),
            stop=option("STOP"), start=option("START"), kill=option("KILL"),
        )  # fmt: skip

    def run(self, command: str) -> None:
        """One of those of the shell, to its end. What it leaves running must not hold its output."""
        nothing = subprocess.DEVNULL
        done = subprocess.run(["/bin/sh", "-c", command], stdout=nothing, stderr=nothing, timeout=180, check=False)
        assert done.returncode == 0, f"{command}: {done.returncode}"

    def request(self, method: str, route: str, *, body: Any = None, **headers: str) -> httpx.Response:
        """A request with the store's key: Basic over https, OAuth 1.0a over http."""
        url = f"{self.url}/wp-json/{route}"
        if url.startswith("https:"):
            auth = httpx.BasicAuth(self.key, self.secret)
        else:
            auth = None
            headers["Authorization"] = authorization(method, url, consumer_key=self.key, consumer_secret=self.secret)
        content = None if body is None else json.dumps(body)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if content is not None:
            sent["Content-Type"] = "application/json"
        return self.http.request(method, url, content=content, headers=sent, auth=auth)

    def anonymous(self, route: str) -> httpx.Response:
        return self.http.get(f"{self.url}/wp-json/{route}")

    def catalogue(self) -> dict[str, Any]:
        answer = self.request("GET", "wc-arcana/v1/catalogue")
        assert answer.status_code == 200, answer.text[:500]
        document: dict[str, Any] = answer.json()
        return document

    def version(self) -> str:
        """The version as a conditional request sees it, without loading the document."""
        answer = self.request("HEAD", "wc-arcana/v1/catalogue")
        assert answer.status_code == 200, answer.status_code
        return answer.headers["ETag"].removeprefix("W/").strip('"')

    def php(self, code: str) -> str:
        """Runs PHP inside the store, as another plugin would, and returns what it printed."""
        assert self.cli is not None
        done = subprocess.run([self.cli, "eval", code], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()
