"""The public catalogue and its pictures. The warm case never gets here: `edge.py` answers it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.catalogue import schema, schemas
from app.catalogue.bodies import CatalogueBody, choose_encoding, matches
from app.container import container
from app.errors import NotFound, Unavailable
from app.kit.http import error_responses

router = APIRouter(tags=["catalogue"])

Language = Annotated[
    str | None, Query(max_length=35, description="One of the project's languages; else its default is taken.")
]
# Chats and invoices take no WebP for certain.
PICTURE_TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The ETag in If-None-Match still holds."}}


class ProjectNotFound(NotFound):
    status, code, detail = 404, "project_not_found", "There is no such project."


class DeckNotFound(NotFound):
    status, code, detail = 404, "deck_not_found", "This project has no such deck."


class PictureNotFound(NotFound):
    status, code, detail = 404, "picture_not_found", "There is no such picture."


class CatalogueUnavailable(Unavailable):
    status, code, detail = 503, "catalogue_unavailable", "The catalogue has not arrived yet; try again soon."


def _answer(request: Request, body: CatalogueBody) -> Response:
    encoding = choose_encoding(request.headers.get("accept-encoding", "").encode("latin-1"))
    headers = {"etag": body.etag(encoding), "cache-control": "no-cache", "vary": "Accept-Encoding"}
    if matches(request.headers.get("if-none-match", "").encode("latin-1"), body.digest):
        return Response(status_code=304, headers=headers)
    if encoding != "identity":
        headers["content-encoding"] = encoding
    return Response(body.content(encoding), headers=headers, media_type="application/json")


@router.get(
    "/api/v1/projects/{slug}/catalogue",
    response_model=schemas.Catalogue,
    responses={**NOT_MODIFIED, **error_responses()},
    summary="A project's public catalogue in one language",
)
async def catalogue(slug: str, request: Request, lang: Language = None) -> Response:
    service = container(request).catalogue
    body = await service.public(slug, lang)
    if body is None:
        raise ProjectNotFound if service.ready else CatalogueUnavailable
    return _answer(request, body)


@router.get(
    "/api/v1/projects/{slug}/catalogue/decks/{key}",
    response_model=schemas.Deck,
    responses={**NOT_MODIFIED, **error_responses()},
    summary="The cards of a deck with their meanings, in one language",
)
async def deck(slug: str, key: str, request: Request, lang: Language = None) -> Response:
    service = container(request).catalogue
    body = await service.deck(slug, key, lang)
    if body is None:
        if not service.ready:
            raise CatalogueUnavailable
        raise ProjectNotFound if service.library().project_by_slug(slug) is None else DeckNotFound
    return _answer(request, body)


@router.get(
    "/api/v1/schemas/catalogue.json",
    response_class=Response,
    responses={
        **error_responses(),
        200: {"content": {"application/schema+json": {"schema": {"type": "object"}}}},
    },
    summary="The JSON Schema of the catalogue document that WordPress serves",
)
async def catalogue_schema() -> Response:
    return Response(
        schema.published(),
        headers={"cache-control": "public, max-age=3600"},
        media_type="application/schema+json",
    )


@router.get(
    "/media/{name}",
    response_class=Response,
    responses={
        **NOT_MODIFIED,
        **error_responses(),
        200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in PICTURE_TYPES.values()}},
    },
    summary="A mirrored picture; its address never changes its bytes",
)
async def media(name: str, request: Request) -> Response:
    # The name is the content's hash, the width and the kind, so it is a strong ETag by itself.
    etag = f'"{name.removesuffix(".webp")}"'
    body = await container(request).catalogue.media.get(name)
    if body is None:
        raise PictureNotFound
    headers = {"etag": etag, "cache-control": "public, max-age=31536000, immutable"}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=PICTURE_TYPES[name.rpartition(".")[2]])
