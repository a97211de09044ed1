"""What a paired WordPress may ask: always signed, always with the rights of that store only."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Header, Request, Response

from app.container import container
from app.kit.database import Connection
from app.kit.http import client_address, error_responses, json_response
from app.woocommerce import pairing, schemas
from app.woocommerce.errors import SignatureInvalid
from app.woocommerce.repository import Store
from app.woocommerce.signature import verify
from app.worker.port import enqueue

router = APIRouter(prefix="/api/v1/wordpress", tags=["wordpress"])

REFRESH_JOB = "catalogue.refresh"


async def signature_headers(
    x_arcana_store: Annotated[str, Header(description="The store's id from pairing.")] = "",
    x_arcana_timestamp: Annotated[str, Header(description="Unix seconds.")] = "",
    x_arcana_nonce: Annotated[str, Header(description="At least 16 random bytes, hex; used once.")] = "",
    x_arcana_signature: Annotated[
        str,
        Header(description="v1=<hex HMAC-SHA256 of the lines method, path, timestamp, nonce, SHA-256 of the body>"),
    ] = "",
) -> None:
    """Only names the headers for the document: a missing one is a wrong signature, and `verify` says so."""


async def signed_store(request: Request, connection: Connection, *, paired: bool = True) -> Store:
    services = container(request)
    path: str = request.scope["path"]
    store = await verify(
        connection,
        services.keyring,
        method=request.method,
        paths=(path, urlsplit(services.settings.public_url).path.rstrip("/") + path),
        headers=request.headers,
        body=await request.body(),
    )
    if paired and store.state != "paired":
        raise SignatureInvalid("This store is not paired.")
    return store


async def limit(request: Request) -> None:
    services = container(request)
    services.limits.check(
        "wordpress",
        client_address(request.scope),
        per_minute=services.settings.rate_limit_address_per_minute,
    )


@router.post(
    "/pair",
    response_model=schemas.Paired,
    responses=error_responses(401, 409, 410),
    dependencies=[Depends(limit), Depends(signature_headers)],
    summary="Connect a store with a pairing string",
)
async def pair(body: schemas.PairRequest, request: Request) -> Response:
    services = container(request)
    async with services.database.transaction() as connection:
        store = await signed_store(request, connection, paired=False)
        paired_at = await pairing.pair(
            connection,
            services.keyring,
            store,
            pairing.PairingRequest(**body.model_dump()),
        )
        await enqueue(connection, REFRESH_JOB, {"store": str(store.id)}, dedupe_key=f"{REFRESH_JOB}:{store.id}")
    return json_response({"store": str(store.id), "paired_at": paired_at, "key": pairing.public_key(services.keyring)})


@router.post(
    "/notices",
    status_code=202,
    response_model=schemas.NoticeTaken,
    responses=error_responses(401, 409),
    dependencies=[Depends(limit), Depends(signature_headers)],
    summary="The store's catalogue has a new version",
)
async def notice(body: schemas.Notice, request: Request) -> Response:
    services = container(request)
    async with services.database.transaction() as connection:
        store = await signed_store(request, connection)
        # By version: a notice that comes while an older one is being worked on must not be lost.
        key = f"{REFRESH_JOB}:{store.id}:{body.version}"
        await enqueue(connection, REFRESH_JOB, {"store": str(store.id)}, dedupe_key=key)
    return json_response({"accepted": True}, 202)


@router.get(
    "/keys",
    response_model=schemas.SealingKeys,
    responses=error_responses(401, 409),
    dependencies=[Depends(limit), Depends(signature_headers)],
    summary="The keys that secrets are sealed with",
)
async def keys(request: Request) -> Response:
    services = container(request)
    async with services.database.transaction() as connection:
        await signed_store(request, connection)
    return json_response({"current": pairing.public_key(services.keyring), "accepted": services.keyring.ids})
