"""The address that Telegram delivers to (https://core.telegram.org/bots/api#setwebhook)."""

from fastapi import APIRouter, Request, Response

from app.container import container
from app.errors import NotFound, PayloadTooLarge
from app.telegram.webhook import SECRET_HEADER, accept

# The largest real updates are some tens of kilobytes. Less than what the application takes as a whole.
LARGEST_UPDATE = 240 * 1024

router = APIRouter()


async def receive_update(request: Request) -> Response:
    """200 means kept. A stranger learns nothing: unknown address, missing and wrong secret are the same
    404."""
    parts = container(request)
    project = parts.webhooks.admit(request.path_params["webhook_id"], request.headers.get(SECRET_HEADER, ""))
    if project is None:
        raise NotFound
    await accept(parts.inbox, parts.checkout, project=project, body=await _body(request))
    return Response(status_code=200)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_UPDATE:
            raise PayloadTooLarge(limit=LARGEST_UPDATE)
    return bytes(body)


# A plain route: FastAPI's own way of calling costs as much as the rest of it.
router.add_route("/telegram/webhook/{webhook_id}", receive_update, methods=["POST"], include_in_schema=False)
