"""What is sent: one version a language, each a text, a photo or a video with buttons. Checked when it comes in."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, model_validator

from app.broadcasts import markup

MOST_LANGUAGES = 10
MOST_ROWS = 8
MOST_IN_A_ROW = 4


class Part(BaseModel):
    """Unknown fields are refused: a misspelt one must not be lost in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _storable(value: str) -> str:
    """Postgres keeps no NUL, and Telegram takes no half of a pair."""
    if "\x00" in value:
        raise ValueError("a text holds no NUL")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("a text is whole characters") from None
    return value


Storable = AfterValidator(_storable)
Url = Annotated[str, Field(pattern=r"^(https?|tg)://[^\s\x00-\x1f]+$", max_length=1024), Storable]
FileUrl = Annotated[str, Field(pattern=r"^https?://[^\s\x00-\x1f]+$", max_length=1024), Storable]


class Button(Part):
    """Exactly one of `url`, `app` (opens the Mini App at this path; "" is its start) and `callback`."""

    text: Annotated[str, Field(min_length=1, max_length=64), Storable]
    url: Url | None = None
    app: Annotated[str, Field(pattern=r"^[A-Za-z0-9/_-]{0,128}$")] | None = None
    callback: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,64}$")] | None = None

    @model_validator(mode="after")
    def check_one_target(self) -> Self:
        if sum(target is not None for target in (self.url, self.app, self.callback)) != 1:
            raise ValueError("a button has one of url, app and callback")
        if not self.text.strip():
            raise ValueError("a button has a text")
        return self


class Media(Part):
    """`file_id` is known to the bot `bot_id` alone. A `url` is fetched by Telegram, once; its file id is kept then."""

    kind: Literal["photo", "video"]
    url: FileUrl | None = None
    file_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,512}$")] | None = None
    bot_id: Annotated[int, Field(gt=0, lt=2**52)] | None = None

    @model_validator(mode="after")
    def check_source(self) -> Self:
        if self.url is None and self.file_id is None:
            raise ValueError("a photo or video has a url or a file_id")
        return self


Row = Annotated[list[Button], Field(min_length=1, max_length=MOST_IN_A_ROW)]


class Version(Part):
    """`text` is Telegram HTML, a caption when there is a photo or video."""

    text: Annotated[str, Field(max_length=16_384), Storable] = ""
    media: Media | None = None
    buttons: Annotated[list[Row], Field(max_length=MOST_ROWS)] = []
    link_preview: bool = True

    @model_validator(mode="after")
    def check_text(self) -> Self:
        visible = markup.visible_text(self.text)
        if not visible.strip() and self.media is None:
            raise ValueError("a message has a text")
        most = markup.CAPTION_CHARACTERS if self.media else markup.TEXT_CHARACTERS
        if (length := markup.length(self.text)) > most:
            raise ValueError(f"{length} characters are more than the {most} that Telegram takes")
        return self


Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]


class Content(RootModel[Annotated[dict[Language, Version], Field(max_length=MOST_LANGUAGES)]]):
    """Versions by language; whoever speaks none of them gets the project's own."""

    @property
    def versions(self) -> Mapping[str, Version]:
        return self.root

    def fallback(self, default_language: str) -> str:
        """The version for those whose language has none. There must be a version."""
        return default_language if default_language in self.root else next(iter(self.root))

    def stored(self) -> dict[str, Any]:
        """As it is kept in the database and sent by the API."""
        return {language: version.model_dump(exclude_none=True) for language, version in self.root.items()}


def read(stored: Mapping[str, Any]) -> Content:
    """What `Content.stored` gave."""
    return Content.model_validate(stored)
