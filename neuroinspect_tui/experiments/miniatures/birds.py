"""Waterbirds in miniature: the demo's birds by the published metadata.csv."""

import csv
import io
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from engine.io.atomic import write_text
from engine.schema.source_specs import local_spec
from neuroinspect_tui.demo import birds as demo_birds
from neuroinspect_tui.demo import dataset, places, scenes
from neuroinspect_tui.demo.build import Plan, learn_backbone, learn_clip, prepare
from neuroinspect_tui.demo.dataset import Recipe, picture_path
from neuroinspect_tui.demo.scenes import render
from neuroinspect_tui.experiments.miniatures import kit
from neuroinspect_tui.experiments.miniatures.kit import Kit, drawn

OF = (demo_birds, places, scenes, dataset, kit)
FOLDER = "waterbird_complete95_forest2water2"
SPLITS = {"train": 0, "valid": 1, "test": 2}
COLUMNS = ("img_id", "img_filename", "y", "split", "place", "place_filename")


class Sizes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures of each split, of the backbone's training, and its epochs."""

    train: int = 2400
    valid: int = 600
    test: int = 1600
    others: int = 2400
    backbone_epochs: int = 13


def make(root: Path, sizes: Sizes, seed: int, device: str) -> Generator[Any, None, Kit]:
    """Draw the birds, and train the backbone and CLIP on others, as the demo does."""
    recipe = Recipe(train=sizes.train, valid=sizes.valid, test=sizes.test)
    plan = Plan(
        root / "others", seed=seed, recipe=recipe, others=sizes.others,
        backbone_epochs=sizes.backbone_epochs, device=device,
    )  # fmt: skip
    yield from _draw(root, recipe, seed)
    prepare(plan)
    backbone = yield from learn_backbone(plan)
    yield from learn_clip(plan, backbone)
    return Kit(root, plan.model, backbone.checkpoint, local_spec(plan.clip))


def _draw(root: Path, recipe: Recipe, seed: int) -> Generator[Any, None, None]:
    table = root / FOLDER / "metadata.csv"
    if table.is_file():
        return
    rows: list[tuple[int, str, int, int, int, str]] = []
    pictures = []
    for split, numbered in recipe.scenes(seed).items():
        for number, scene in enumerate(numbered if split in SPLITS else ()):
            path = picture_path(split, number, scene)
            pictures.append((path, partial(render, scene)))
            rows.append((len(rows) + 1, path, scene.bird, SPLITS[split], scene.place, scene.kind))
    yield from drawn(root / FOLDER, pictures, "drawing birds")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    write_text(table, text.getvalue())
