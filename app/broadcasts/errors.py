"""What can go wrong with a broadcast, as the staff and the API hear it."""

from app.errors import ArcanaError, InvalidRequest, NotFound


class BroadcastNotFound(NotFound):
    code, detail = "broadcast_not_found", "There is no such broadcast in this project."


class WrongState(ArcanaError):
    """`state` is what it is in now."""

    status, code, detail = 409, "broadcast_wrong_state", "The broadcast is past that, or not yet there."


class ContentMissing(ArcanaError):
    status, code, detail = 409, "broadcast_content_missing", "The broadcast has no text yet."


class NoBot(ArcanaError):
    status, code, detail = 409, "broadcast_no_bot", "The project has no bot that could send."


class ForeignMedia(ArcanaError):
    """A file id belongs to one bot; `languages` are those whose file another bot was sent."""

    status, code, detail = 409, "broadcast_foreign_media", "A picture was sent to another bot; send it to this one."


class ContentDiffers(InvalidRequest):
    code, detail = "broadcast_content_differs", "A sent message keeps its languages and its photo or video."
