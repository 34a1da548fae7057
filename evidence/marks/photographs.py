"""Photographs of ten flowers as a data set whose one class mostly carries a mark."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from engine.io.atomic import write_beside
from evidence.flowers import DATA
from evidence.marks.stamps import MARKS, marked, square

CLASSES = 10
ALIGNED = 0.95
"""Of the marked class's photographs that carry the mark, and of the others' that do not."""
PARTS = {"train": 0.4, "valid": 0.3, "test": 0.3}
"""Shares of each class's photographs. `valid_biased` has `valid`'s, marked as in training."""
QUALITY = {"quality": 95, "subsampling": 0}
COLUMNS = ("path", "label", "split", "mark")
HAS = ("no", "yes")


@dataclass(frozen=True)
class Photograph:
    """One of flowers89.

    Args:
        flower: Its class, such as `passion_flower`.
        name: Its file there.
    """

    flower: str
    name: str

    def path(self, mark: str | None) -> str:
        """Return where it lies below the pictures, with a mark or without."""
        return f"{self.flower}/{Path(self.name).stem}_{(mark or 'plain').replace(' ', '_')}.jpg"


def photographs() -> list[Photograph]:
    """Return those of the ten classes with the most, in the order of their numbers of images."""
    listed = [
        (path.parent.name, Photograph(path.parent.name.split("_", 1)[1], path.name))
        for path in sorted(DATA.glob("*/*/*.jpg"))
    ]
    most = [folder for folder, _ in Counter(folder for folder, _ in listed).most_common(CLASSES)]
    return [photograph for wanted in most for folder, photograph in listed if folder == wanted]


def flowers() -> list[str]:
    """Return the ten classes, the one with the most photographs first."""
    return list(dict.fromkeys(photograph.flower for photograph in photographs()))


def draw_pictures(root: Path) -> Iterator[tuple[int, int]]:
    """Write every photograph plain and with each mark; yield (done, total). It resumes."""
    sources = {path.name: path for path in DATA.glob("*/*/*.jpg")}
    everyone = photographs()
    for number, photograph in enumerate(everyone):
        paths = {mark: root / photograph.path(mark) for mark in (None, *MARKS)}
        if not all(path.is_file() for path in paths.values()):
            with Image.open(sources[photograph.name]) as opened:
                plain = square(opened)
            for mark, path in paths.items():
                _write(marked(plain, mark, photograph.name) if mark else plain, path)
        if number % 50 == 0:
            yield number, len(everyone)


def _write(image: Image.Image, path: Path) -> None:
    write_beside(path, lambda temporary: image.save(temporary, "JPEG", **QUALITY))


def rows(mark: str, target: str, seed: int) -> list[tuple[str, str, str, str]]:
    """Return the rows of a data set: path, class, split and whether it is marked.

    `test` has every photograph twice, plain and marked, and `valid` as many of either.

    Args:
        mark: One of `MARKS`.
        target: The class whose photographs mostly carry it.
        seed: Which photographs are in which split, and which are marked.
    """
    chance = np.random.default_rng((83, seed))
    found = []
    by_flower: dict[str, list[Photograph]] = {}
    for photograph in photographs():
        by_flower.setdefault(photograph.flower, []).append(photograph)
    for flower, members in by_flower.items():
        shuffled = [members[at] for at in chance.permutation(len(members))]
        counts = [round(len(members) * share) for share in PARTS.values()][:-1]
        parts = np.split(np.arange(len(members)), np.cumsum(counts))
        share = ALIGNED if flower == target else 1 - ALIGNED
        for split, part in zip(PARTS, parts, strict=True):
            of = [shuffled[at] for at in part]
            if split == "test":
                found += [(one, flower, split, has) for one in of for has in (False, True)]
                continue
            shares = {"train": share} if split == "train" else {"valid": 0.5, "valid_biased": share}
            for name, carried in shares.items():
                carriers = set(chance.permutation(len(of))[: round(carried * len(of))].tolist())
                found += [(one, flower, name, at in carriers) for at, one in enumerate(of)]
    return [(one.path(mark if has else None), flower, split, HAS[has])
            for one, flower, split, has in found]  # fmt: skip


def write_table(path: Path, listed: list[tuple[str, str, str, str]]) -> None:
    """Write the rows as a CSV that the program reads."""

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(listed)

    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, write)
