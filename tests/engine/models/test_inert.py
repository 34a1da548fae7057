"""Nothing that a file holds is executed, and what is beside the weights is passed over."""

import argparse
import builtins
import collections
import dataclasses
import enum
import os
import pathlib
import subprocess

import numpy as np
import pytest
import torch

from engine.models.containers import read_contents
from engine.schema.errors import CheckpointError
from tests.making import make_model

STATE = make_model().state_dict()
FORMS = {"zip": True, "legacy": False}


def save(thing, path, form):
    torch.save(thing, path, _use_new_zipfile_serialization=FORMS[form])
    return path


class Calls:
    """Calls a function when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class CallsInState(Calls):
    """Calls it for its state, too."""

    def __reduce__(self):
        return dict, (), {"x": Calls(*self.call)}


ATTACKS = {
    "os.system": lambda marker: Calls(os.system, f"touch '{marker}'"),
    "eval": lambda marker: Calls(builtins.eval, f"open({str(marker)!r}, 'w').close()"),
    "exec": lambda marker: Calls(builtins.exec, f"open({str(marker)!r}, 'w').close()"),
    "subprocess": lambda marker: Calls(subprocess.check_call, ["touch", str(marker)]),
    "open": lambda marker: Calls(builtins.open, str(marker), "w"),
    "a method": lambda marker: Calls(pathlib.Path.touch, marker),
    "torch.load": lambda marker: Calls(torch.load, marker.parent / "inner", None, None),
    "in a state": lambda marker: CallsInState(os.mkdir, str(marker)),
    "import": lambda marker: Calls(builtins.__import__, "this_runs"),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("form", FORMS)
def test_code_in_a_file_does_not_run(tmp_path, monkeypatch, attack, form):
    marker = tmp_path / "it ran"
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "this_runs.py").write_text(f"open({str(marker)!r}, 'w').close()")
    inner = Calls(builtins.open, str(marker), "w")
    save(inner, tmp_path / "inner", "zip")
    for place in ({"state_dict": STATE, "x": ATTACKS[attack](marker)}, ATTACKS[attack](marker)):
        path = save(place, tmp_path / "x.pth", form)
        try:
            found = read_contents(path, trust_pickle=False)
        except CheckpointError as error:
            assert "--trust-pickle" in str(error)  # noqa: PT017  either is right
        else:
            assert len(found.tensors) == len(STATE)
        assert not marker.exists()


@pytest.mark.parametrize("form", FORMS)
def test_the_same_code_runs_where_it_is_loaded_plainly(tmp_path, form):
    marker = tmp_path / "it ran"
    path = save(ATTACKS["a method"](marker), tmp_path / "x.pth", form)
    torch.load(path, weights_only=False)
    assert marker.exists()


class Settings(dict[str, object]):
    """As easydict, yacs and Lightning have them."""


class Numbers(list[int]):
    """As fastai has them."""


class Slots:
    __slots__ = ("lr",)


class Phase(enum.Enum):
    LAST = "last"


@dataclasses.dataclass
class Run:
    lr: float
    where: pathlib.Path


def beside():
    slots = Slots()
    slots.lr = 0.1
    numbers = Numbers([1, 2])
    numbers.more = 3
    return {
        "namespace": argparse.Namespace(lr=0.1, mean=[0.5]),
        "numpy": [np.float64(91.2), np.arange(4), np.dtype("float32")],
        "dict": Settings(a=1, b=Settings(c=2)),
        "default": collections.defaultdict(list, {"loss": [1.0]}),
        "list": numbers,
        "slots": slots,
        "enum": {Phase.LAST: 1},
        "dataclass": Run(0.1, pathlib.Path("a/b")),
        "function": np.mean,
        "rng": np.random.default_rng(0).bit_generator.state,
        "range": range(4),
        "set": {Phase.LAST},
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", beside())
def test_objects_beside_the_weights_do_not_matter(tmp_path, form, what):
    path = save({"state_dict": STATE, what: beside()[what]}, tmp_path / "x.pth", form)
    found = read_contents(path, trust_pickle=False)
    assert found.tensors.keys() == {f"state_dict.{key}" for key in STATE}
    assert all(torch.equal(found.tensors[f"state_dict.{key}"], STATE[key]) for key in STATE)


@pytest.mark.parametrize("form", FORMS)
def test_a_whole_model_needs_consent(tmp_path, form):
    path = save(make_model(), tmp_path / "model.pth", form)
    with pytest.raises(CheckpointError, match="may run code on load; add --trust-pickle"):
        read_contents(path, trust_pickle=False)
    found = read_contents(path, trust_pickle=True).tensors
    assert found.keys() == STATE.keys()
    assert torch.equal(found["fc.weight"], STATE["fc.weight"])


class Learner:
    """A training state that has its model inside, as fastai exports."""

    def __init__(self, model):
        self.model = model
        self.epoch = 3


@pytest.mark.parametrize("trust", [True, False])
def test_a_model_inside_a_training_state_is_read_as_its_state_dict(tmp_path, trust):
    path = save(Learner(make_model()), tmp_path / "export.pkl", "zip")
    found = read_contents(path, trust_pickle=trust).tensors
    assert found.keys() == {f"model.{key}" for key in STATE}
    assert torch.equal(found["model.fc.weight"], STATE["fc.weight"])


def test_what_only_its_own_code_can_read_asks_for_consent(tmp_path):
    path = save({"x": Calls(dict, [("fc.weight", torch.ones(2, 3))])}, tmp_path / "x.pth", "zip")
    with pytest.raises(CheckpointError, match="--trust-pickle"):
        read_contents(path, trust_pickle=False)
    assert read_contents(path, trust_pickle=True).tensors.keys() == {"x.fc.weight"}


def test_nothing_stays_allowed_afterwards(tmp_path):
    before = set(torch.serialization.get_safe_globals())
    path = save({"state_dict": STATE, "args": argparse.Namespace()}, tmp_path / "x.pth", "legacy")
    read_contents(path, trust_pickle=False)
    assert set(torch.serialization.get_safe_globals()) == before
    with pytest.raises(Exception, match="Namespace"):
        torch.load(path, weights_only=True)
