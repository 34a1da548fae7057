import msgspec
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.schema.errors import CheckpointError, RequestError, StorageError
from engine.schema.records import Progress
from engine.schema.requests import TrainRequest
from engine.schema.training import Trained
from engine.session import TorchEngine
from engine.training.loop import run_key
from tests.making import make_checkpoint, make_small


def request(**asked):
    return TrainRequest(**{"epochs": 4, "batch_size": 8, "workers": 0, "lr": 3e-3, **asked})


def trained(source, home, **asked):
    *epochs, found = TorchEngine(source, home).train(request(**asked))
    assert isinstance(found, Trained)
    return epochs, found


@pytest.fixture(scope="module")
def untrained(toy, tmp_path_factory):
    model = make_small(tmp_path_factory.mktemp("small") / "architecture")
    return msgspec.structs.replace(toy, model=model, checkpoint="untrained")


def test_training_learns_and_keeps_the_best_epoch(untrained, tmp_path):
    epochs, found = trained(untrained, tmp_path, epochs=8)
    assert [record.epoch for record in epochs] == list(range(1, 9))
    assert epochs[-1].loss < epochs[0].loss
    accuracies = [record.evaluation.overall for record in epochs]
    assert max(accuracies) > 0.6
    assert found.best_epoch == 1 + accuracies.index(max(accuracies))
    lines = (tmp_path / "train").glob("*/metrics.csv").__next__().read_text().splitlines()
    assert len(lines) == 9
    again = msgspec.structs.replace(untrained, checkpoint=found.checkpoint)
    engine = TorchEngine(again, tmp_path)
    assert torch.equal(engine.classifier.decision.weight, load_file(found.checkpoint)["fc.weight"])


@pytest.fixture(scope="module")
def whole(untrained, tmp_path_factory):
    """What a run that nothing stopped ends with, by what is asked."""
    runs = {}

    def ended(**asked):
        key = tuple(sorted(asked.items()))
        if key not in runs:
            _, runs[key] = trained(untrained, tmp_path_factory.mktemp("whole"), **asked)
        return runs[key]

    return ended


@pytest.mark.parametrize("stop", [1, 3])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_killed_run_ends_as_one_that_was_not(untrained, tmp_path, whole, stop, optimizer):
    asked = {"optimizer": optimizer, "schedule": "cosine", "min_lr": 1e-4}
    job = TorchEngine(untrained, tmp_path / "killed").train(request(**asked))
    for _ in range(stop):
        next(job)
    job.close()
    epochs, resumed = trained(untrained, tmp_path / "killed", **asked)
    assert [record.epoch for record in epochs] == list(range(stop + 1, 5))
    first, second = load_file(whole(**asked).checkpoint), load_file(resumed.checkpoint)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert resumed.best.loss == whole(**asked).best.loss


@pytest.mark.parametrize("damaged", ["state.json", "epoch-2.safetensors"])
@pytest.mark.parametrize("broken", [False, True])
def test_a_run_whose_files_are_damaged_restarts(
    untrained, tmp_path, whole, damaged, broken, caplog
):
    job = TorchEngine(untrained, tmp_path).train(request())
    next(job), next(job)
    job.close()
    [path] = tmp_path.glob(f"train/*/{damaged}")
    path.unlink() if broken else path.write_bytes(path.read_bytes()[:40])
    epochs, found = trained(untrained, tmp_path)
    assert [record.epoch for record in epochs] == [1, 2, 3, 4]
    first, second = load_file(found.checkpoint), load_file(whole().checkpoint)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert ("restarting the run" in caplog.text) == (damaged != "state.json" or not broken)


