"""Which jobs wait for which."""

import pytest

from engine.schema.requests import EditRequest, ExportRequest, FeaturesRequest, HeatRequest, Source
from neuroinspect_tui.jobs.launcher import runner_environment
from neuroinspect_tui.jobs.queues import EDITS, device_of, file_name, queue_of, visible_in

QUICK = (
    EditRequest(classes=(0,)),
    EditRequest(classes=(0,), method="dfr"),
    ExportRequest(edit="e", out="o.safetensors"),
    FeaturesRequest(split="valid", on="e"),
)
TRAINED = EditRequest(classes=(0,), method="ratio")
DRAWN = HeatRequest(class_index=0, neuron=1)


EIGHT = ",".join(f"GPU-{number}aaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" for number in range(8))


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def source(device):
    return Source(model="x", checkpoint="none", data="nowhere", device=device)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda:1", "mps"])
def test_quick_work_waits_for_no_drawing_and_for_no_training_on_an_accelerator(device):
    queues = {queue_of(request, source(device)) for request in QUICK}
    assert queues == {EDITS}
    assert device_of(EDITS) == "cpu"
    assert queue_of(DRAWN, source(device)) == device
    assert queue_of(TRAINED, source(device)) == (EDITS if device == "cpu" else f"edits-{device}")
    assert device_of(queue_of(TRAINED, source(device))) == device


@pytest.mark.parametrize("visible", ["0", "", "2,3", "MIG-GPU-1/1/0", "a~b", EIGHT])
def test_another_card_of_the_same_name_is_another_queue(monkeypatch, visible):
    plain = queue_of(DRAWN, source("cuda:0"))
    assert visible_in(plain) is None
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert queue_of(DRAWN, source("cpu")) == "cpu"
    for request in (DRAWN, TRAINED):
        queue = queue_of(request, source("cuda:0"))
        assert queue != plain
        assert (device_of(queue), visible_in(queue)) == ("cuda:0", visible)
        assert not set("/~") & set(file_name(queue))
        assert len(file_name(queue)) < 100
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "9")  # of whoever starts its runner
        assert runner_environment(queue)["CUDA_VISIBLE_DEVICES"] == visible
        assert "CUDA_VISIBLE_DEVICES" not in runner_environment(plain)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)


def test_long_queues_that_begin_alike_are_told_apart():
    assert file_name(f"cuda@{EIGHT}") != file_name(f"cuda@{EIGHT[:-1]}f")
