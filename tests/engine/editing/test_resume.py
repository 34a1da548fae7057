"""An edit that was stopped anywhere ends as one that was not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
import torch

from engine.editing import checkpoint as edit_state
from engine.editing import fits as fits_on_disk
from engine.editing import store as edits
from engine.editing import trainer as head_training
from engine.editing.fits import Fits
from engine.editing.methods import EDIT_METHODS
from engine.editing.run import Caches, edit
from engine.editing.store import HEAD, drop_partial, list_edits
from engine.schema.edits import Edit, EditEpoch
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest
from tests.making import birds_cache

EPOCHS = 6


class Stopped(BaseException):
    """As from a signal: anywhere, and no Exception."""


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    return Caches(*birds_cache(tmp_path_factory.mktemp("birds")))


@pytest.fixture(autouse=True)
def at_every_epoch(monkeypatch):
    monkeypatch.setattr(edit_state, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(edit_state, "WORK_PER_WRITE", 0)
    monkeypatch.setattr(fits_on_disk, "LEAST_SECONDS", 0.0)


def request(**asked):
    wanted = {"classes": (0, 1), "method": "ratio", "seeds": 3, "rows": "all"} | asked
    if "epochs" in EDIT_METHODS.get(wanted["method"]).options:
        wanted.setdefault("epochs", EPOCHS)
    return EditRequest(**wanted)


def job(caches, root, **asked):
    """Its records, but the progress of the control that is fitted before it."""
    for record in edit(caches, request(**asked), root, torch.device("cpu")):
        if "control" not in getattr(record, "stage", ""):
            yield record


@pytest.fixture(scope="module")
def whole(caches, tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    return root, list(job(caches, root))


@pytest.fixture(scope="module")
def alone(caches, tmp_path_factory):
    """The same, one seed after another."""
    root = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head_training, "STACK_BYTES", 1)
        return root, list(job(caches, root))


def plain(record):
    """Without what two runs of the same may differ in."""
    if isinstance(record, Edit):
        return msgspec.json.encode(msgspec.structs.replace(record, id="", created=""))
    return msgspec.structs.replace(record, seconds_left=0.0)


def same(root, records, whole):
    """The same edit, to the byte, every epoch told once or more, always alike."""
    wanted_root, wanted = whole
    (one,), (other,) = list_edits(root), list_edits(wanted_root)
    assert (root / one.id / HEAD).read_bytes() == (wanted_root / other.id / HEAD).read_bytes()
    assert plain(one) == plain(other)
    told = {some.epoch: plain(some) for some in wanted if isinstance(some, EditEpoch)}
    found = [some for some in records if isinstance(some, EditEpoch)]
    assert all(plain(some) == told[some.epoch] for some in found)
    assert {some.epoch for some in found} == set(told)
    assert not list(root.glob(".partial/*"))
    return True


@pytest.fixture
def trained_epochs(monkeypatch):
    """Which epochs' batches were drawn."""
    seen = []
    draw = head_training._batches

    def drawn(cache, plan, seeds, epoch, device):
        seen.append(epoch)
        return draw(cache, plan, seeds, epoch, device)

    monkeypatch.setattr(head_training, "_batches", drawn)
    return seen


@pytest.mark.parametrize("read", [1, 4, EPOCHS])
def test_nobody_asks_for_more_after_an_epoch(caches, tmp_path, whole, trained_epochs, read):
    first = job(caches, tmp_path)
    records = [next(first) for _ in range(read)]
    first.close()
    assert same(tmp_path, records + list(job(caches, tmp_path)), whole)
    assert trained_epochs == list(range(1, EPOCHS + 1))


@pytest.mark.parametrize(
    ("method", "fits", "read"),
    [("dfr", 30, 19), ("afr", 4, 3), ("retrain", 10, 7), ("neurontune", 10, 3)],
)
def test_a_head_that_was_fitted_is_not_fitted_again(
    caches, tmp_path, monkeypatch, method, fits, read
):
    asked = {"method": method, "seeds": 2}
    told = [some.done for some in job(caches, tmp_path / "whole", **asked) if hasattr(some, "done")]
    assert told == list(range(1, fits + 1))
    made = []
    original = Fits.head

    def counted(self, name, fit):
        return original(self, name, lambda: made.append(name) or fit())

    monkeypatch.setattr(Fits, "head", counted)
    first = job(caches, tmp_path / "killed", **asked)
    for _ in range(read):
        next(first)
    first.close()
    *progress, _ = job(caches, tmp_path / "killed", **asked)
    assert [some.done for some in progress] == told
    assert len(made) == len(set(made))
    # two seeds may choose the same strength: then they share a head
    assert fits - 1 <= len([name for name in made if name.startswith(method)]) <= fits
    heads = [path.read_bytes() for path in tmp_path.glob(f"*/*/{HEAD}")]
    assert len(heads) == 2
    assert heads[0] == heads[1]
    assert not list(tmp_path.glob("*/.partial/*"))


