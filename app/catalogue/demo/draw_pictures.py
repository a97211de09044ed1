"""Draw the demo catalogue's pictures: `python -m app.catalogue.demo.draw_pictures [folder [prefix]]`.

The same code and the same Pillow give the same files.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from app.catalogue.demo.drawing import looks
from app.catalogue.demo.drawing.canvas import Canvas
from app.catalogue.demo.drawing.courts import court
from app.catalogue.demo.drawing.majors import MAJORS, major
from app.catalogue.demo.drawing.pips import pip

# Flat art stands a low quality well; the whole deck has to stay near a megabyte.
QUALITY = 26
SUITS = ("wands", "cups", "swords", "pentacles")


def pictures() -> Iterator[tuple[str, Callable[[], Canvas]]]:
    """Every file's name without its ending, and what draws it."""
    for number, (name, _) in enumerate(MAJORS):
        yield f"major-{number:02d}-{name}", partial(major, number)
    for suit in SUITS:
        for rank in range(1, 15):
            yield f"{suit}-{rank:02d}", partial(pip if rank <= 10 else court, suit, rank)
    yield "card-back", looks.back
    yield "luna-logo", looks.luna_logo
    yield "luna-cover", looks.luna_cover
    yield "verbena-logo", looks.verbena_logo
    yield "verbena-cover", looks.verbena_cover


def main(folder: Path, prefix: str = "") -> None:
    """Write the pictures whose names begin with `prefix` as WebP into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in pictures():
        if name.startswith(prefix):
            draw().picture().save(folder / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "pictures", *sys.argv[2:3])
