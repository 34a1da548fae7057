"""Edits made on edits."""

import shutil
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from safetensors import safe_open

from engine.editing.heads import Head
from engine.editing.store import compare_edit, made_on, read_head
from engine.evaluation.scores import mistakes
from engine.schema.errors import EditError, StorageError
from engine.schema.requests import EditRequest, ExportRequest, FeaturesRequest
from engine.session import TorchEngine
from neuroinspect_tui.jobs.queues import EDITS, device_of, queue_of
from neuroinspect_tui.jobs.submit import title_of
from tests.making import make_images


@pytest.fixture(scope="module")
def source(toy, tmp_path_factory):
    """Enough images that mistakes remain after an edit."""
    root = make_images(tmp_path_factory.mktemp("many") / "data", train=2, valid=30)
    return msgspec.structs.replace(toy, data=str(root))


@pytest.fixture(scope="module")
def made(source, tmp_path_factory):
    """An engine, an edit, and an edit on it."""
    engine = TorchEngine(source, tmp_path_factory.mktemp("home"))
    first = edited(engine, seed=3)
    return engine, first, edited(engine, on=first.id)


def edited(engine, **asked):
    return last(engine.edit(EditRequest(**{"classes": (0, 1, 2), "seeds": 2, **asked})))


def last(job):
    *_, found = job
    return found


def ready(engine, **asked):
    job = engine.ready_cache("valid", **asked)
    while True:
        try:
            next(job)
        except StopIteration as stop:
            return stop.value


def head_of(engine, edit):
    return read_head(engine.home / "edits" / edit.id, engine.classifier.width, 3)


def test_an_edit_on_an_edit_starts_from_its_head(made):
    engine, first, second = made
    assert second.before == first.after
    assert (made_on(first), made_on(second)) == (None, first.id)
    # the same images report, with whichever seed: the first edit has seen all others
    assert np.array_equal(head_of(engine, first)[1], head_of(engine, second)[1])
    assert second.request["seed"] != first.request["seed"]


def test_the_mistakes_that_remain_are_what_is_ranked(made):
    engine, first, _ = made
    base, cache = ready(engine), ready(engine, on=first.id)
    head, _ = head_of(engine, first)
    assert np.array_equal(Head.of(cache).weight, head.weight)
    assert np.allclose(cache.logits, head.logits(base.features), atol=1e-5)
    assert np.array_equal(
        cache.array("mistake_rows"), np.flatnonzero(cache.predicted != cache.labels)
    )
    assert not np.array_equal(cache.array("mistake_rows"), base.array("mistake_rows"))
    assert cache.samples == base.samples
    assert not (cache.directory / "features.npy").exists()
    assert sum(len(mistakes(cache, k).mistakes) for k in range(3)) == len(
        cache.array("mistake_rows")
    )


def test_a_stack_is_compared_with_what_it_was_made_on(made):
    engine, first, second = made
    directory = engine.home / "edits" / second.id
    found = compare_edit(ready(engine, on=first.id), directory)
    assert (found.before, found.after) == (second.before, second.after)
    with pytest.raises(EditError, match="other weights or images"):
        compare_edit(ready(engine), directory)


def test_a_stack_is_exported_whole(made, source, tmp_path):
    engine, _, second = made
    third = edited(engine, on=second.id)
    out = tmp_path / "mended.safetensors"
    last(engine.export(ExportRequest(edit=third.id, out=str(out))))
    with safe_open(out, "np") as file:
        assert file.metadata()["on"] == second.id
    flipped = TorchEngine(msgspec.structs.replace(source, checkpoint=str(out)), tmp_path)
    cache = ready(engine, on=third.id)
    assert np.array_equal(ready(flipped).predicted, cache.predicted)
    assert third.before == second.after


def test_an_edit_that_is_unknown_damaged_or_of_other_images_is_told(made, source, tmp_path):
    engine, first, _ = made
    with pytest.raises(EditError, match="No edit 'nothing' in"):
        edited(engine, on="nothing")
    home = tmp_path / "home"
    shutil.copytree(engine.home, home, ignore=shutil.ignore_patterns("*+*"))
    fewer = tmp_path / "data"
    shutil.copytree(source.data, fewer)
    next((fewer / "valid").rglob("*.png")).unlink()
    other = TorchEngine(msgspec.structs.replace(source, data=str(fewer)), home)
    with pytest.raises(EditError, match="held out none of the images of valid as they are now"):
        edited(other, on=first.id)
    (home / "edits" / first.id / "head.safetensors").write_bytes(b"spoilt")
    with pytest.raises(EditError, match="missing or damaged"):
        edited(TorchEngine(source, home), on=first.id)
    (home / "edits" / first.id / "edit.json").write_bytes(b"spoilt")
    with pytest.raises(StorageError, match="is damaged"):
        edited(TorchEngine(source, home), on=first.id)


def test_a_test_split_reports_on_a_stack_too(made, source, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(source.data, data)
    shutil.copytree(data / "valid", data / "test")
    engine = TorchEngine(msgspec.structs.replace(source, data=str(data)), tmp_path / "home")
    first = edited(engine, test_split="test")
    with pytest.raises(EditError, match="give a --test-split"):
        edited(engine, on=first.id)
    second = edited(engine, on=first.id, test_split="test")
    assert (second.reported_on, second.before) == ("test", first.after)


def test_a_stacked_cache_that_was_cut_short_is_made_again(made):
    engine, first, _ = made
    cache = ready(engine, on=first.id)
    before = np.array(cache.array("insufficient"))
    shutil.move(cache.directory, cache.directory.with_suffix(".partial"))
    assert np.array_equal(ready(engine, on=first.id).array("insufficient"), before)
    assert not list(cache.directory.parent.glob("*.partial"))


LOOK = """
import sys
from pathlib import Path
from neuroinspect_tui.app.local_workspace import LocalWorkspace
found = LocalWorkspace(Path(sys.argv[1]))
cache = found.cache(on=sys.argv[2])
print(cache.meta.on, len(cache.array("mistake_rows")), cache.features.shape[0])
assert found.cache().meta.on is None
assert "torch" not in sys.modules
"""


@pytest.mark.slow
def test_a_cache_with_an_edit_is_found_without_torch(made):
    from neuroinspect_tui.workspace import write_source

    engine, first, _ = made
    write_source(engine.home, engine.source)
    cache = ready(engine, on=first.id)
    ran = subprocess.run(
        [sys.executable, "-c", LOOK, str(engine.home), first.id],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    wanted = [first.id, len(cache.array("mistake_rows")), cache.meta.n]
    assert ran.stdout.split() == list(map(str, wanted))


def test_a_stack_and_its_cache_do_not_queue_behind_drawings(source):
    cuda = msgspec.structs.replace(source, device="cuda:0")
    request = FeaturesRequest(split="valid", on="20261123-101500-zero")
    assert (queue_of(request, cuda), device_of(EDITS)) == (EDITS, "cpu")
    assert queue_of(FeaturesRequest(split="valid"), cuda) == "cuda:0"
    assert title_of(request, ()) == "extract features of valid on 20261123-101500-zero"
    edit = EditRequest(classes=(0,), on="20261123-101500-zero")
    assert title_of(edit, ("rose",)) == "edit rose, zero on 20261123-101500-zero"
