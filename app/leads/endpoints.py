"""Leaving a request from the Mini App."""

from fastapi import APIRouter, Request, Response

from app.container import container
from app.kit import json
from app.kit.http import error_responses
from app.kit.idempotency import Once
from app.leads import phones, schemas, service
from app.readings.endpoints import IdempotencyKey
from app.users.auth import CurrentPrincipal
from app.users.repository import UserRepository
from app.users.service import admit

router = APIRouter(prefix="/api/v1/leads", tags=["leads"])

# A person leaves one a day; whoever tries numbers is slowed down.
PER_MINUTE = 6


@router.post(
    "",
    status_code=201,
    response_model=schemas.Lead,
    responses={
        **error_responses(401, 403),
        200: {"model": schemas.Lead, "description": "A request of the last day that stands"},
    },
    summary="Leave a request: the staff call or write back",
)
async def leave_request(
    body: schemas.LeadRequest, principal: CurrentPrincipal, request: Request, idempotency_key: IdempotencyKey
) -> Response:
    services = container(request)
    services.limits.check("leads", principal.user_id, per_minute=PER_MINUTE, shared=True)
    once = Once(principal.project_id, principal.user_id, "leads", idempotency_key, body.model_dump())
    async with services.database.transaction() as connection:
        user = admit(await UserRepository(connection, principal.project_id).get(principal.user_id, lock="KEY SHARE"))
        wanted = service.checked(name=body.name, phone=body.phone, about=body.about, language=user.language)
        if replayed := await once.replay(connection):
            kept = json.loads(replayed)
            return Response(json.dumps(kept["body"]), kept["status"], media_type="application/json")
        submitted = await service.submit(
            connection, project_id=principal.project_id, user_id=principal.user_id, request=wanted, source="app"
        )
        lead, status = submitted.lead, 201 if submitted.is_new else 200
        answer = {
            "id": lead.id,
            "state": lead.state,
            "created_at": lead.created_at,
            "is_new": submitted.is_new,
            "phone": phones.pretty(lead.phone) if submitted.is_new else None,
        }
        await once.keep(connection, json.dumps({"status": status, "body": answer}))
    return Response(json.dumps(answer), status, media_type="application/json")
