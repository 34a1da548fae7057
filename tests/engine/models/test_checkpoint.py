import pathlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.models.checkpoint import fit_state, read_metadata, read_state, write_state
from engine.schema.errors import CheckpointError, StorageError
from tests.making import make_model

STATE = make_model().state_dict()


def prefixed(prefix):
    return {f"{prefix}{key}": value for key, value in STATE.items()}


FORMS = {
    "bare": STATE,
    "state_dict": {"state_dict": STATE, "epoch": 3},
    "model": {"model": STATE},
    "average first": {"state_dict": {k: v * 0 for k, v in STATE.items()}, "state_dict_ema": STATE},
    "data parallel": {"state_dict": prefixed("module.")},
    "compiled": prefixed("_orig_mod."),
    "averaged model": {"model_ema": {**prefixed("module."), "n_averaged": torch.tensor(5)}},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_every_form_holds_the_same_weights(tmp_path, form, suffix):
    path = tmp_path / f"weights{suffix}"
    torch.save(FORMS[form], path)
    found = read_state(path, trust_pickle=False)
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[key], value) for key, value in STATE.items())
    fit_state(make_model(seed=1), found, path)


def test_safetensors_are_read(tmp_path):
    save_file(prefixed("module."), tmp_path / "weights.safetensors")
    assert read_state(tmp_path / "weights.safetensors", trust_pickle=False).keys() == STATE.keys()


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return pathlib.Path.touch, (self.marker,)


def test_a_pickle_runs_only_with_consent(tmp_path):
    marker = tmp_path / "it ran"
    torch.save({"state_dict": STATE, "evil": Payload(marker)}, tmp_path / "whole.pth")
    with pytest.raises(CheckpointError, match="--trust-pickle"):
        read_state(tmp_path / "whole.pth", trust_pickle=False)
    assert not marker.exists()
    assert read_state(tmp_path / "whole.pth", trust_pickle=True).keys() == STATE.keys()
    assert marker.exists()


def test_a_whole_model_is_read_with_consent(tmp_path):
    torch.save(make_model(), tmp_path / "model.pth")
    with pytest.raises(CheckpointError, match="may run code"):
        read_state(tmp_path / "model.pth", trust_pickle=False)
    found = read_state(tmp_path / "model.pth", trust_pickle=True)
    assert torch.equal(found["fc.weight"], STATE["fc.weight"])


def test_what_does_not_fit_is_named():
    model = make_model(classes=5)
    with pytest.raises(CheckpointError, match=r"fc\.weight is \(3, .*\) in the file, \(5, "):
        fit_state(model, STATE, Path("x.pt"))
    key = next(iter(STATE))
    fewer = {other: value for other, value in STATE.items() if other != key}
    with pytest.raises(CheckpointError, match=f"missing weights: 1 .*{key}"):
        fit_state(make_model(), fewer, Path("x.pt"))
    with pytest.raises(CheckpointError, match=r"unknown weights: 1 \(stray"):
        fit_state(make_model(), {**STATE, "stray": torch.zeros(1)}, Path("x.pt"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(value):
    broken = {key: tensor.clone() for key, tensor in STATE.items()}
    broken["fc.weight"][0, 0] = value
    with pytest.raises(CheckpointError, match=r"NaN or infinite values in fc\.weight"):
        fit_state(make_model(), broken, Path("x.pt"))


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("keep", [0, 7, 1000, -40])
def test_a_file_cut_short_is_refused(tmp_path, suffix, keep):
    whole = tmp_path / f"whole{suffix}"
    save_file(STATE, whole) if suffix == ".safetensors" else torch.save(STATE, whole)
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"cut\."):
        read_state(cut, trust_pickle=False)


@pytest.mark.parametrize("content", [{"epoch": 3}, [1, 2], {"model": {"note": "none"}}])
def test_a_file_without_weights_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(CheckpointError, match="has no weights"):
        read_state(tmp_path / "x.pt", trust_pickle=False)


def test_a_directory_and_nothing_are_told_apart(tmp_path):
    with pytest.raises(CheckpointError, match="is a directory"):
        read_state(tmp_path, trust_pickle=False)
    with pytest.raises(CheckpointError, match="does not exist"):
        read_state(tmp_path / "absent.pt", trust_pickle=False)


def test_writing_round_trips_or_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.safetensors"
    write_state(path, STATE, {"edit": "1"})
    found = read_state(path, trust_pickle=False)
    assert all(torch.equal(found[key], value) for key, value in STATE.items())
    before = path.read_bytes()

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.models.checkpoint.save_file", full)
    with pytest.raises(StorageError, match="No space left"):
        write_state(path, {"other": torch.zeros(2)}, {})
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.safetensors"]


def test_the_same_content_is_the_same_bytes_whatever_order_safetensors_takes(tmp_path):
    state = {"b.weight": torch.arange(6.0).reshape(2, 3), "a": torch.zeros(0)}
    facts = {f"key {number}": f'é"{number}\n' for number in range(12)}
    for name in "xy":
        write_state(tmp_path / name, state, facts)
        facts = dict(reversed(facts.items()))
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()
    assert read_metadata(tmp_path / "x") == facts
    found = load_file(tmp_path / "y")
    assert all(torch.equal(found[key], state[key]) for key in state)
