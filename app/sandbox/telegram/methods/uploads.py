"""Files in a call: a part of the request, or the id of one that the bot has seen."""

import mimetypes
from typing import Any

from starlette.datastructures import UploadFile

from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.files import StoredFile, bot_file_id
from app.sandbox.telegram.media import DOWNLOAD_BYTES, UPLOAD_BYTES
from app.sandbox.telegram.methods.request import ApiRequest, Method

ATTACHED = "attach://"


async def input_file(request: ApiRequest, source: Any, *, what: str) -> StoredFile:
    """`source` is the value of a parameter: an upload, `attach://<part>`, or a file_id. Raises the documented 400."""
    if isinstance(source, str) and source.startswith(ATTACHED):
        source = request.arguments.get(source.removeprefix(ATTACHED))
        if not isinstance(source, UploadFile):
            raise bad_request(f"there is no {what} in the request")
    if isinstance(source, UploadFile):
        return await store(request, source)
    if not isinstance(source, str) or not source:
        raise bad_request(f"there is no {what} in the request")
    if source.startswith(("http://", "https://")):
        # The sandbox fetches nothing from anywhere.
        raise bad_request("Failed to get HTTP URL content")
    found = request.desk.files.of_bot(request.bot.id, source)
    if found is None:
        raise bad_request("Wrong file identifier/HTTP URL specified")
    return found


async def store(request: ApiRequest, upload: UploadFile) -> StoredFile:
    content = await upload.read()
    if len(content) > UPLOAD_BYTES:
        raise ApiError(413, "Request Entity Too Large")
    name = upload.filename or "file"
    # What the client says counts little with Telegram too; the name decides.
    guessed = mimetypes.guess_type(name)[0] or upload.content_type or "application/octet-stream"
    return request.desk.files.add(content, name=name, mime_type=guessed)


async def get_file(request: ApiRequest) -> dict[str, Any]:
    source = request.text("file_id")
    if not source:
        raise bad_request("file_id not specified")
    found = request.desk.files.of_bot(request.bot.id, source)
    if found is None:
        raise bad_request("invalid file_id")
    if found.size > DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {
        "file_id": bot_file_id(request.bot.id, found.id),
        "file_unique_id": found.unique_id,
        "file_size": found.size,
        "file_path": found.download_path,
    }


METHODS: dict[str, Method] = {"getFile": get_file}
