"""Drawings that are interrupted, asked for again, damaged, or too many for the memory."""

import logging
import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import msgspec
import pytest
import torch

import engine.session
import engine.visualization.checkpoint
import engine.visualization.gallery
import engine.visualization.optimize
import engine.visualization.transforms
from engine.schema.errors import RequestError
from engine.schema.records import Illusions, IllusionStep
from engine.schema.requests import IllusionRequest
from engine.session import TorchEngine
from engine.visualization.objective import Objective
from engine.visualization.store import finished
from tests.making import make_clip

STEPS = 30
MACO = {"parameterization": "maco", "objective": "neuron-first"}
"""What has the most to resume: also how much gradient each pixel got so far."""


@pytest.fixture(scope="module")
def source(toy, tmp_path_factory):
    return msgspec.structs.replace(toy, clip=make_clip(tmp_path_factory.mktemp("clip") / "tiny"))


@pytest.fixture(scope="module")
def home(source, tmp_path_factory):
    """A workspace whose feature cache is filled."""
    found = tmp_path_factory.mktemp("home")
    list(TorchEngine(source, found).ready_cache("valid"))
    return found


def ask(source, home, out, **changes):
    """Ask a new engine for drawings in a directory."""
    request = {"class_index": 1, "neurons": (4, 2), "steps": STEPS, "size": 48}
    return TorchEngine(source, home).illusion(
        IllusionRequest(**{**request, **MACO, **changes}), str(out)
    )


@pytest.fixture
def asked(source, home, tmp_path):
    """Ask for drawings in a directory of the test's own."""
    return lambda out="out", **changes: ask(source, home, tmp_path / out, **changes)


@pytest.fixture(scope="module")
def whole(source, home, tmp_path_factory):
    """The pictures of a drawing that nothing stopped, by how many are drawn at once."""

    @cache
    def drawn(at_once=1):
        out = tmp_path_factory.mktemp("whole")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine.visualization.optimize, "BATCH_SIZE", {"cpu": at_once})
            list(ask(source, home, out))
        return pngs(out)

    return drawn


@pytest.fixture(params=[1, 2])
def at_once(request, monkeypatch):
    monkeypatch.setattr(engine.visualization.optimize, "BATCH_SIZE", {"cpu": request.param})
    return request.param


def pngs(directory):
    return {path.name: path.read_bytes() for path in directory.glob("*.png")}


def steps(records):
    return [record for record in records if isinstance(record, IllusionStep)]


def take(job, count):
    """Consume a job for `count` steps, and stop."""
    for record in job:
        count -= isinstance(record, IllusionStep)
        if not count:
            return job.close()
    return pytest.fail("there were not so many steps")