def test_a_full_disk_at_a_checkpoint_is_a_sentence_and_costs_no_epoch(
    untrained, tmp_path, monkeypatch
):
    def full(*_, **__):
        raise SafetensorError("Error while serializing: IoError: No space left on device")

    job = TorchEngine(untrained, tmp_path).train(request())
    next(job)
    with monkeypatch.context() as patch:
        patch.setattr("engine.models.checkpoint.save_file", full)
        with pytest.raises(StorageError, match=r"Cannot write .* No space left"):
            next(job)
    epochs, _ = trained(untrained, tmp_path)
    assert [record.epoch for record in epochs] == [2, 3, 4]


def test_a_second_process_waits_for_the_first(untrained, tmp_path):
    first = TorchEngine(untrained, tmp_path).train(request())
    next(first)
    second = TorchEngine(untrained, tmp_path).train(request())
    assert next(second) == Progress(stage="waiting for another process", done=0, total=0, unit="")
    *_, found = first
    assert list(second) == [found]


def test_another_file_of_the_same_name_to_begin_with_is_another_run(untrained, tmp_path):
    path = tmp_path / "init.safetensors"
    keys = []
    for seed in (1, 2):
        make_checkpoint(path, classes=11, seed=seed)
        engine_ = TorchEngine(untrained, tmp_path)
        splits = (engine_.split("train"), engine_.split("valid"))
        keys.append(run_key(request(init=str(path)), splits, untrained.model))
    assert keys[0] != keys[1]


def test_a_finished_run_answers_at_once(untrained, tmp_path):
    _, first = trained(untrained, tmp_path)
    epochs, second = trained(untrained, tmp_path)
    assert (epochs, second) == ([], first)


def test_the_learning_rate_falls_as_a_cosine(untrained, tmp_path):
    epochs, _ = trained(untrained, tmp_path, schedule="cosine", lr=1e-2, min_lr=1e-3)
    rates = [record.lr for record in epochs]
    assert rates[0] == pytest.approx(1e-2)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 1e-3
    constant, _ = trained(untrained, tmp_path, lr=1e-2, epochs=2)
    assert {record.lr for record in constant} == {1e-2}


def test_a_backbone_is_taken_over_with_a_new_head(untrained, tmp_path):
    other = make_checkpoint(tmp_path / "other.safetensors", classes=11, seed=5)
    job = TorchEngine(untrained, tmp_path).train(request(init=str(other), lr=1e-9, epochs=1))
    *_, found = job
    kept, given = load_file(found.checkpoint), load_file(other)
    assert kept["fc.weight"].shape[0] == 3
    conv = next(key for key in given if key.endswith(".weight"))
    assert torch.allclose(kept[conv], given[conv], atol=1e-6)


def test_a_backbone_of_another_kind_is_refused(untrained, tmp_path):
    other = make_checkpoint(tmp_path / "other.safetensors", name="test_convnext")
    with pytest.raises(CheckpointError, match="does not fit"):
        trained(untrained, tmp_path, init=str(other))


def test_patience_stops_a_run_that_no_longer_improves(untrained, tmp_path):
    epochs, _ = trained(untrained, tmp_path, lr=1e-9, epochs=50, patience=2)
    assert len(epochs) <= 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "--epochs 0"),
        ({"lr": float("nan")}, "--lr nan"),
        ({"batch_size": 1}, "--batch-size 1"),
        ({"select": "worst-group"}, "needs groups"),
        ({"lr": 90.0, "optimizer": "sgd", "epochs": 30}, "smaller --lr"),
    ],
)
def test_senseless_runs_are_refused(untrained, tmp_path, changes, message):
    with pytest.raises(RequestError, match=message):
        trained(untrained, tmp_path, **changes)


def test_a_batch_too_large_for_the_memory_names_its_option(untrained, tmp_path, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    job = TorchEngine(untrained, tmp_path).train(request())
    first = next(job)
    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.functional, "cross_entropy", full)
        with pytest.raises(RequestError, match=r"Batches of 8 images .* smaller --batch-size"):
            next(job)
    epochs, _ = trained(untrained, tmp_path)  # with more memory it goes on
    assert [first.epoch, *(record.epoch for record in epochs)] == [1, 2, 3, 4]
