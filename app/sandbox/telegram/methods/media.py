"""Photos, films, sound, files, albums, contacts and places; and the exchange of a message's media."""

from typing import Any

from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.media import KINDS, Kind, check_album, content_of
from app.sandbox.telegram.methods.editing import change, own_post
from app.sandbox.telegram.methods.request import ApiRequest, Method
from app.sandbox.telegram.methods.sending import caption_of, formatted_caption, send
from app.sandbox.telegram.methods.uploads import input_file

NUMBERS = ("duration", "width", "height", "length")
WORDS = ("performer", "title", "emoji")
CLEARED = dict.fromkeys((*KINDS, "caption", "caption_entities", "has_media_spoiler", "show_caption_above_media"))


def _details(request: ApiRequest) -> dict[str, Any]:
    return {name: request.integer(name, 0) for name in NUMBERS} | {name: request.text(name) for name in WORDS}


def _flags(*, spoiler: bool, above: bool) -> dict[str, Any]:
    flags = {"has_media_spoiler": spoiler, "show_caption_above_media": above}
    return {name: True for name, given in flags.items() if given}


def _sender(kind: Kind) -> Method:
    async def send_media(request: ApiRequest) -> dict[str, Any]:
        chat = request.chat()
        file = await input_file(request, request.arguments.get(kind.name), what=kind.name.replace("_", " "))
        content = content_of(kind, file, _details(request))
        if kind.captioned:
            content |= caption_of(request)
        content |= _flags(spoiler=request.flag("has_spoiler"), above=request.flag("show_caption_above_media"))
        return send(request, chat, content, permission=kind.permission, files=True)

    return send_media


async def _item(request: ApiRequest, media: Any, *, what: str) -> tuple[Kind, dict[str, Any]]:
    """One `InputMedia`: its kind and the fields of the message."""
    if not isinstance(media, dict):
        raise bad_request(f"Can't parse {what}: Expected an Object")
    kind = KINDS.get(str(media.get("type")))
    if kind is None:
        raise bad_request(f"Can't parse {what}: Type must be one of photo, video, animation, audio, document")
    file = await input_file(request, media.get("media"), what="media")
    content = content_of(kind, file, media)
    mode, entities = str(media.get("parse_mode") or ""), media.get("caption_entities")
    content |= formatted_caption(str(media.get("caption") or ""), mode, entities)
    above = bool(media.get("show_caption_above_media"))
    return kind, content | _flags(spoiler=bool(media.get("has_spoiler")), above=above)


async def send_media_group(request: ApiRequest) -> list[dict[str, Any]]:
    media = request.json("media", what="media")
    if not isinstance(media, list):
        raise bad_request("Can't parse media: Expected an Array")
    chat = request.chat()
    items = [await _item(request, one, what="InputMedia") for one in media]
    check_album([kind for kind, _ in items])
    album = str(request.desk.random.randrange(10**16, 10**17))
    return [
        send(request, chat, {**content, "media_group_id": album}, permission=kind.permission, files=True)
        for kind, content in items
    ]


async def edit_message_media(request: ApiRequest) -> dict[str, Any]:
    chat, post = own_post(request)
    kind, content = await _item(request, request.json("media", what="input media"), what="InputMedia")
    if not any(name in post.body for name in (*KINDS, "text")):
        raise bad_request("message media can't be edited")
    if "media_group_id" in post.body and not (kind.album and kind.name in post.body):
        raise bad_request("Can't change media type in the album")
    post.files = True
    return change(request, chat, post, {**CLEARED, "text": None, "entities": None, **content})


async def send_contact(request: ApiRequest) -> dict[str, Any]:
    names = ("phone_number", "first_name", "last_name", "vcard")
    contact = {name: request.text(name) for name in names if request.text(name)}
    for name in ("phone_number", "first_name"):
        if name not in contact:
            raise bad_request(f'parameter "{name}" is required')
    return send(request, request.chat(), {"contact": contact})


async def send_location(request: ApiRequest) -> dict[str, Any]:
    try:
        latitude, longitude = float(request.text("latitude")), float(request.text("longitude"))
    except ValueError as error:
        raise bad_request("latitude is empty") from error
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ApiError(400, "Bad Request: wrong latitude or longitude specified")
    return send(request, request.chat(), {"location": {"latitude": latitude, "longitude": longitude}})


def _method(kind: Kind) -> str:
    return "send" + "".join(part.capitalize() for part in kind.name.split("_"))


METHODS: dict[str, Method] = {
    **{_method(kind): _sender(kind) for kind in KINDS.values()},
    "sendMediaGroup": send_media_group,
    "editMessageMedia": edit_message_media,
    "sendContact": send_contact,
    "sendLocation": send_location,
}
