"""MetaShift's protocol: one kind trained in one context only, as a table of images. No torch.

Source: the published comparison; docs/experiments.md, MetaShift.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec import structs

from engine.data.readers.metashift import shown_alone
from engine.grouping.store import Grouping, Member, content_of, csv_path, write_bytes
from engine.io.atomic import write_text
from engine.schema.errors import DataError
from engine.schema.requests import Source
from neuroinspect_tui.experiments.declaration import Shift

BANK = "bank"
"""The split that concepts and words are looked for on: images that neither choose nor report."""
MOST_BANK = 2000
LEAST = 10
"""Images of a class in a split."""
COLUMNS = ("path", "label", "split")
GROUPING = "context"
"""What the grouping by the scenario's context is called in the workspace."""


@dataclass(frozen=True)
class Scenes:
    """MetaShift's images of some kinds, each showing one of them.

    Args:
        root: The data's folder.
        contexts_of: By kind and image path, the contexts that it is in.
    """

    root: Path
    contexts_of: Mapping[str, Mapping[str, frozenset[str]]]

    def contexts(self, least: int) -> tuple[str, ...]:
        """Return the contexts of at least so many images, by the alphabet."""
        images = [found for of in self.contexts_of.values() for found in of.values()]
        names = sorted({name for found in images for name in found})
        return tuple(n for n in names if sum(n in found for found in images) >= least)

    def has(self, context: str, paths: Sequence[str]) -> np.ndarray:
        """Return (n,), whether each image is in a context."""
        every = {path: found for of in self.contexts_of.values() for path, found in of.items()}
        return np.array([context in every.get(path, ()) for path in paths], dtype=bool)


def open_scenes(data: Path, shift: Shift) -> Scenes:
    """Read the images of a scenario's kinds.

    Raises:
        DataError: The data are missing or damaged, or lack a kind or the context.
    """
    root, found = shown_alone(data, shift.kinds)
    scenes = Scenes(root, found)
    if not any(shift.context in of for of in found.get(shift.kind, {}).values()):
        raise DataError(f"{data} has no image of {shift.kind}({shift.context}).")
    return scenes


def write_scenario(source: Source, shift: Shift, table: Path, seed: int) -> Source:
    """Draw a scenario's images and write them as a table, unless it is there; return its source.

    The shifted kind trains in its context, and is validated and tested outside of it. Which images
    are in that context is a grouping of the workspace, not the data's: edits see no group labels
    unless they ask for them.

    Raises:
        DataError: The data are missing or damaged, or hold too few images.
    """
    scenes = open_scenes(Path(source.data), shift)
    if not table.is_file():
        rows = _drawn(scenes, shift, seed)
        members = tuple(
            Member(path, split, kind, _value(scenes, shift, kind, path))
            for path, kind, split in rows
        )
        grouping = Grouping(GROUPING, members, "", None)
        write_bytes(csv_path(table.parent, GROUPING), content_of(grouping))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
        write_text(table, text.getvalue())
    return structs.replace(source, data=str(table), image_root=str(scenes.root), reader="csv")


def _value(scenes: Scenes, shift: Shift, kind: str, path: str) -> str:
    inside = shift.context in scenes.contexts_of[kind][path]
    return shift.context if inside else f"no {shift.context}"


def _drawn(scenes: Scenes, shift: Shift, seed: int) -> list[tuple[str, str, str]]:
    rng = np.random.default_rng((71, seed))
    rows: list[tuple[str, str, str]] = []
    taken: set[str] = set()
    for kind in shift.kinds:
        of = scenes.contexts_of.get(kind, {})
        inside = [path for path in sorted(of) if shift.context in of[path]]
        outside = [path for path in sorted(of) if shift.context not in of[path]]
        pools = {"train": inside, "rest": outside}
        if kind != shift.kind:
            every = rng.permutation(sorted(of)).tolist()
            pools = {"train": every[: shift.train], "rest": every[shift.train :]}
        train = rng.permutation(pools["train"])[: shift.train].tolist()
        rest = rng.permutation(pools["rest"]).tolist()
        parts = {
            "train": train,
            "valid": rest[: shift.valid],
            "test": rest[shift.valid : shift.valid + shift.test],
        }
        for split, paths in parts.items():
            if len(paths) < LEAST:
                raise DataError(
                    f"{scenes.root} has {len(paths)} images of {kind} for {split} with "
                    f"{shift.kind}({shift.context}); at least {LEAST} are needed."
                )
            rows += [(path, kind, split) for path in paths]
        taken |= set(parts["valid"]) | set(parts["test"])
    free = [(path, kind) for kind in shift.kinds for path in sorted(scenes.contexts_of[kind])
            if path not in taken]  # fmt: skip
    chosen = sorted(rng.permutation(len(free))[:MOST_BANK].tolist())
    return rows + [(*free[at], BANK) for at in chosen]
