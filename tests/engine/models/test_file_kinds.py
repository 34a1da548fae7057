"""A file is what its first bytes say, whatever its name; what is no checkpoint is told."""

import io
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine.models.containers import read_contents
from engine.models.file_kinds import kind_of
from engine.schema.errors import CheckpointError
from tests.making import make_model

STATE = make_model().state_dict()


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return file.getvalue()


def arrays():
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    return file.getvalue()


OTHERS = {
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(60), "HDF5"),
    "GGUF": (b"GGUF\x03\0\0\0" + bytes(60), "GGUF"),
    "TFLite": (b"\x1c\0\0\0TFL3" + bytes(60), "TFLite"),
    "ONNX": (b"\x08\x08\x12\x07pytorch\x1a\x052.1.0", "ONNX"),
    "a web page": (b"<!DOCTYPE html><html></html>", "download it again"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
    "another pickle": (b"\x80\x04\x95" + bytes(20), "torch.save did not write"),
    "an array": (b"\x93NUMPY\x01\0" + bytes(60), "NumPy array"),
    "arrays": (arrays(), "archive of NumPy arrays"),
    "gzip": (b"\x1f\x8b\x08" + bytes(60), "unpack it"),
    "text": (b"epoch,accuracy\n1,0.5\n", "not a PyTorch checkpoint"),
    "TorchScript": (zipped("m/data.pkl", "m/constants.pkl", "m/code/a.py"), "torch.jit.load"),
    "Keras": (zipped("config.json", "model.weights.h5"), "Keras"),
    "a zip": (zipped("a.txt"), "zip archive of other files"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_no_checkpoint_is_said_to_be_what_it_is(tmp_path, case):
    content, said = OTHERS[case]
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=said) as caught:
        kind_of(tmp_path / "x.pth")
    assert "x.pth" in str(caught.value)


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth", "w"])
def test_names_do_not_matter(tmp_path, name):
    path = tmp_path / name
    save_file(STATE, path)
    assert kind_of(path) == "safetensors"
    torch.save(STATE, path)
    assert kind_of(path) == "zip"
    torch.save(STATE, path, _use_new_zipfile_serialization=False)
    assert kind_of(path) == "legacy"
    assert read_contents(path, trust_pickle=False).tensors.keys() == STATE.keys()


FOLDERS = {
    "adapter_config.json": "merge_and_unload",
    "saved_model.pb": "TensorFlow",
    "config.json": "--model local-dir:",
    "other": r"give a \.safetensors",
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_told_from_a_file(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(CheckpointError, match=rf"is a directory.*{FOLDERS[name]}"):
        kind_of(tmp_path)


def test_nothing_is_told(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        kind_of(tmp_path / "absent.pt")


@pytest.mark.parametrize("form", ["safetensors", "zip", "legacy"])
@pytest.mark.parametrize("keep", [0, 7, 1000, -40])
def test_a_file_cut_short_is_refused(tmp_path, form, keep):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    if form == "safetensors":
        save_file(STATE, whole)
    else:
        torch.save(STATE, whole, _use_new_zipfile_serialization=form == "zip")
    cut.write_bytes(whole.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"cut is damaged or cut short"):
        read_contents(cut, trust_pickle=False)
