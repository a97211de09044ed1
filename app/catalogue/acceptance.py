"""What becomes of a document that arrived: what is broken is left out and reported, nothing good is lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.catalogue import schema
from app.catalogue.library import Bot, StripeKeys, YooKassaKeys
from app.catalogue.objects import ObjectCheck, Row, key_of, sound_parts
from app.catalogue.problems import LIMIT, Problem, Problems, pointer
from app.catalogue.reader import no_keys
from app.catalogue.secrets import KeysUnreadable, TokenUnreadable

OpenBot = Callable[[str, Mapping[str, Any] | None], Bot | None]
OpenKeys = Callable[[str, str, Mapping[str, Any] | None], StripeKeys | YooKassaKeys | None]
PROVIDERS = {"stripe": "Stripe", "yookassa": "YooKassa"}

# Addresses of the backend itself and names that would mislead people.
# fmt: off
RESERVED_SLUGS = frozenset((
    "admin", "api", "app", "apps", "arcana", "assets", "auth", "bot", "dev", "docs", "favicon",
    "health", "healthz", "help", "login", "logout", "media", "metrics", "openapi", "pay", "payment",
    "payments", "public", "readyz", "redoc", "robots", "sandbox", "static", "status", "support",
    "telegram", "test", "webhook", "webhooks", "wordpress", "wp-admin", "wp-json", "www",
))
# fmt: on


@dataclass(frozen=True, slots=True)
class KnownProject:
    """What the table of projects says: the slug of a project that has been live is fixed."""

    slug: str
    ever_live: bool


@dataclass(frozen=True, slots=True)
class Acceptance:
    """`document` is `None` when the whole of it is refused; then the last good one goes on being served."""

    document: Row | None
    problems: tuple[Problem, ...]
    bots: Mapping[str, int] = field(default_factory=dict)


def accept(
    received: Any,
    *,
    previous: Mapping[str, Any] | None,
    known: Mapping[str, KnownProject],
    open_bot: OpenBot,
    open_keys: OpenKeys = no_keys,
) -> Acceptance:
    """Checks a parsed document against the schema and what is known; pure, raises nothing for bad input."""
    return _Acceptance(previous, known, open_bot, open_keys).run(received)


class _Acceptance:
    def __init__(
        self,
        previous: Mapping[str, Any] | None,
        known: Mapping[str, KnownProject],
        open_bot: OpenBot,
        open_keys: OpenKeys,
    ) -> None:
        self.previous = sound_parts(previous or {})
        self.previous_projects: dict[str, Row] = {row["key"]: row for row in self.previous["projects"]}
        self.known = known
        self.open_bot = open_bot
        self.open_keys = open_keys
        self.problems = Problems()
        self._report = self.problems.report
        self.bots: dict[str, int] = {}

    def run(self, received: Any) -> Acceptance:
        for path, ru, en in schema.faults("document", received):
            self._report("document", "", path, "schema", ru, en)
        if self.problems.found:
            return Acceptance(None, tuple(self.problems.found))
        checked = ObjectCheck(self.problems)
        gone = checked.tombstones(received["tombstones"])
        objects = {
            "spreads": checked.sound("spread", "spreads", received["spreads"]),
            "decks": checked.sound("deck", "decks", received["decks"]),
            "packages": checked.sound("package", "packages", received["packages"]),
        }
        valid = checked.sound("project", "projects", received["projects"])
        projects = self._projects(received["projects"], valid, gone)
        if refusal := self._refusal(projects, objects, gone):
            return Acceptance(None, (refusal, *self.problems.found[: LIMIT - 1]))
        self._keep_missing(projects, objects, gone)
        self._prune(projects, objects)
        self._slugs(projects)
        self._bots(projects)
        self._keys(projects)
        document = {
            "schema": 1,
            "version": received["version"],
            "store": received["store"],
            "projects": [project.row for project in projects],
            **{name: list(rows.values()) for name, rows in objects.items()},
            "coupons": checked.coupons(received.get("coupons", [])),
        }
        return Acceptance(document, tuple(self.problems.found[:LIMIT]), self.bots)

    # Projects.

    def _projects(self, rows: list[Any], valid: Mapping[str, Row], gone: set[tuple[str, str]]) -> list["_Project"]:
        places: dict[str, int] = {}
        for place, row in enumerate(rows):
            places.setdefault(key_of(row), place)
        kept = []
        for key, place in places.items():
            # A broken project must not take a running bot down: it stays as it was.
            row = valid.get(key) or self.previous_projects.get(key)
            if row is not None and (key in valid or ("project", key) not in gone):
                kept.append(_Project({**row}, place, changed=key in valid))
        return kept

    def _refusal(
        self, projects: list["_Project"], objects: dict[str, dict[str, Row]], gone: set[tuple[str, str]]
    ) -> Problem | None:
        """An empty or a half document: it would take away what nobody said to take away."""
        if not projects and any(("project", key) not in gone for key in self.previous_projects):
            return Problem(
                "document", "", "/projects", "schema",
                "В документе нет ни одного исправного проекта; каталог оставлен прежним.",
                "The document has no sound project; the catalogue stays as it was.",
            )  # fmt: skip
        for name, ru, en in (
            ("spreads", "ни одного исправного расклада", "spread"),
            ("decks", "ни одной исправной колоды", "deck"),
        ):
            wanted = any(project.row[name] for project in projects if project.changed)
            if wanted and not objects[name]:
                return Problem(
                    "document", "", f"/{name}", "schema",
                    f"В документе нет {ru}, а проекты на них ссылаются; каталог оставлен прежним.",
                    f"The document has no sound {en}, yet projects refer to some; nothing was changed.",
                )  # fmt: skip
        return None

    def _keep_missing(
        self, projects: list["_Project"], objects: dict[str, dict[str, Row]], gone: set[tuple[str, str]]
    ) -> None:
        """A project goes only by its tombstone; one that is merely missing stays with all that it needs."""
        present = {project.row["key"] for project in projects}
        for key, row in self.previous_projects.items():
            if key in present or ("project", key) in gone:
                continue
            projects.append(_Project({**row}, None, changed=False))
            self._report(
                "project", key, "/projects", "missing_without_tombstone",
                f"Проекта «{key}» нет в документе, но он не удалён; он оставлен таким, каким был.",
                f"The project “{key}” is missing but was not deleted; it stays as it was.",
            )  # fmt: skip
        for project in projects:
            if not project.changed:
                self._carry_over(project.row, objects, gone)

    def _carry_over(self, project: Row, objects: dict[str, dict[str, Row]], gone: set[tuple[str, str]]) -> None:
        for kind, name in (("spread", "spreads"), ("deck", "decks"), ("package", "packages")):
            wanted = set(project[name])
            for row in self.previous[name]:
                if row["key"] in wanted and (kind, row["key"]) not in gone:
                    objects[name].setdefault(row["key"], row)

    def _prune(self, projects: list["_Project"], objects: dict[str, dict[str, Row]]) -> None:
        """Takes out references to what is not there, with a word about each."""
        keys = {project.row["key"] for project in projects}
        for key, row in list(objects["packages"].items()):
            if row["project"] not in keys:
                del objects["packages"][key]
                self._report(
                    "package", key, "/packages", "unknown_reference",
                    f"Пакет относится к проекту «{row['project']}», которого нет.",
                    f"The package belongs to the project “{row['project']}”, which is not there.",
                )  # fmt: skip
        for project in projects:
            key = project.row["key"]
            for name, rows in objects.items():
                sound = []
                for reference in project.row[name]:
                    target = rows.get(reference)
                    if target is not None and target.get("project", key) == key:
                        sound.append(reference)
                        continue
                    self._report(
                        "project", key, project.path(name), "unknown_reference",
                        f"Проект ссылается на «{reference}» ({name}), но исправного объекта нет.",
                        f"The project refers to “{reference}” ({name}), but has no such sound object.",
                    )  # fmt: skip
                project.row[name] = sound

    def _slugs(self, projects: list["_Project"]) -> None:
        taken: dict[str, str] = {}
        refused = []
        # Who has been live comes first: his address is a promise to people.
        for project in sorted(projects, key=lambda one: not self._fixed_slug(one.row["key"])):
            row, key = project.row, project.row["key"]
            fixed = self._fixed_slug(key)
            before = fixed or (self.previous_projects.get(key) or {}).get("slug")
            if fixed and row["slug"] != fixed:
                self._report(
                    "project", key, project.path("slug"), "slug_changed",
                    f"Адрес «{fixed}» проекта, который уже открыт людям, не меняется; новый не принят.",
                    f"The address “{fixed}” of a project that has been live cannot change.",
                )  # fmt: skip
                row["slug"] = fixed
            elif row["slug"] in RESERVED_SLUGS or row["slug"] in taken:
                self._report(
                    "project", key, project.path("slug"), "slug_reserved",
                    f"Адрес «{row['slug']}» занят; выберите другой.",
                    f"The address “{row['slug']}” is taken; choose another.",
                )  # fmt: skip
                row["slug"] = before
            if row["slug"] is None or row["slug"] in RESERVED_SLUGS or row["slug"] in taken:
                refused.append(project)
            else:
                taken[row["slug"]] = key
        for project in refused:
            projects.remove(project)

    def _fixed_slug(self, key: str) -> str | None:
        known = self.known.get(key)
        return known.slug if known and known.ever_live else None

    def _bots(self, projects: list["_Project"]) -> None:
        owners: dict[int, str] = {}
        opened = {project.row["key"]: self._open(project) for project in projects}
        before = {key: _bot_id(row) for key, row in self.previous_projects.items()}
        # Whoever had the bot keeps it.
        for project in sorted(projects, key=lambda one: before.get(one.row["key"]) != opened[one.row["key"]]):
            key, number = project.row["key"], opened[project.row["key"]]
            if number is None:
                continue
            if number in owners:
                self._report(
                    "project", key, project.path("bot"), "duplicate_bot",
                    f"Этот бот уже служит проекту «{owners[number]}»; у каждого проекта свой бот.",
                    f"This bot already serves the project “{owners[number]}”; each needs its own.",
                )  # fmt: skip
                project.row["bot"] = None
                continue
            owners[number] = key
            self.bots[key] = number

    def _open(self, project: "_Project") -> int | None:
        """The bot's number; a token that does not open is reported, and the former bot stays if it opens."""
        key = project.row["key"]
        try:
            bot = self.open_bot(key, project.row.get("bot"))
        except TokenUnreadable:
            self._report(
                "project", key, project.path("bot", "sealed_token"), "token_unreadable",
                "Токен бота не читается: он зашифрован для другого проекта или ключом, которого больше нет. "
                "Введите токен заново.",
                "The bot token cannot be read: it was sealed for another project or with a key that is gone. "
                "Enter the token again.",
            )  # fmt: skip
            former = (self.previous_projects.get(key) or {}).get("bot")
            try:
                bot = self.open_bot(key, former)
            except TokenUnreadable:
                bot, former = None, None
            project.row["bot"] = former
        if bot is None:
            return None
        project.row["bot"] = {**(project.row.get("bot") or {}), "id": bot.id}
        return bot.id

    # Payment providers.

    def _keys(self, projects: list["_Project"]) -> None:
        """Keys that do not open are reported, and the former ones stay if they open."""
        for project in projects:
            rows = project.row.get("payments") or {}
            former = (self.previous_projects.get(project.row["key"]) or {}).get("payments") or {}
            for provider, name in PROVIDERS.items():
                if self._opens(project, provider, rows.get(provider)):
                    continue
                self._report(
                    "project", project.row["key"], project.path("payments", provider, "sealed"), "keys_unreadable",
                    f"Ключи {name} не читаются: они зашифрованы для другого проекта, другим ключом или введены не "
                    "полностью. Введите их заново.",
                    f"The keys of {name} cannot be read: they were sealed for another project, with a key that is "
                    "gone, or are not complete. Enter them again.",
                )  # fmt: skip
                kept = former.get(provider)
                rows = {**rows, provider: kept if self._opens(project, provider, kept) else None}
                project.row["payments"] = rows

    def _opens(self, project: "_Project", provider: str, row: Mapping[str, Any] | None) -> bool:
        try:
            self.open_keys(project.row["key"], provider, row)
        except KeysUnreadable:
            return False
        return True


@dataclass(slots=True, eq=False)
class _Project:
    """A project on its way; `place` is its row in the document, `changed` is false for a former version."""

    row: Row
    place: int | None
    changed: bool

    def path(self, *parts: str) -> str:
        return "/projects" if self.place is None else pointer("projects", self.place, *parts)


def _bot_id(row: Mapping[str, Any]) -> int | None:
    return (row.get("bot") or {}).get("id")
