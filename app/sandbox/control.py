"""Orders to a sandbox over HTTP: a function that takes the body's fields becomes a route."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.kit import json

Order = Callable[[dict[str, Any]], Any]


def route(name: str, order: Order, refusal: type[Exception]) -> Route:
    """`POST /sandbox/{name}`. What is missing or wrong, and a `refusal`, are 422 with words."""

    async def endpoint(request: Request) -> Response:
        try:
            body = json.loads(await request.body() or b"{}")
            return Response(json.dumps(order(body)), media_type="application/json")
        except refusal as error:
            return JSONResponse({"detail": str(error)}, 422)
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"detail": f"{order.__doc__ or ''} ({error})"}, 422)

    return Route(f"/sandbox/{name}", endpoint, methods=["POST"])
