"""The reference of the catalogue: the least ASGI application that answers the same bytes."""

from starlette.types import Receive, Scope, Send

from app.bench.servers import Program

# Status, headers and body by path.
Answers = dict[str, tuple[int, list[tuple[bytes, bytes]], bytes]]


class BareApp:
    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers, body = self._answers[scope["path"]]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def bare_app(answers: Answers) -> Program:
    return Program(app=BareApp(answers), lifespan=False)
