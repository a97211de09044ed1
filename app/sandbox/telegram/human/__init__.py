"""The human side of the desk: people, what they see, and what they do. JSON under `/sandbox/`."""

from fastapi import APIRouter

from app.sandbox.telegram.human import (
    acting,
    apps,
    crowds,
    files,
    groups,
    keyboard,
    payments,
    people,
    pressing,
    reading,
)

router = APIRouter(prefix="/sandbox")
for part in (people, reading, acting, pressing, keyboard, groups, files, apps, payments, crowds):
    router.include_router(part.router)