@pytest.mark.parametrize("stop", [1, 26, STEPS])
def test_a_stopped_drawing_ends_as_one_that_was_not(asked, tmp_path, whole, at_once, stop):
    take(asked(), stop)
    first, *_ = steps(resumed := list(asked()))
    assert first.step == stop
    assert len(steps(resumed)) == (2 // at_once) * STEPS + 1 - stop
    assert len(pngs(tmp_path / "out")) == 5
    assert pngs(tmp_path / "out") == whole(at_once)
    assert not list((tmp_path / "out" / ".partial").iterdir())


class Signal(BaseException):
    pass


def test_a_signal_in_the_middle_of_a_step_loses_only_that_step(asked, tmp_path, whole, monkeypatch):
    crop, calls = engine.visualization.transforms.crop, []

    def interrupted(*given):
        found = crop(*given)
        calls.append(1)
        if len(calls) == 8:
            raise Signal
        return found

    with monkeypatch.context() as patch:
        patch.setattr(engine.visualization.transforms, "crop", interrupted)
        with pytest.raises(Signal):
            list(asked())
    resumed = list(asked())
    assert steps(resumed)[0].step == 7
    assert pngs(tmp_path / "out") == whole()


def test_a_signal_that_tears_a_step_apart_goes_back_to_the_last_checkpoint(
    asked, tmp_path, whole, monkeypatch
):
    taken, calls = torch.optim.AdamW.step, []

    def torn(self):
        taken(self)
        calls.append(1)
        if len(calls) == 28:
            raise Signal

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", torn)
        with pytest.raises(Signal):
            list(asked())
    assert steps(list(asked()))[0].step == 25
    assert pngs(tmp_path / "out") == whole()


def test_a_stop_between_two_pictures_of_a_batch_redraws_neither(
    asked, tmp_path, whole, monkeypatch
):
    monkeypatch.setattr(engine.visualization.optimize, "BATCH_SIZE", {"cpu": 2})
    keep, kept = engine.visualization.gallery.save_drawing, []

    def stopped(*given):
        if kept:
            raise Signal
        kept.append(given[1].stem)
        keep(*given)

    with monkeypatch.context() as patch:
        patch.setattr(engine.visualization.gallery, "save_drawing", stopped)
        with pytest.raises(Signal):
            list(asked())
    picture = tmp_path / "out" / f"{kept[0]}.png"
    before = picture.stat().st_ino
    assert [record.step for record in steps(asked())] == [STEPS]
    assert picture.stat().st_ino == before
    assert pngs(tmp_path / "out") == whole(2)


KILLED = """
import os, signal, sys
import msgspec, torch
from pathlib import Path
from engine.schema.records import IllusionStep
from engine.schema.requests import IllusionRequest, Source
from engine.session import TorchEngine
torch.set_num_threads(1)
source, request, home, out = sys.argv[1:]
engine = TorchEngine(msgspec.json.decode(source, type=Source), Path(home))
for record in engine.illusion(msgspec.json.decode(request, type=IllusionRequest), out):
    if isinstance(record, IllusionStep) and record.neurons == (2,) and record.step == 28:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_killed_process_is_gone_on_with(asked, source, home, tmp_path, whole):
    request = IllusionRequest(class_index=1, neurons=(4, 2), steps=STEPS, size=48, **MACO)
    given = [msgspec.json.encode(part).decode() for part in (source, request)]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *given, str(home), str(tmp_path / "out")],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    found = steps(asked())
    assert [record.neurons for record in found] == [(2,)] * 6  # 25 again, then 26 to 30
    assert pngs(tmp_path / "out") == whole()


def test_a_finished_picture_is_not_drawn_again_not_even_by_another_job(asked, monkeypatch):
    *_, first = asked()
    drawn = steps(asked(neurons=(7, 2)))
    assert {record.neurons for record in drawn} == {(7,)}
    monkeypatch.setattr(
        engine.session, "load_classifier", lambda *_: pytest.fail("loaded for nothing")
    )
    *_, again = asked()
    assert again == first
    *_, mixed = asked(neurons=(2, 7, 4))
    assert [illusion.neuron for illusion in mixed.illusions] == [2, 7, 4]
    assert mixed.illusions[0] == first.illusions[1]


@pytest.mark.parametrize(
    "other",
    [
        {"steps": 12}, {"seed": 1}, {"size": 32}, {"use_clip": False}, {"gamma": 0.0},
        {"lr": 1e-3}, {"parameterization": "fourier"}, {"objective": "neuron-first"},
    ],
)  # fmt: skip
def test_requests_that_differ_never_share_a_picture(asked, other):
    usual = {"steps": 10, "neurons": (4,), "objective": "product"}
    *_, first = asked(**usual)
    before = Path(first.illusions[0].path).read_bytes()
    *_, second = asked(**{**usual, **other})
    assert first.illusions[0].path != second.illusions[0].path
    assert first.sheet != second.sheet
    assert Path(first.illusions[0].path).read_bytes() == before
    assert Path(second.illusions[0].path).read_bytes() != before


@pytest.mark.parametrize("spoilt", ["path", "mask"])
@pytest.mark.parametrize("how", ["cut short", "gone"])
def test_a_damaged_picture_is_drawn_again(asked, tmp_path, spoilt, how):
    *_, first = asked(steps=4)
    path = Path(getattr(first.illusions[0], spoilt))
    before = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(before[:-9])
    assert len(finished(tmp_path / "out", 1)) == 1
    assert {record.neurons for record in steps(asked(steps=4))} == {(4,)}
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_begun_anew(asked, tmp_path, whole):
    for spoil in (
        lambda content: content[:-50],
        lambda content: content[:-50] + bytes(50),
        lambda content: b"",
    ):
        take(asked(), 27)
        (checkpoint,) = (tmp_path / "out" / ".partial").iterdir()
        checkpoint.write_bytes(spoil(checkpoint.read_bytes()))
        assert steps(asked())[0].step == 1
        assert pngs(tmp_path / "out") == whole()
        for path in (tmp_path / "out").glob("class*"):
            path.unlink()


def test_only_the_newest_preview_stays_and_it_goes_with_the_picture(asked, tmp_path):
    out, shown = tmp_path / "out", None
    for record in asked(neurons=(4,), steps=9, every=2):
        if isinstance(record, IllusionStep):
            shown = record.previews[0] if record.previews else shown
            assert [str(path) for path in out.glob("*.png")] == ([shown] if shown else [])
    assert shown is not None
    assert not Path(shown).exists()
    assert len(pngs(out)) == 3


def test_a_resumed_drawing_tells_again_which_previews_there_are(asked):
    job = asked(neurons=(4,), steps=9, every=3)
    for record in job:
        if isinstance(record, IllusionStep) and record.step == 6:
            job.close()
            break
    first, *_ = steps(asked(neurons=(4,), steps=9, every=3))
    assert first == record
    assert len(first.previews) == 1


def crowded(monkeypatch, most, since=0):
    """Make the memory too small for more than `most` pictures, after `since` evaluations."""
    evaluate, calls = Objective.evaluate, []

    def limited(self, images, *rest):
        calls.append(len(images))
        if len(images) > most and len(calls) > since:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return evaluate(self, images, *rest)

    monkeypatch.setattr(Objective, "evaluate", limited)
    return calls


def test_pictures_too_many_for_the_memory_are_drawn_fewer_at_once(
    asked, monkeypatch, caplog, tmp_path
):
    list(asked("whole", neurons=(4, 2, 7), steps=5))
    monkeypatch.setattr(engine.visualization.optimize, "BATCH_SIZE", {"cpu": 4})
    calls = crowded(monkeypatch, most=1)
    with caplog.at_level(logging.WARNING):
        *_, found = asked(neurons=(4, 2, 7), steps=5)
    assert isinstance(found, Illusions)
    assert calls == [3, 2, *[1] * 15]
    assert [record.getMessage() for record in caplog.records] == [
        "out of memory with a batch of 3 pictures; using less"
    ]
    assert pngs(tmp_path / "out") == pngs(tmp_path / "whole")


def test_memory_that_runs_out_midway_loses_no_step(asked, monkeypatch):
    monkeypatch.setattr(engine.visualization.optimize, "BATCH_SIZE", {"cpu": 2})
    crowded(monkeypatch, most=1, since=20)
    found = [(record.neurons, record.step) for record in steps(asked())]
    assert found[19:22] == [((4, 2), 20), ((4,), 20), ((4,), 21)]
    assert found[30:33] == [((4,), 30), ((2,), 20), ((2,), 21)]


def test_no_room_for_one_picture_is_a_sentence(asked, monkeypatch):
    crowded(monkeypatch, most=0)
    with pytest.raises(
        RequestError, match=r"one picture of 48 pixels a side; give a smaller --siz"
    ):
        list(asked())


def test_finished_drawings_are_listed_newest_first_wherever_they_lie_now(
    asked, tmp_path, home, source
):
    list(asked(steps=3))
    list(asked(steps=4, neurons=(4,), use_clip=False))
    list(asked(steps=4, neurons=(4,), class_index=2))
    moved = (tmp_path / "out").rename(tmp_path / "moved")
    found = finished(moved, 1)
    assert [(illusion.neuron, illusion.steps) for illusion in found] == [(4, 4), (2, 3), (4, 3)]
    assert [illusion.clip for illusion in found] == [None, source.clip, source.clip]
    assert {(illusion.seed, illusion.size) for illusion in found} == {(0, 48)}
    assert all(
        Path(illusion.path).is_file() and Path(illusion.mask).is_file() for illusion in found
    )
    cache = next(iter((home / "features").glob("*/meta.json")))
    weights = msgspec.json.decode(cache.read_bytes())["weights"]
    assert finished(moved, 1, weights) == found
    assert finished(moved, 1, "others") == finished(tmp_path / "nowhere", 1) == ()
