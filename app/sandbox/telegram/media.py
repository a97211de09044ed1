"""Media of messages: from a file to what the Bot API says of it, with the documented limits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.sandbox.telegram.errors import ApiError, bad_request, ours
from app.sandbox.telegram.files import StoredFile
from app.sandbox.telegram.images import dimensions

PHOTO_BYTES = 10 << 20
UPLOAD_BYTES = 50 << 20
DOWNLOAD_BYTES = 20 << 20
LEAST_IN_ALBUM, MOST_IN_ALBUM = 2, 10
PHOTO_SIDES = 10_000
PHOTO_RATIO = 20


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of media: its field in a message and in a request, the right that it needs, its builder."""

    name: str
    permission: str
    build: Callable[[StoredFile, dict[str, Any]], Any]
    captioned: bool = True
    # Which of them may stand in one album.
    album: str | None = None


def _named(file: StoredFile) -> dict[str, Any]:
    return {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": file.size}


def _titled(file: StoredFile) -> dict[str, Any]:
    return {**_named(file), "file_name": file.name, "mime_type": file.mime_type}


def _given(more: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: more[name] for name in names if more.get(name)}


def _frame(file: StoredFile, more: dict[str, Any]) -> dict[str, Any]:
    width, height = dimensions(file.read()) or (1280, 720)
    return {"width": more.get("width") or width, "height": more.get("height") or height}


def _photo(file: StoredFile, more: dict[str, Any]) -> Any:
    if file.size > PHOTO_BYTES:
        raise bad_request(
            f"File of size {file.size} bytes is too big for a photo; the maximum size is {PHOTO_BYTES} bytes"
        )
    size = dimensions(file.read())
    if size is None:
        raise ApiError(400, "Bad Request: IMAGE_PROCESS_FAILED")
    width, height = size
    if width + height > PHOTO_SIDES or max(size) > PHOTO_RATIO * max(1, min(size)):
        raise ApiError(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    return [{**_named(file), "width": width, "height": height}]


def _video(file: StoredFile, more: dict[str, Any]) -> Any:
    return {**_titled(file), **_frame(file, more), "duration": more.get("duration") or 0}


def _audio(file: StoredFile, more: dict[str, Any]) -> Any:
    return {**_titled(file), **_given(more, "performer", "title"), "duration": more.get("duration") or 0}


def _voice(file: StoredFile, more: dict[str, Any]) -> Any:
    return {**_named(file), "mime_type": file.mime_type, "duration": more.get("duration") or 0}


def _document(file: StoredFile, more: dict[str, Any]) -> Any:
    return _titled(file)


def _sticker(file: StoredFile, more: dict[str, Any]) -> Any:
    width, height = dimensions(file.read()) or (512, 512)
    moving = {"is_animated": file.name.endswith(".tgs"), "is_video": file.name.endswith(".webm")}
    return {**_named(file), **_given(more, "emoji"), "type": "regular", "width": width, "height": height, **moving}


def _video_note(file: StoredFile, more: dict[str, Any]) -> Any:
    return {**_named(file), "length": more.get("length") or 384, "duration": more.get("duration") or 0}


KINDS = {
    kind.name: kind
    for kind in (
        Kind("photo", "can_send_photos", _photo, album="visual"),
        Kind("video", "can_send_videos", _video, album="visual"),
        Kind("audio", "can_send_audios", _audio, album="audio"),
        Kind("voice", "can_send_voice_notes", _voice),
        Kind("document", "can_send_documents", _document, album="document"),
        Kind("animation", "can_send_other_messages", _video),
        Kind("sticker", "can_send_other_messages", _sticker, captioned=False),
        Kind("video_note", "can_send_video_notes", _video_note, captioned=False),
    )
}
TYPE_NAMES = {
    "photo": "Photo",
    "video": "Video",
    "audio": "Audio",
    "voice": "VoiceNote",
    "document": "Document",
    "animation": "Animation",
    "sticker": "Sticker",
    "video_note": "VideoNote",
}


def content_of(kind: Kind, file: StoredFile, more: dict[str, Any]) -> dict[str, Any]:
    """The field of the message; an animation is a document too. Raises the documented 400."""
    if file.size == 0:
        raise bad_request("file must be non-empty")
    known = file.kind or kind.name
    if (known == "photo") != (kind.name == "photo"):
        raise bad_request(f"Can't use file of type {TYPE_NAMES[known]} as {TYPE_NAMES[kind.name]}")
    content = {kind.name: kind.build(file, more)}
    file.kind = known
    if kind.name == "animation":
        content["document"] = _titled(file)
    return content


def check_album(kinds: list[Kind]) -> None:
    """Raises the documented 400 for kinds that cannot be sent together."""
    if len(kinds) > MOST_IN_ALBUM:
        raise bad_request("Too many messages to send as an album")
    if len(kinds) < LEAST_IN_ALBUM:
        # Telegram takes a single one; the documentation does not.
        raise ours(f"an album has at least {LEAST_IN_ALBUM} items")
    for kind in kinds:
        if kind.album is None:
            raise bad_request("Can't use the media of the specified type in the album")
        if kind.album != kinds[0].album:
            mixed = kind if kind.album != "visual" else kinds[0]
            raise bad_request(f"{TYPE_NAMES[mixed.name]} can't be mixed with other media types")