@pytest.mark.parametrize("step", [0, 20, 70])
def test_a_signal_in_the_middle_of_a_step(
    caches, tmp_path, whole, trained_epochs, monkeypatch, step
):
    """Written where it stops, though nothing was due, and nothing of the half epoch."""
    steps = iter(range(10_000))
    original = torch.optim.Adam.step

    def stopping(self, *args):
        original(self, *args)
        if next(steps) == step:
            raise Stopped

    monkeypatch.setattr(edit_state, "LEAST_SECONDS", 1e6)
    monkeypatch.setattr(torch.optim.Adam, "step", stopping)
    records = []
    with pytest.raises(Stopped):
        records.extend(job(caches, tmp_path))  # what comes before the signal is kept
    assert len(records) == step // 16  # 2000 images, 128 at once
    records += job(caches, tmp_path)
    assert same(tmp_path, records, whole)
    half = step // 16 + 1
    assert trained_epochs == sorted([*range(1, EPOCHS + 1), half])


@pytest.mark.parametrize("moment", [1, 2, 5])
def test_a_signal_while_progress_is_written(caches, tmp_path, whole, monkeypatch, moment):
    writes = iter(range(1, 1000))
    original = edit_state.write_state

    def stopping(path, state, metadata):
        if next(writes) == moment:
            raise Stopped
        original(path, state, metadata)

    monkeypatch.setattr(edit_state, "write_state", stopping)
    records = []
    with pytest.raises(Stopped):
        records.extend(job(caches, tmp_path))
    assert len(records) == moment - 1
    assert same(tmp_path, records + list(job(caches, tmp_path)), whole)


def test_seeds_that_train_in_groups_go_on_in_theirs(
    caches, tmp_path, alone, trained_epochs, monkeypatch
):
    monkeypatch.setattr(head_training, "STACK_BYTES", 1)
    first = job(caches, tmp_path)
    records = [next(first) for _ in range(EPOCHS + 2)]
    first.close()
    records += job(caches, tmp_path)
    assert same(tmp_path, records, alone)
    assert trained_epochs == 3 * list(range(1, EPOCHS + 1))
    assert [(some.epoch, some.epochs) for some in alone[1][:-1]] == [
        (number, 3 * EPOCHS) for number in range(1, 3 * EPOCHS + 1)
    ]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_damaged_progress_is_made_anew(caches, tmp_path, whole, trained_epochs, damage):
    first = job(caches, tmp_path)
    for _ in range(3):
        next(first)
    first.close()
    (path,) = tmp_path.glob(f".partial/*/{edit_state.FILE}")
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[-9] ^= 1
    path.write_bytes(
        {"cut": content[:-100], "flipped": content, "empty": b"", "other": b"x" * 99}[damage]
    )
    trained_epochs.clear()
    assert same(tmp_path, list(job(caches, tmp_path)), whole)
    assert trained_epochs == list(range(1, EPOCHS + 1))


KILLED = """
import sys, torch
from pathlib import Path
from engine.editing import checkpoint as edit_state
from engine.editing.run import Caches
from tests.engine.editing.test_resume import job
from tests.making import birds_cache

torch.set_num_threads(1)
edit_state.LEAST_SECONDS = edit_state.WORK_PER_WRITE = 0
root = Path(sys.argv[1])
caches = Caches(*birds_cache(root / "caches"))
for record in job(caches, root / "edits"):
    print(record.epoch, flush=True)
    if record.epoch == 4:
        sys.stdin.readline()
"""


@pytest.mark.slow
def test_a_process_that_is_killed(caches, tmp_path, whole, trained_epochs):
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3], text=True,
    ) as process:  # fmt: skip
        assert [process.stdout.readline() for _ in range(4)] == ["1\n", "2\n", "3\n", "4\n"]
        process.send_signal(signal.SIGKILL)
    root = tmp_path / "edits"
    records = list(job(caches, root))
    assert trained_epochs == [5, 6]
    assert records[0].epoch == 4
    assert len(list_edits(root)) == 1
    (one,), (other,) = list_edits(root), list_edits(whole[0])
    assert (root / one.id / HEAD).read_bytes() == (whole[0] / other.id / HEAD).read_bytes()
    assert plain(one) == plain(other)


