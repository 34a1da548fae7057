import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

from engine.schema.requests import Source
from tests.making import learn_a_little, make_checkpoint, make_images

torch.set_num_threads(1)  # two test processes on two cores must not fight over them
os.environ["OMP_NUM_THREADS"] = "1"  # nor those that a test starts
_person = TemporaryDirectory(prefix="neuroinspect-tui-")
for kind in ("CONFIG", "STATE"):  # nor may what a person set, such as larger pictures, be seen here
    os.environ[f"XDG_{kind}_HOME"] = _person.name

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared():
    """../shared with the real flowers, checkpoint, CLIP and golden vectors."""
    if not (SHARED / "golden").is_dir():
        pytest.skip(f"no real images in {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """A small image folder and a checkpoint for it: the Source of a workspace."""
    root = tmp_path_factory.mktemp("toy")
    make_images(root / "data")
    learn_a_little(make_checkpoint(root / "toy.safetensors"), root / "data")
    return Source(
        model="test_resnet",
        checkpoint=str(root / "toy.safetensors"),
        data=str(root / "data"),
        device="cpu",
    )


@pytest.fixture(scope="session")
def sure(tmp_path_factory):
    """The same, but easy: nearly all images are right, so that a wrong order or transform shows."""
    root = tmp_path_factory.mktemp("sure")
    make_images(root / "data", spread=10)
    learn_a_little(make_checkpoint(root / "toy.safetensors"), root / "data", spoilt=0.0)
    return Source(
        model="test_resnet",
        checkpoint=str(root / "toy.safetensors"),
        data=str(root / "data"),
        device="cpu",
    )
