"""Where providers tell what happened: believed or refused at once, kept, and answered; a job does the rest."""

from fastapi import APIRouter, Request, Response

from app.catalogue.library import Library, Project
from app.container import container
from app.errors import NotFound
from app.kit.http import client_address, error_responses, json_response
from app.kit.telemetry import get_logger
from app.payments.events import service as events
from app.payments.port import EventRefused, Incoming

log = get_logger("app.payments")

router = APIRouter(prefix="/api/v1/payments", tags=["payments"])


def project_by_slug(library: Library, slug: str) -> Project | None:
    """In any status: money that was sent is told of, whether the project is still live or not."""
    return next((project for project in library.projects if project.slug == slug), None)


@router.post(
    "/{provider}/{slug}",
    responses=error_responses(),
    summary="A webhook of a payment provider; anything but 200 makes it come again",
)
async def receive(provider: str, slug: str, request: Request) -> Response:
    services = container(request)
    project = project_by_slug(services.catalogue.library(), slug)
    chosen = services.payments.registry.get(provider)
    account = chosen.account(project) if chosen is not None and project is not None else None
    if project is None or chosen is None or account is None:
        raise NotFound
    incoming = Incoming(
        body=await request.body(),
        headers={name.lower(): value for name, value in request.headers.items()},
        address=request.client.host if request.client else "",
    )
    try:
        believed = await chosen.receive(project, incoming)
    except EventRefused as error:
        log.warning("a webhook was refused", provider=provider, project_id=project.id,
                    reason=error.facts.get("reason", error.code), address=client_address(request.scope))  # fmt: skip
        raise
    async with services.database.transaction() as connection:
        new = await events.keep(connection, project.id, provider, account, believed)
    return json_response({"kept": len(new)})
