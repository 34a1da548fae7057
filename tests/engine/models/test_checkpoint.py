import pytest
import torch
from safetensors.torch import load_file

from engine.models.checkpoint import read_metadata, write_state
from engine.schema.errors import StorageError
from tests.making import make_model

STATE = make_model().state_dict()


def test_writing_round_trips_or_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.safetensors"
    write_state(path, STATE, {"edit": "1"})
    found = load_file(path)
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
