"""What WordPress is told about its document: the problems found, the pictures that were refused, the bots that do not
work, and the orders that cannot be entered into the shop's books."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.catalogue.problems import Kind, Problem
from app.catalogue.reader import picture_id
from app.locales import plain
from app.payments.books.problems import BookFault
from app.telegram.repository import BotFault

ROUTE = "wc-arcana/v1/report"

WORDS = {
    "too_large": ("файл больше 15 МБ", "the file is larger than 15 MB"),
    "not_a_picture": ("это не JPEG, PNG или WebP", "it is not a JPEG, PNG or WebP"),
    "too_many_pixels": ("в картинке слишком много точек", "it has too many pixels"),
    "animated": ("анимация не поддерживается", "animation is not supported"),
    "damaged": ("файл повреждён", "the file is damaged"),
    "odd_shape": ("картинка слишком узкая или слишком маленькая", "it is too narrow or too small"),
    "foreign_address": ("картинка лежит на чужом сайте", "it is on another site"),
    "not_found": ("файл не найден", "the file was not found"),
}
# Why orders wait to be entered into WooCommerce; `{count}` of them.
BOOK_WORDS = {
    "product_missing": (
        "Заказов, не записанных в WooCommerce: {count}. Товара этого пакета в магазине больше нет. Верните его из "
        "корзины или опубликуйте пакет заново.",
        "Orders that are not in WooCommerce: {count}. The product of this package is gone from the shop. Restore "
        "it from the trash, or publish the package anew.",
    ),
    "product_foreign": (
        "Заказов, не записанных в WooCommerce: {count}. Под номером этого пакета в магазине стоит другой товар.",
        "Orders that are not in WooCommerce: {count}. The number of this package belongs to another product.",
    ),
    "total_differs": (
        "Сумма заказа в WooCommerce не та, что была уплачена (заказов: {count}). Верните прежнюю сумму или проверьте "
        "налоги и округление в настройках магазина.",
        "An order in WooCommerce has another total than what was paid ({count} in all). Put the total right, or check "
        "taxes and rounding in the settings of the shop.",
    ),
    "order_gone": (
        "Возвратов, не записанных в WooCommerce: {count}. Заказ удалён из магазина.",
        "Refunds that are not in WooCommerce: {count}. The order was deleted from the shop.",
    ),
}
BOOK_OTHERS = (
    "Заказов, не записанных в WooCommerce: {count}. Магазин их не принимает ({problem}). Проверьте подключение "
    "магазина и обновите плагин.",
    "Orders that are not in WooCommerce: {count}. The shop does not take them ({problem}). Check the connection of "
    "the shop, and update the plugin.",
)


def book_problems(faults: Sequence[BookFault]) -> list[Problem]:
    """Orders that wait for somebody; gone from the report as soon as they stand in the books."""
    problems = []
    for fault in faults:
        ru, en = BOOK_WORDS.get(fault.problem, BOOK_OTHERS)
        values = {"count": fault.count, "problem": fault.problem}
        code = f"book_{fault.problem}"
        problems.append(Problem("package", fault.package_key, "", code, ru.format(**values), en.format(**values)))
    return problems


def picture_problems(document: Mapping[str, Any], refused: Mapping[str, str]) -> list[Problem]:
    """Problems of refused pictures (id → reason). Their `path` is a pointer inside the object itself."""
    problems = []
    for kind, key, path, picture, deck in _named_pictures(document):
        reason = refused.get(picture_id(picture))
        if reason is None:
            continue
        ru, en = WORDS.get(reason, ("её не удалось прочитать", "it could not be read"))
        ru, en = f"Картинка не принята: {ru}.", f"The picture was refused: {en}."
        if deck:
            ru, en = f"Колода «{deck}». {ru}", f"Deck “{deck}”. {en}"
        problems.append(Problem(kind, key, path, "picture_refused", ru, en))
    return problems


def bot_problems(faults: Sequence[BotFault]) -> list[Problem]:
    """A bot that cannot be set up, in words for the content manager; gone from the report as soon as it works."""
    return [
        Problem(
            "project",
            fault.project_key,
            "/bot",
            f"bot_{fault.code}",
            plain("ru", f"bot_error.{fault.code}", reason=fault.reason),
            plain("en", f"bot_error.{fault.code}", reason=fault.reason),
        )
        for fault in faults
    ]


def _named_pictures(document: Mapping[str, Any]) -> Iterator[tuple[Kind, str, str, Mapping[str, Any], str]]:
    """Kind, key, pointer inside the object, picture, and for a card its deck."""
    for row in document["projects"]:
        for name in ("logo", "cover"):
            if row.get(name):
                yield "project", row["key"], f"/{name}", row[name], ""
    kinds: tuple[tuple[Kind, str], ...] = (("spread", "spreads"), ("package", "packages"))
    for kind, rows in kinds:
        for row in document[rows]:
            if row.get("picture"):
                yield kind, row["key"], "/picture", row["picture"], ""
    for row in document["decks"]:
        if row.get("back"):
            yield "deck", row["key"], "/back", row["back"], ""
        for card in row["cards"]:
            if card.get("picture"):
                yield "card", card["key"], "/picture", card["picture"], row["key"]
