"""Writes docs/drawings.png: neurons at random, as published and as the program draws them.

    python -m docs.drawn [--dir DIR] [--seed SEED]

DIR is where `make evidence` keeps its models. A row each: two real images, then the drawings.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import platformdirs
from PIL import Image

from engine.data.images import open_image
from evidence.drawings import AS_PUBLISHED, CHOSEN, SETTINGS, drawn
from evidence.models import Model
from evidence.rankings import last
from evidence.retrieval import chosen

OUT = Path(__file__).parent / "drawings.png"
NEURONS = 8
SIDE, GAP = 96, 4
"""Pixels of a picture, and between two."""
REAL = 2
COLOURS = 128
"""Of the picture, which so is a third as large."""


def main() -> None:
    """Draw the first neurons that the evidence draws at random, and write the picture."""
    parser = argparse.ArgumentParser(prog="python -m docs.drawn", description=__doc__)
    parser.add_argument("--dir", type=Path, default=None, help="where models are kept")
    parser.add_argument("--seed", type=int, default=21, help="of the model")
    options = parser.parse_args()
    root = options.dir or platformdirs.user_cache_path("neuroinspect-tui") / "evidence"
    model = Model("pretrained", options.seed, root)
    engine = model.engine(clip=model.plan.source.clip)
    cache = last(engine.ready_cache("valid"))
    neurons = chosen(cache, model.seed)[:NEURONS].tolist()
    strongest = np.asarray(cache.array("strongest_rows"))
    rows = [
        [open_image(cache, cache.samples[int(strongest[j, place])]) for j in neurons]
        for place in range(REAL)
    ]
    rows += [
        drawn(engine, neurons, SETTINGS[name], model.home / "drawn")
        for name in (AS_PUBLISHED, CHOSEN)
    ]
    grid(rows).quantize(COLOURS).save(OUT, optimize=True)


def grid(rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Put pictures in rows, on white."""
    step = SIDE + GAP
    sheet = Image.new("RGB", (step * len(rows[0]) - GAP, step * len(rows) - GAP), "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet.paste(picture.resize((SIDE, SIDE)), (step * x, step * y))
    return sheet


if __name__ == "__main__":
    main()
