"""The bell, the inbox and the switches in a Chromium at phone size, in both languages."""

from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from app.kit import json
from app.notifications.service import notify
from tests import chromium
from tests.conftest import Api, Person
from tests.notifications.test_inbox import owner

DIST = Path(__file__).resolve().parents[2] / "miniapp" / "dist" / "index.html"
pytestmark = pytest.mark.skipif(
    not DIST.exists() or chromium.installed() is None, reason="needs a built Mini App and a Chromium"
)

WORDS = {
    "ru": {
        "bell": "Входящие",
        "new": "2 новых уведомления",
        "titles": ["Тебе ответили", "Подарок для тебя"],
        "news": "Новости и акции",
        "quiet": "Тихие часы",
        "empty": "Здесь пока тихо",
    },
    "en": {
        "bell": "Inbox",
        "new": "2 new notifications",
        "titles": ["You have an answer", "A gift for you"],
        "news": "News and offers",
        "quiet": "Quiet hours",
        "empty": "All quiet here",
    },
}


async def signed_in(api: Api, slug: str, language: str) -> Person:
    person = await api.sign_in(slug, telegram_id=5550)
    await person.patch("/api/v1/me", json={"language": language})
    return person


async def tell_two(person: Person) -> None:
    project_id, user_id = await owner(person)
    gift = {"event": "credited", "unit": "readings", "amount": 3}
    async with person.api.database.transaction() as connection:
        for kind, values in (("account", gift), ("replies", {"text": "Да, в четверг."})):
            await notify(connection, project_id=project_id, user_id=user_id, kind=kind, values=values)


@pytest.mark.parametrize(("slug", "language"), [("luna", "ru"), ("verbena", "en")])
async def test_what_is_new_is_shown_read_and_switched_off(api: Api, slug: str, language: str) -> None:
    words = WORDS[language]
    person = await signed_in(api, slug, language)
    demo_person = json.dumps({"id": 5550, "first_name": "Анна"}).decode()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.installed(), args=chromium.ARGUMENTS)
        context = await browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
        await context.add_init_script(
            f"localStorage.setItem('arcana:{slug}:demo-person', {json.dumps(demo_person).decode()})"
        )
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))

        async def bell(name: str) -> None:
            await expect(page.get_by_role("button", name=name, exact=True)).to_be_visible(timeout=30_000)

        await page.goto(f"{api.url}/{slug}/inbox")
        await expect(page.get_by_text(str(words["empty"]))).to_be_visible(timeout=30_000)
        await tell_two(person)
        await page.goto(f"{api.url}/{slug}/")
        await bell(f"{words['bell']}: {words['new']}")
        await page.get_by_role("button", name=str(words["bell"])).click()
        for title in words["titles"]:
            await expect(page.get_by_text(title)).to_be_visible()
        # A gift leads to the balance.
        await page.get_by_text(words["titles"][1]).click()
        await expect(page).to_have_url(f"{api.url}/{slug}/profile")
        await switch_off(page, words["news"], words["quiet"])
        await page.goto(f"{api.url}/{slug}/")
        await bell(str(words["bell"]))
        await browser.close()
    assert faults == []
    wishes = (await person.get("/api/v1/me/notifications")).json()
    assert [row["kind"] for row in wishes["kinds"] if not row["enabled"]] == ["news"]
    assert wishes["quiet"] == {"from": "23:15", "until": "09:00"}


async def switch_off(page: Page, news: object, quiet: object) -> None:
    switch = page.get_by_role("switch", name=str(news))
    await expect(switch).to_be_checked()
    await switch.click(force=True)
    # It shows what the app knows, a moment after the tap.
    await expect(switch).not_to_be_checked()
    await expect(page.get_by_role("switch", name=str(quiet))).to_be_checked()
    hour = page.locator("input[type=time]").first
    async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await hour.fill("23:15")
        await hour.blur()
