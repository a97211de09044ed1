"""A catalogue of many projects, each with a bot of its own: the demo's first one, again and again."""

from typing import Any

from app.catalogue import demo, schema
from app.catalogue.acceptance import accept
from app.catalogue.refresh import LEASE
from app.catalogue.repository import CatalogueRepository, Lease
from app.catalogue.secrets import sandbox_bot
from app.container import Container
from app.kit.crypto import derive_key
from app.kit.ids import new_id
from app.projects.repository import ProjectsRepository, WantedProject


def crowd_document(count: int) -> dict[str, Any]:
    """The demo's document with `count` live projects; the further ones have no packages, which belong to one alone."""
    document = demo.load()
    first = document["projects"][0]
    more = [
        {**first, "key": f"{first['key']}-{number}", "slug": f"{first['slug']}-{number}", "packages": []}
        for number in range(2, count + 1)
    ]
    kept = [package for package in document["packages"] if package["project"] == first["key"]]
    return {**document, "projects": [first, *more], "packages": kept}


async def stock_crowd(container: Container, count: int) -> None:
    """Stores that catalogue as the demo's; a running process takes it over with its next look."""
    key = derive_key(container.secret, "sandbox bots")
    verdict = accept(
        crowd_document(count), previous=None, known={}, open_bot=lambda project, _: sandbox_bot(key, project)
    )
    assert verdict.document is not None  # noqa: S101  # the demo's document is sound
    rows = verdict.document["projects"]
    wanted = [WantedProject(row["key"], row["slug"], row["status"], verdict.bots[row["key"]]) for row in rows]
    async with container.database.transaction() as connection:
        repository = CatalogueRepository(connection)
        await repository.state("demo")
        lease = await repository.lease("demo", new_id(), asked_at=await repository.now(), lifetime=LEASE)
        assert isinstance(lease, Lease)  # noqa: S101  # nobody else works on this database
        await repository.finish_accepted(
            lease, document=verdict.document, etag=None, rules=schema.rules_digest(), problems=[]
        )
        await ProjectsRepository(connection).sync("demo", wanted)
    await container.catalogue.reload()
