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
"""Without chroma subsampling, which at 64 pixels blurs a beak."""


@dataclass(frozen=True)
class Recipe:
    """The number of scenes of each split, and the share of aligned ones in the biased splits.

    Aligned: the bird is on its usual background.
    """

    train: int = 2400
    valid: int = 600
    test: int = 1600
    aligned: float = 0.95

    def scenes(self, seed: int) -> dict[str, list[Scene]]:
        """Generate every split; no two splits share a bird or a background."""
        return {
            "train": draw_scenes(self.train, self.aligned, 10 * seed),
            "valid": draw_scenes(self.valid, 0.5, 10 * seed + 1),
            "test": draw_scenes(self.test, 0.5, 10 * seed + 2),
            "valid_biased": draw_scenes(self.valid, self.aligned, 10 * seed + 3),
        }


def write_dataset(root: Path, recipe: Recipe, seed: int) -> Iterator[tuple[int, int]]:
    """Write all splits under `root`, yielding (pictures done, total pictures).

    Existing pictures are not written again, so an interrupted run resumes. metadata.csv is last.
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
    """Write folders SPLIT/SPECIES_on_PLACE; yield like `write_dataset`. A file `done` is last."""
    marker = root / "done"
    total, done = sum(map(len, splits.values())), 0
    for split, scenes in () if marker.is_file() else splits.items():
        for number, scene in enumerate(scenes):
            folder = f"{scene.species.name}_on_{PLACES[scene.place]}"
            _write_picture(root / split / folder / f"{number:04d}.jpg", scene)
            done += 1
            if done % 50 == 0:
                yield done, total
    write_beside(marker, lambda temporary: temporary.touch())


def picture_path(split: str, number: int, scene: Scene) -> str:
    """Return a scene's path: SPLIT/BIRD/NUMBER_on_PLACE.jpg."""
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
