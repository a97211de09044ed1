"""The command menus, held against the commands that there are."""

from collections.abc import Iterator

from aiogram import Router
from aiogram.filters import Command

from app.bots import routers
from app.crm.commands.scope import StaffCommand
from app.telegram.presentation import CLOSED, MANAGER, STAFF, SUPER_ADMIN, USER

# It ends what a person is in the middle of; there the bot names it, and elsewhere it is of no use.
UNLISTED = {"cancel"}


def names(router: Router) -> Iterator[str]:
    for observer in router.observers.values():
        for handler in observer.handlers:
            for found in handler.filters or []:
                command = found.callback._command if isinstance(found.callback, StaffCommand) else found.callback
                if isinstance(command, Command):
                    yield from (str(name) for name in command.commands)
    for part in router.sub_routers:
        yield from names(part)


def test_every_command_is_in_a_menu_and_every_entry_has_a_handler() -> None:
    known = {name for root in routers() for name in names(root)}
    listed = {*USER, *CLOSED, *STAFF, *MANAGER, *SUPER_ADMIN}
    assert known == listed | UNLISTED


def test_no_menu_names_a_command_twice_and_managers_see_what_staff_see() -> None:
    for menu in (USER, CLOSED, STAFF, MANAGER, SUPER_ADMIN):
        assert len(set(menu)) == len(menu)
    assert set(STAFF) <= set(MANAGER)
