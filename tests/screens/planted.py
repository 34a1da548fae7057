"""A workspace made by arithmetic: images, a feature cache and edits on disk, no torch anywhere.

The classifier leans on neuron `SPURIOUS` for class 0 in a way that its mistakes show.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from engine.data.splits import Split, open_split
from engine.features.cache import FORMAT, FeatureCache, Meta
from engine.io.atomic import write_json
from engine.schema.requests import Source
from neuroinspect_tui.workspace import read_source, write_source

NAMES = ("ant", "bee", "cat", "dog", "eel", "fox")
WIDTH = 24
EACH = 12
SPURIOUS = 7


@dataclass(frozen=True)
class Planted:
    """What was planted."""

    home: Path
    source: Source
    split: Split

    def cache(self, split: str = "valid") -> FeatureCache:
        """Open the feature cache."""
        listing = self.split if split == "valid" else open_split(self.source, split)
        return FeatureCache(self.home / "features" / f"planted-{split}", listing)


def plant(
    root: Path,
    *,
    groups: bool = False,
    each: int = EACH,
    on_land: Callable[[int], bool] = lambda number: number < EACH // 2,
) -> Planted:
    """Write `each` images of a class and split, workspace.toml and a feature cache below `root`.

    With `groups` they have the groups `land` and `sea`; `on_land` takes an image's number.
    """
    data, home = root / "data", root / "ws"
    for split in ("train", "valid"):
        for k, name in enumerate(NAMES):
            folder = data / split / f"{k:03d}_{name}"
            folder.mkdir(parents=True)
            for i in range(each):
                colour = (40 * k % 256, 20 * i % 256, 128)
                Image.new("RGB", (24, 18), colour).save(folder / f"{i:02d}.png")
    (root / "weights.safetensors").write_bytes(b"not read")
    write_source(
        home,
        Source(model="test_resnet", checkpoint=str(root / "weights.safetensors"),
               data=_listed(data, on_land) if groups else str(data), device="cpu"),
    )  # fmt: skip
    source = read_source(home)
    listing = open_split(source, "valid")
    write_cache(home / "features" / "planted-valid", listing)
    return Planted(home, source, listing)


def _listed(data: Path, on_land: Callable[[int], bool]) -> str:
    rows = ["path,label,split,group"]
    for path in sorted(data.rglob("*.png")):
        split, folder = path.relative_to(data).parts[:2]
        group = "land" if on_land(int(path.stem)) else "sea"
        rows.append(f"{path.relative_to(data)},{folder},{split},{group}")
    (data / "list.csv").write_text("\n".join(rows) + "\n")
    return str(data / "list.csv")


def write_cache(
    directory: Path, split: Split, seed: int = 0, noise: float = 0.7, pull: float = 4.0
) -> None:
    """Write a feature cache whose every array follows from features and a decision layer.

    With more `noise`, such as 2.6, there are more mistakes. With more `pull`, such as 14, most of
    the images of class 0 on which `SPURIOUS` fires are predicted as class 1.
    """
    directory.mkdir(parents=True)
    labels = np.array([sample.label for sample in split.samples])
    classes, n = len(split.folders), len(labels)
    draw = np.random.default_rng(seed)
    prototypes = draw.gamma(1.0, 1.0, (classes, WIDTH))
    features = np.maximum(prototypes[labels] + draw.normal(0, noise, (n, WIDTH)), 0)
    features = features.astype(np.float32)
    weight = (prototypes - prototypes.mean(0)).astype(np.float32) * 0.5
    weight[1, SPURIOUS] += 2.0
    features[(labels == 0) & (np.arange(n) % 2 == 0), SPURIOUS] += pull
    bias = (-(prototypes**2).sum(1) / 8).astype(np.float32)
    logits = features @ weight.T + bias
    predicted = logits.argmax(1)
    wrong = np.flatnonzero(predicted != labels)
    toward = weight[labels[wrong]] - weight[predicted[wrong]]
    ranked = np.argsort(-toward * np.sign(toward), axis=1)[:, :10]
    signs = np.take_along_axis(np.sign(toward), ranked, 1)
    strongest = np.argsort(-features, axis=0, kind="stable")[:32].T
    arrays = {
        "features": features, "logits": logits.astype(np.float32), "predicted": predicted,
        "weight": weight, "bias": bias, "mean": features.mean(0).astype(np.float64),
        "mistake_rows": wrong, "insufficient": np.where(signs > 0, ranked, -1)[:, :5],
        "excessive": np.where(signs < 0, ranked, -1)[:, :5],
        "steps": np.full(len(wrong), 8), "flipped": np.ones(len(wrong), dtype=bool),
        "strongest_rows": strongest,
        "strongest_values": np.take_along_axis(features, strongest.T, 0).T.copy(),
    }  # fmt: skip
    for name, array in arrays.items():
        np.save(directory / f"{name}.npy", array)
    write_json(directory / "samples.json", split.samples)
    write_json(
        directory / "meta.json",
        Meta(format=FORMAT, key=directory.name, split=split.name, view=0, folders=split.folders,
             groups=split.groups, skipped=(), n=n, width=WIDTH, has_bias=True, input_size=32,
             weights="planted", versions={}),
    )  # fmt: skip
    assert msgspec.json.decode((directory / "meta.json").read_bytes())["n"] == n
