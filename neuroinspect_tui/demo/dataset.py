"""Scenes on disk: image folders, and metadata.csv in Waterbirds' own columns."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.io.atomic import write_beside
from neuroinspect_tui.demo.scenes import BIRDS, PLACES, Scene, draw_scenes, render

SPLITS = {"train": 0, "valid": 1, "test": 2, "valid_biased": 3}
"""By their numbers in metadata.csv; the published set has the first three."""
QUALITY = {"quality": 95, "subsampling": 0}
"""Colours at full resolution: at 64 pixels the usual halving smears a beak."""


@dataclass(frozen=True)
class Recipe:
    """How many scenes of each split, and how many of them are aligned."""

    train: int = 2400
    valid: int = 600
    test: int = 1600
    aligned: float = 0.95

    def scenes(self, seed: int) -> dict[str, list[Scene]]:
        """Draw every split; no two share a bird or a background."""
        return {
            "train": draw_scenes(self.train, self.aligned, 10 * seed),
            "valid": draw_scenes(self.valid, 0.5, 10 * seed + 1),
            "test": draw_scenes(self.test, 0.5, 10 * seed + 2),
            "valid_biased": draw_scenes(self.valid, self.aligned, 10 * seed + 3),
        }


def write_dataset(root: Path, recipe: Recipe, seed: int) -> Iterator[tuple[int, int]]:
    """Write all splits under `root`, yielding (pictures there, pictures in all).

    Pictures already there are kept: an interrupted run goes on. metadata.csv comes last.
    """
    splits = recipe.scenes(seed)
    total, done = sum(map(len, splits.values())), 0
    rows = []
    for split, scenes in splits.items():
        for number, scene in enumerate(scenes):
            path = picture_path(split, number, scene)
            _write_picture(root / path, scene)
            rows.append((done + 1, path, scene.bird, SPLITS[split], scene.place, scene.kind))
            done += 1
            if done % 50 == 0:
                yield done, total
    _write_metadata(root / "metadata.csv", rows)
    yield total, total


def write_folders(root: Path, splits: dict[str, list[Scene]]) -> Iterator[tuple[int, int]]:
    """Write SPLIT/SPECIES_on_PLACE folders, yielding as `write_dataset`; `done` marks the end."""
    whole = root / "done"
    total, done = sum(map(len, splits.values())), 0
    for split, scenes in () if whole.is_file() else splits.items():
        for number, scene in enumerate(scenes):
            folder = f"{scene.species.name}_on_{PLACES[scene.place]}"
            _write_picture(root / split / folder / f"{number:04d}.jpg", scene)
            done += 1
            if done % 50 == 0:
                yield done, total
    write_beside(whole, lambda temporary: temporary.touch())


def picture_path(split: str, number: int, scene: Scene) -> str:
    """Return where a scene lies: SPLIT/BIRD/NUMBER_on_PLACE.jpg."""
    return f"{split}/{BIRDS[scene.bird]}/{number:04d}_on_{PLACES[scene.place]}.jpg"


def _write_picture(path: Path, scene: Scene) -> None:
    if not path.is_file():
        image = render(scene)
        write_beside(path, lambda temporary: image.save(temporary, "JPEG", **QUALITY))


def _write_metadata(path: Path, rows: list[tuple[int, str, int, int, int, str]]) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("img_id", "img_filename", "y", "split", "place", "place_filename"))
            writer.writerows(rows)

    write_beside(path, write)
