"""Group commit: whatever is asked for while a statement is under way goes into the next one, all at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class GroupCommit(Generic[Item, Outcome]):
    """`write` takes a batch and gives an outcome for each of its items, in their order.

    Alone, an item is written at once; under load the batches grow by themselves. `one_by_one` says for which errors a
    batch is written again item by item, so that a bad one harms nobody else.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]],
        *,
        most: int = 500,
        one_by_one: tuple[type[Exception], ...] = (),
    ) -> None:
        self._write = write
        self._most = most
        self._one_by_one = one_by_one
        self._waiting: list[tuple[Item, asyncio.Future[Outcome]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Outcome:
        """The item's outcome, after its batch was written; raises what the batch raised."""
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._run())
        return await done

    async def _run(self) -> None:
        while batch := self._waiting[: self._most]:
            del self._waiting[: self._most]
            await self._settle(batch)
        # No await since the last look: nobody can have come in between.
        self._writing = None

    async def _settle(self, batch: list[tuple[Item, "asyncio.Future[Outcome]"]]) -> None:
        try:
            outcomes = await self._write([item for item, _ in batch])
        except BaseException as error:  # whatever it was, everybody of the batch is told
            if len(batch) > 1 and isinstance(error, self._one_by_one):
                for one in batch:
                    await self._settle([one])
                return
            for _, done in batch:
                if not done.done():
                    done.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            if not isinstance(error, Exception):
                raise
            return
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            # Whoever asked may have been cancelled meanwhile.
            if not done.done():
                done.set_result(outcome)
