"""What `init` says about the data, and how a reader is chosen."""

import pytest

from engine.data.readers import READERS
from neuroinspect_tui.workspace import read_source


@pytest.fixture
def init(toy, run, tmp_path):
    def making(*words):
        return run("init", tmp_path / "ws", "--model", toy.model, "--checkpoint", toy.checkpoint,
                   "--data", toy.data, *words)  # fmt: skip

    return making


def test_init_says_what_the_data_were_read_as(init, toy, tmp_path):
    ran = init()
    first = f"{toy.data} read as image folder (reader image_folder): 18 train, 30 valid."
    assert ran.out.splitlines()[0] == first
    assert read_source(tmp_path / "ws").reader is None


def test_a_reader_may_be_chosen_and_is_kept(init, tmp_path):
    assert init("--reader", "image_folder", "--json").json["reader"] == "image_folder"
    assert read_source(tmp_path / "ws").reader == "image_folder"


def test_the_readers_to_choose_from_are_those_installed(init, run, tmp_path):
    assert ",".join(READERS.names()) in "".join(run("init", "--help").out.split())
    ran = init("--reader", "tar")
    assert ran.code == 2
    assert all(word in ran.err for word in ("--reader", "tar", "csv", "image_folder"))
    assert not (tmp_path / "ws").exists()
    ran = init("--reader", "csv")  # it is a folder
    assert (ran.code, "Cannot read the data" in ran.err) == (2, True)
