"""Files that people send and look at."""

import mimetypes
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, UploadFile
from fastapi.responses import FileResponse

from app.sandbox.telegram.human.common import desk_of
from app.sandbox.telegram.media import KINDS

router = APIRouter()

# People may send more than bots can fetch.
UPLOAD_BYTES = 100 << 20


@router.post("/files", status_code=201)
async def upload(request: Request, file: UploadFile, kind: Annotated[str | None, Form()] = None) -> dict[str, Any]:
    """Keeps a file for a message; `kind` is what it will be sent as, when that is known."""
    if kind is not None and kind not in KINDS:
        raise HTTPException(422, "no such kind of media")
    if (file.size or 0) > UPLOAD_BYTES:
        raise HTTPException(413, "the file is too big")
    name = file.filename or "file"
    mime_type = mimetypes.guess_type(name)[0] or file.content_type or "application/octet-stream"
    stored = desk_of(request).files.add(await file.read(), name=name, mime_type=mime_type)
    return {
        "file_id": stored.id,
        "file_unique_id": stored.unique_id,
        "file_name": stored.name,
        "mime_type": stored.mime_type,
        "file_size": stored.size,
    }


@router.get("/files/{file_id}")
async def download(request: Request, file_id: str) -> FileResponse:
    """A file by the id that stands in people's messages."""
    found = desk_of(request).files.own(file_id)
    if found is None:
        raise HTTPException(404, "no such file")
    headers = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox"}
    return FileResponse(found.path, media_type=found.mime_type, headers=headers)
