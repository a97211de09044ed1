"""Who is meant: a table of criteria, each a checked value and a condition over a row of `users` (`u`).

A new criterion is a line in CRITERIA; schema, SQL and count follow from it.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.broadcasts.content import Language, Storable
from app.broadcasts.wishes import NEWS_WANTED

Days = Annotated[int, Field(ge=1, le=3650)]
Number = Annotated[int, Field(ge=0, le=1_000_000_000)]
Languages = Annotated[list[Language], Field(min_length=1, max_length=50)]
Sources = Annotated[list[Annotated[str, Field(max_length=64), Storable]], Field(min_length=1, max_length=50)]

READINGS = (
    "(SELECT count(*) FROM readings r WHERE r.project_id = u.project_id AND r.user_id = u.id AND r.state = 'finished')"
)
BALANCE = (
    "COALESCE((SELECT w.balance - w.held FROM wallets w"
    " WHERE w.project_id = u.project_id AND w.user_id = u.id AND w.unit = 'readings'), 0)"
)


@dataclass(frozen=True, slots=True)
class Criterion:
    """`condition` has `{}` where the value's parameter goes."""

    name: str
    type: Any
    condition: str
    description: str


CRITERIA = (
    Criterion("languages", Languages, "u.language = ANY({}::text[])", "One of these languages."),
    Criterion("sources", Sources, "u.source = ANY({}::text[])", "Came from one of these campaigns."),
    Criterion("seen_within_days", Days, "u.last_seen_at >= now() - {}::int * interval '1 day'", "Was here lately."),
    Criterion("unseen_for_days", Days, "u.last_seen_at < now() - {}::int * interval '1 day'", "Was away for long."),
    Criterion("readings_min", Number, READINGS + " >= {}::bigint", "Finished at least so many readings."),
    Criterion("readings_max", Number, READINGS + " <= {}::bigint", "Finished at most so many readings."),
    Criterion("balance_min", Number, BALANCE + " >= {}::bigint", "Has at least so many readings left."),
    Criterion("balance_max", Number, BALANCE + " <= {}::bigint", "Has at most so many readings left."),
)


class _Criteria(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


_FIELDS: dict[str, Any] = {
    criterion.name: (criterion.type | None, Field(None, description=criterion.description)) for criterion in CRITERIA
}
Segment = create_model(
    "Segment", __base__=_Criteria, __doc__="All criteria must hold; none means everybody.", **_FIELDS
)


def stored(segment: BaseModel) -> dict[str, Any]:
    """The criteria that are set."""
    return segment.model_dump(exclude_none=True)


# Only people who can be written to and have not switched news off. $1 is the project, $2 its bot.
REACHABLE = f"""
    u.project_id = $1 AND u.state = 'active' AND u.telegram_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM telegram_departures d WHERE d.bot_id = $2 AND d.chat_id = u.telegram_id)
    AND {NEWS_WANTED}
"""


def conditions(segment: dict[str, Any], *, first: int) -> tuple[str, list[Any]]:
    """SQL over `u` and its parameters, numbered from `first`; `segment` is what `stored` gave."""
    words: list[str] = [REACHABLE]
    values: list[Any] = []
    for criterion in CRITERIA:
        if (value := segment.get(criterion.name)) is not None:
            words.append(criterion.condition.format(f"${first + len(values)}"))
            values.append(value)
    return " AND ".join(words), values
