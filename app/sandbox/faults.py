"""Bad weather on demand, for the payment providers: the next calls that match are refused, delayed or cut off."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from app.kit import json


@dataclass(slots=True)
class Fault:
    """What happens to calls whose path contains `path`; `times` None: until all faults are withdrawn.

    `status` 0 lets the call pass after `delay` seconds; `code` goes into the provider's error. `cut` closes the
    connection: "before" the call took effect, or "after" it did, when the caller cannot know.
    """

    path: str = ""
    method: str | None = None
    status: int = 0
    code: str | None = None
    delay: float = 0.0
    cut: Literal["before", "after"] | None = None
    times: int | None = 1

    def matches(self, method: str, path: str) -> bool:
        return self.path in path and self.method in (None, method)


@dataclass(slots=True)
class Faults:
    orders: list[Fault] = field(default_factory=list)

    async def next(self, method: str, path: str) -> Fault | None:
        """The fault for this call, used up, after its delay."""
        fault = next((fault for fault in self.orders if fault.matches(method, path)), None)
        if fault is None:
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.orders.remove(fault)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        return fault

    async def order(self, request: Request) -> Response:
        """`POST`: a fault more. `DELETE`: none."""
        if request.method == "DELETE":
            self.orders.clear()
            return Response(status_code=204)
        try:
            self.orders.append(Fault(**json.loads(await request.body())))
        except (ValueError, TypeError):
            return JSONResponse({"detail": f"expected {{{', '.join(Fault.__slots__)}}}"}, 422)
        return Response(status_code=201)


class Cut(Response):
    """Promises a body and breaks off, so that the server closes the connection under the client."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[Any] = [(b"content-length", b"1000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
