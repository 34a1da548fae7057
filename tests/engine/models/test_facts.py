"""What a checkpoint says of itself is read where training scripts write it, if well-formed."""

import argparse
import dataclasses
import json

import pytest
import torch
from safetensors.torch import save_file

from engine.models.containers import read_contents
from engine.models.facts import read_facts

STATE = {"fc.weight": torch.ones(3, 2)}
NAMES = ("cat", "ant", "bee")
INDEX = {"ant": 1, "bee": 2, "cat": 0}


def facts(tmp_path, **beside):
    torch.save({"state_dict": STATE, **beside}, tmp_path / "x.pt")
    return read_facts(read_contents(tmp_path / "x.pt", trust_pickle=False))


class Config(dict[str, object]):
    pass


@dataclasses.dataclass
class Meta:
    class_to_idx: dict[str, int]


class Node:
    """As omegaconf has them."""

    def __init__(self, value):
        self._val = value


class Conf:
    def __init__(self, **content):
        self._content = content
        self._metadata = {"key_type": str}


CLASSES = {
    "class_to_idx": {"class_to_idx": INDEX},
    "classes": {"classes": list(NAMES)},
    "label_names": {"label_names": NAMES},
    "id2label": {"config": {"id2label": dict(enumerate(NAMES))}},
    "id2label of JSON": {"config": {"id2label": {str(k): n for k, n in enumerate(NAMES)}}},
    "idx_to_class": {"meta": {"idx_to_class": {2: "bee", 1: "ant", 0: "cat"}}},
    "arguments": {"args": argparse.Namespace(class_names=list(NAMES))},
    "Lightning": {"hyper_parameters": Config(config=Config(classes=NAMES))},
    "an object": {"meta": Meta(INDEX)},
    "omegaconf": {"config": Conf(classes=Node(list(NAMES)))},
    "twice alike": {"class_to_idx": INDEX, "classes": NAMES},
}


@pytest.mark.parametrize("form", CLASSES)
def test_the_classes_in_the_order_of_the_outputs(tmp_path, form):
    found = facts(tmp_path, **CLASSES[form])
    assert found.class_names == NAMES
    assert found.notes == ()


NOT_CLASSES = {
    "from 1": {"class_to_idx": {"ant": 1, "bee": 2, "cat": 3}},
    "twice": {"class_to_idx": {"ant": 0, "bee": 0, "cat": 1}},
    "of one name": {"classes": ["ant", "ant", "bee"]},
    "no texts": {"classes": [[1], [2], [3]]},
    "at odds": {"class_to_idx": INDEX, "classes": sorted(NAMES)},
}


@pytest.mark.parametrize("form", NOT_CLASSES)
def test_classes_that_cannot_be_are_told_and_not_used(tmp_path, form):
    found = facts(tmp_path, **NOT_CLASSES[form])
    assert found.class_names is None
    assert "no numbering" in found.notes[0] or "neither is used" in found.notes[0]


def test_a_number_of_classes_is_no_list_of_them(tmp_path):
    found = facts(tmp_path, args=argparse.Namespace(classes=3, class_names="names.txt"))
    assert (found.class_names, found.notes) == (None, ())


def timm_arguments(**set_):
    """The names that timm's training script writes, None for what is not set."""
    unset = dict.fromkeys(("mean", "std", "img_size", "input_size", "crop_pct", "in_chans", "gp"))
    return argparse.Namespace(**{**unset, "interpolation": "", "model": "resnet18", **set_})


def test_what_is_not_set_is_not_said(tmp_path):
    found = facts(tmp_path, args=timm_arguments())
    assert (found.transform, found.model_args, found.notes) == ({}, {}, ())
    assert found.model == "resnet18"
    assert found.channels is None


def test_timms_arguments_are_understood(tmp_path):
    given = timm_arguments(
        mean=[0.0], std=(0.1, 0.2, 0.3), img_size=96, crop_pct=0.9, interpolation="bilinear",
        gp="max", model_kwargs={"drop_rate": 0.1, "norm": {"a": 1}}, in_chans=1,
    )  # fmt: skip
    found = facts(tmp_path, args=given)
    assert found.transform == {
        "mean": (0.0, 0.0, 0.0), "std": (0.1, 0.2, 0.3), "img_size": 96, "crop_pct": 0.9,
        "interpolation": "bilinear",
    }  # fmt: skip
    assert found.model_args == {"global_pool": "max", "drop_rate": 0.1}
    assert found.channels == 1


SIZES = {
    "input_size": ([3, 128, 128], 128),
    "img_size": ([128, 128], 128),
    "not square": ([3, 128, 160], (128, 160)),
    "no size": ("large", None),
}


@pytest.mark.parametrize("case", SIZES)
def test_sizes(tmp_path, case):
    value, size = SIZES[case]
    key = "img_size" if case == "img_size" else "input_size"
    found = facts(tmp_path, config={key: value})
    assert found.transform.get("img_size") == size
    assert bool(found.notes) == (size is None)


def test_random_interpolation_is_of_training_alone(tmp_path):
    assert facts(tmp_path, args=timm_arguments(interpolation="random")).transform == {}


def test_pixels_of_0_to_255_are_told_and_not_used(tmp_path):
    given = {"mean": [123.7, 116.3, 103.5], "std": [58.4, 57.1, 57.4]}
    found = facts(tmp_path, meta=given)
    assert found.transform == {}
    assert "mean ([123.7, 116.3, 103.5]) is not understood" in found.notes[0]


def test_a_tensor_of_scores_is_no_mean(tmp_path):
    assert facts(tmp_path, mean=torch.tensor(0.9)).transform == {}


def test_metadata_of_safetensors_is_read_too(tmp_path):
    save_file(STATE, tmp_path / "x", {"class_to_idx": json.dumps(INDEX), "model": "resnet18"})
    found = read_facts(read_contents(tmp_path / "x", trust_pickle=False))
    assert found.class_names == NAMES
    assert found.model == "resnet18"
    save_file(STATE, tmp_path / "x", {"config": json.dumps({"crop_pct": 1.0}), "classes": "[1"})
    found = read_facts(read_contents(tmp_path / "x", trust_pickle=False))
    assert found.transform == {"crop_pct": 1.0}
