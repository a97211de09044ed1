"""The least Bot API server that answers `sendMessage`: what is measured is the sender, not the desk of the tests."""

import itertools
import re
import time
from typing import Final

from starlette.types import Receive, Scope, Send

from app.bench.servers import Program

CHAT: Final = re.compile(rb'(?:name="chat_id"\r\n(?:[^\r\n]+\r\n)*\r\n|(?:^|&)chat_id=|"chat_id":\s*)(-?\d+)')
HEADERS = [(b"content-type", b"application/json")]
ANSWER: Final = (
    b'{"ok":true,"result":{"message_id":%d,"date":%d,"chat":{"id":%d,"type":"private","first_name":"A"},"text":"sent"}}'
)


class BareBotApi:
    """Answers every call as a message that was sent."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        chat = CHAT.search(body)
        if chat is None:
            status, answer = 400, b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'
        else:
            status, answer = 200, ANSWER % (next(self._ids), int(time.time()), int(chat[1]))
        await send({"type": "http.response.start", "status": status, "headers": HEADERS})
        await send({"type": "http.response.body", "body": answer})


def bare_bot_api() -> Program:
    return Program(app=BareBotApi(), lifespan=False)
