"""The twenty-two Major Arcana in their order, each with the name in its key."""

from collections.abc import Callable

from .canvas import Canvas
from .majors_chariot_to_death import chariot, death, hanged_man, hermit, justice, strength, wheel_of_fortune
from .majors_fool_to_lovers import emperor, empress, fool, hierophant, high_priestess, lovers, magician
from .majors_temperance_to_world import (
    devil,
    judgement,
    temperance,
    the_moon,
    the_star,
    the_sun,
    tower,
    world,
)
from .window import window

MAJORS: list[tuple[str, Callable[[Canvas], None]]] = [
    ("fool", fool),
    ("magician", magician),
    ("high-priestess", high_priestess),
    ("empress", empress),
    ("emperor", emperor),
    ("hierophant", hierophant),
    ("lovers", lovers),
    ("chariot", chariot),
    ("strength", strength),
    ("hermit", hermit),
    ("wheel-of-fortune", wheel_of_fortune),
    ("justice", justice),
    ("hanged-man", hanged_man),
    ("death", death),
    ("temperance", temperance),
    ("devil", devil),
    ("tower", tower),
    ("star", the_star),
    ("moon", the_moon),
    ("sun", the_sun),
    ("judgement", judgement),
    ("world", world),
]


def major(number: int) -> Canvas:
    """The card of that number, 0 to 21."""
    canvas = window(number)
    MAJORS[number][1](canvas)
    return canvas