@pytest.mark.parametrize("method", ["ratio", "zero"])
def test_an_edit_that_was_saved_is_not_made_twice(caches, tmp_path, method):
    first = job(caches, tmp_path, method=method)
    saved = next(some for some in first if isinstance(some, Edit))
    first.close()  # before anyone could note that it is done
    again = list(job(caches, tmp_path, method=method))
    assert [some.id for some in again] == [saved.id]
    assert len(list_edits(tmp_path)) == 1
    *_, fresh = job(caches, tmp_path, method=method)  # asked anew, after that one was taken
    assert fresh.id != saved.id
    assert len(list_edits(tmp_path)) == 2


def test_an_edit_that_was_taken_is_made_anew(caches, tmp_path):
    first = job(caches, tmp_path, method="zero")
    saved = next(some for some in first if isinstance(some, Edit))
    first.close()
    drop_partial(tmp_path, saved.id)
    *_, fresh = job(caches, tmp_path, method="zero")
    assert fresh.id != saved.id


def test_killed_between_the_note_and_the_edit(caches, tmp_path, whole, monkeypatch):
    rename = Path.rename

    def stopping(self, target):
        if target.parent == tmp_path:
            raise Stopped
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", stopping)
        with pytest.raises(Stopped):
            list(job(caches, tmp_path))
    assert list_edits(tmp_path) == []
    assert list(tmp_path.glob(f".partial/*/{edits.FINISHED}"))
    list(job(caches, tmp_path))
    (one,), (other,) = list_edits(tmp_path), list_edits(whole[0])
    assert plain(one) == plain(other)


def test_what_others_left_does_not_pile_up(caches, tmp_path):
    for number in range(12):
        path = tmp_path / ".partial" / f"{number:02d}"
        path.mkdir(parents=True)
        age = 60 * number if number else edits.KEPT_SECONDS + 60
        os.utime(path, (time.time() - age,) * 2)
    first = job(caches, tmp_path, method="zero")
    next(first)
    first.close()
    left = sorted(path.name for path in (tmp_path / ".partial").iterdir())
    (own,) = (name for name in left if len(name) > 2)
    left.remove(own)
    assert left == [f"{number:02d}" for number in range(1, 1 + edits.KEPT)]


def test_a_full_disk_costs_the_progress_and_not_the_edit(
    caches, tmp_path, whole, monkeypatch, caplog
):
    def full(path, state, metadata):
        raise edit_state.StorageError("Cannot write it: No space left on device.")

    monkeypatch.setattr(edit_state, "write_state", full)
    assert same(tmp_path, list(job(caches, tmp_path)), whole)
    assert [some.message for some in caplog.records] == [
        "progress is not kept: Cannot write it: No space left on device."
    ]


@pytest.fixture
def room_for(monkeypatch):
    """Lets so many seeds train at once, as if the device had memory for no more."""

    def set_room(room, from_epoch=1):
        draw = head_training._batches

        def drawn(cache, plan, seeds, epoch, device):
            if len(seeds) > room and epoch >= from_epoch:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return draw(cache, plan, seeds, epoch, device)

        monkeypatch.setattr(head_training, "_batches", drawn)

    return set_room


@pytest.mark.parametrize("from_epoch", [1, 3])
def test_out_of_memory_trains_fewer_seeds_at_once(
    caches, tmp_path, alone, caplog, room_for, from_epoch
):
    root, wanted = alone
    room_for(1, from_epoch)
    first = job(caches, tmp_path)
    records = [next(first) for _ in range(from_epoch + EPOCHS)]
    first.close()
    records += job(caches, tmp_path)
    assert [some.message for some in caplog.records] == [
        "out of memory with 3 seeds at once; going on with 1"
    ]
    assert plain(records[-1]) == plain(wanted[-1])
    (one,), (other,) = list_edits(tmp_path), list_edits(root)
    assert (tmp_path / one.id / HEAD).read_bytes() == (root / other.id / HEAD).read_bytes()


def test_no_room_for_one_seed_is_a_sentence(caches, tmp_path, room_for):
    room_for(0)
    with pytest.raises(RequestError, match=r"One seed of 3 heads .* smaller --batch-size than 128"):
        list(job(caches, tmp_path))
    assert list_edits(tmp_path) == []
