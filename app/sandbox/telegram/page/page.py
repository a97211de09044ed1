"""Serves the page at `/` of the sandbox; everything it shows and does goes through `/sandbox/…`."""

import mimetypes
from pathlib import Path

from fastapi import APIRouter, HTTPException, Response

STATIC = Path(__file__).parent / "static"
# Mini Apps are shown in frames from other origins; all else is the page's own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; frame-src http: https:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

router = APIRouter(include_in_schema=False)


def _file(path: Path) -> Response:
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Response(path.read_bytes(), headers=HEADERS, media_type=media_type)


@router.get("/")
async def page() -> Response:
    return _file(STATIC / "index.html")


@router.get("/page/{name:path}")
async def static(name: str) -> Response:
    """Scripts and styles. What lies outside the folder does not exist."""
    path = (STATIC / name).resolve()
    if not path.is_relative_to(STATIC.resolve()) or not path.is_file():
        raise HTTPException(404, "no such file")
    return _file(path)
