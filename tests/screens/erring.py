"""A planted workspace with many mistakes, a half-done extraction, an edit, skipped images."""

import shutil

import numpy as np
from msgspec import structs

from engine.editing.heads import Head
from engine.editing.store import save_edit
from engine.features.cache import Meta, find_cache
from engine.features.progress import PROGRESS, Done
from engine.io.atomic import read_json, write_json
from engine.io.npy_stream import HEADER
from engine.schema.edits import Edit
from engine.schema.records import Label, Outcome, Skipped
from tests.screens.fake import FakeWorkspace
from tests.screens.planted import Planted, write_cache


def erring(planted: Planted) -> FakeWorkspace:
    """Let the classifier be wrong on 33 of 72 images, in all classes but `dog`."""
    directory = planted.home / "features" / "planted-valid"
    shutil.rmtree(directory)
    write_cache(directory, planted.split, noise=2.6)
    return FakeWorkspace(planted)


def evaluate_until(planted: Planted, images: int) -> None:
    """Write the files of an extraction that has evaluated so many images."""
    directory = find_cache(planted.home, planted.source, planted.split)
    partial = directory.with_suffix(".partial")
    partial.mkdir(parents=True, exist_ok=True)
    logits = np.asarray(planted.cache().logits[:images], dtype=np.float32)
    (partial / "logits.npy").write_bytes(bytes(HEADER) + logits.tobytes())
    write_json(partial / PROGRESS, Done(images, tuple(range(images)), ()))


def skip_images(planted: Planted, *names: str) -> None:
    """Count images as not decoded."""
    path = planted.home / "features" / "planted-valid" / "meta.json"
    skipped = tuple(Skipped(name, "cannot be decoded: truncated") for name in names)
    write_json(path, structs.replace(read_json(path, Meta), skipped=skipped))


def plant_edit(planted: Planted, class_index: int, bias: float) -> str:
    """Save an edit that raises one class's bias; return its id."""
    cache = planted.cache()
    head = Head.of(cache)
    head.bias[class_index] += bias
    before = Outcome(overall=0.5, target=0.5, worst_class=0.5, worst_group=None)
    record = Edit(
        id="", created="", method="ratio", classes=(Label(class_index, "some"),), neurons={},
        strength=0.1, targets={}, lr=0.1, batch_size=8, selected_on="valid", reported_on="valid",
        n_report=cache.meta.n, n_target=12, before=before, after=before, variants=(),
        differences=(),
        verdict="", notes=(), request=None, provenance={"reporting_cache": cache.meta.key},
    )  # fmt: skip
    edits = planted.home / "edits"
    return save_edit(
        edits, record, head, np.arange(cache.meta.n), edits / ".partial" / "planted"
    ).id
