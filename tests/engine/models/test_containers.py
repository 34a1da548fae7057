import pytest
import torch

from engine.models.containers import read_contents
from engine.schema.errors import CheckpointError


def read(tmp_path, thing):
    torch.save(thing, tmp_path / "x.pt")
    return read_contents(tmp_path / "x.pt", trust_pickle=False)


def test_tensors_are_found_by_their_path_in_nested_mappings_and_short_lists(tmp_path):
    one = torch.ones(2)
    found = read(tmp_path, {"a": {"b.c": one}, "d": ({"e": one},), "optimizer": {"s": {0: one}}})
    assert found.tensors.keys() == {"a.b.c", "d.0.e"}  # numbers are no names of weights
    assert found.groups == ("a.", "d.0.")


@pytest.mark.parametrize("content", [{"epoch": 3}, [1, 2], {"model": {"note": "none"}}, 3])
def test_a_file_without_weights_is_refused(tmp_path, content):
    with pytest.raises(CheckpointError, match="has no weights"):
        read(tmp_path, content)


def test_a_mapping_in_itself_ends(tmp_path):
    ring = {"w": torch.ones(1)}
    ring["again"] = ring
    assert read(tmp_path, ring).tensors.keys() == {"w"}


def test_two_tensors_of_a_path_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"two tensors a\.b"):
        read(tmp_path, {"a": {"b": torch.ones(1)}, "a.b": torch.zeros(1)})


@pytest.mark.filterwarnings("ignore:.*quantize:UserWarning", "ignore:.*TypedStorage:UserWarning")
def test_weights_that_are_no_plain_numbers_are_told(tmp_path):
    quantized = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    with pytest.raises(CheckpointError, match=r"quantized weights \(fc"):
        read(tmp_path, {"fc.weight": quantized})
    with pytest.raises(CheckpointError, match="merge_and_unload"):
        read(tmp_path, {"base_model.model.fc.lora_A.weight": torch.ones(3)})
