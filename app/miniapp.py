"""Serves the built Mini App: one page a project at `/{slug}/`, hashed assets for all of them."""

import html
import mimetypes
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader
from starlette.convertors import StringConvertor, register_url_convertor

from app.catalogue.library import Project
from app.container import container
from app.errors import NotFound, Unavailable
from app.kit import json
from app.settings import Settings

DIST = Path(__file__).parent.parent / "miniapp" / "dist"
PLACEHOLDER = "<!--arcana-project-->"

# Telegram's web clients show Mini Apps in a frame; X-Frame-Options cannot say that and is not sent.
FRAMES = "frame-ancestors 'self' https://web.telegram.org https://*.telegram.org"
PLAIN_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    ),
}
ASSET_HEADERS = {"cache-control": "public, max-age=31536000, immutable"}


class SlugConvertor(StringConvertor):
    """A project's slug as the first part of a path; never `api`, whose unknown addresses are the API's to refuse."""

    regex = r"(?!api(?:/|$))[a-z0-9-]+"


register_url_convertor("slug", SlugConvertor())
templates = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)


def page_headers(settings: Settings) -> dict[str, str]:
    """In the demo its own Telegram is one of those that may show the app in a frame."""
    return {
        "cache-control": "no-store",
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
            f"connect-src 'self'; base-uri 'none'; form-action 'none'; {FRAMES} {settings.desk_url}".strip()
        ),
    }


def page(template: str, project: Project, settings: Settings) -> str:
    """The page with the project's name and colours in it, so that the first paint already wears its look."""
    theme = project.theme
    facts = {
        "slug": project.slug,
        "name": dict(project.name),
        "languages": list(project.languages),
        "bot_username": project.bot.username if project.bot else None,
        "demo": settings.demo,
        "desk": settings.desk_url or None,
        "theme": {field: getattr(theme, field) for field in theme.__slots__},
    }
    data = json.dumps(facts).decode().replace("<", "\\u003c")
    title = html.escape(project.text(project.name, project.default_language))
    # What is shown before the app runs must not flash in the phone's own scheme.
    scheme = f'<meta name="color-scheme" content="{theme.scheme}" />'
    tag = f'<script type="application/json" id="arcana-project">{data}</script>'
    return (
        template.replace(PLACEHOLDER, tag)
        .replace('<meta name="color-scheme" content="dark light" />', scheme)
        .replace("<title>Arcana</title>", f"<title>{title}</title>")
        .replace('<html lang="ru">', f'<html lang="{html.escape(project.default_language)}">')
    )


def not_found() -> Response:
    """For people: whoever follows an old link sees words instead of JSON."""
    body = templates.get_template("not_found.html").render()
    return Response(body, 404, headers=PLAIN_HEADERS, media_type="text/html")


def mount(app: FastAPI, settings: Settings) -> None:
    """Adds the routes; they come last, because `/{slug}/…` would catch everything."""

    headers = page_headers(settings)

    async def asset(name: str) -> Response:
        folder = (DIST / "assets").resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise NotFound
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileResponse(path, headers=ASSET_HEADERS, media_type=media_type)

    async def open_app(request: Request, slug: str, rest: str = "") -> Response:
        project = container(request).catalogue.library().project_by_slug(slug)
        if project is None or not project.live:
            return not_found()
        index = DIST / "index.html"
        if not index.is_file():
            raise Unavailable("The Mini App is not built: run `npm ci && npm run build` in miniapp/.")
        body = page(index.read_text(encoding="utf-8"), project, settings)
        return Response(body, headers=headers, media_type="text/html")

    async def add_slash(request: Request, slug: str) -> Response:
        if container(request).catalogue.library().project_by_slug(slug) is None:
            return not_found()
        return RedirectResponse(f"/{slug}/", 308)

    async def demo_page(request: Request) -> Response:
        projects = [project for project in container(request).catalogue.library().projects if project.live]
        body = templates.get_template("demo.html").render(projects=projects, settings=settings)
        return Response(body, headers=PLAIN_HEADERS, media_type="text/html")

    if settings.demo:
        app.add_api_route("/", demo_page, include_in_schema=False)
    app.add_api_route("/assets/{name:path}", asset, include_in_schema=False)
    app.add_api_route("/{slug:slug}", add_slash, include_in_schema=False)
    app.add_api_route("/{slug:slug}/", open_app, include_in_schema=False)
    app.add_api_route("/{slug:slug}/{rest:path}", open_app, include_in_schema=False)
