import os

import pytest

from engine.schema.errors import DataError
from tests.engine.data.making import split_of
from tests.making import make_images


def test_a_folder_is_listed_in_order(tmp_path):
    root = make_images(tmp_path / "data")
    (root / "valid" / "001_red_thing" / "notes.txt").write_text("no image")
    (root / "valid" / "001_red_thing" / ".hidden.png").write_bytes(b"")
    found = split_of(root)
    assert found.classes == ("red thing", "green thing", "blue")
    assert [some.label for some in found.samples] == [0] * 10 + [1] * 10 + [2] * 10
    assert found.samples[0].path == "valid/001_red_thing/000.png"
    assert found == split_of(root)


def test_val_is_found_for_valid(tmp_path):
    root = make_images(tmp_path / "data")
    (root / "valid").rename(root / "val")
    assert split_of(root).name == "val"
    with pytest.raises(DataError, match=r"No split 'test'.*train, val"):
        split_of(root, "test")


def test_a_class_that_only_trains_keeps_its_index(tmp_path):
    root = make_images(tmp_path / "data")
    for file in (root / "valid" / "002_green_thing").iterdir():
        file.unlink()
    (root / "valid" / "002_green_thing").rmdir()
    found = split_of(root)
    assert found.classes == ("red thing", "green thing", "blue")
    assert {some.label for some in found.samples} == {0, 2}


def test_a_name_that_is_not_utf8_is_skipped(tmp_path):
    root = make_images(tmp_path / "data")
    directory = os.fsencode(root / "valid" / "003_blue")
    try:
        os.link(directory + b"/000.png", directory + b"/bad\xff.png")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    found = split_of(root)
    assert len(found.samples) == 30
    assert [some.reason for some in found.skipped] == ["file name is not UTF-8"]


def names(split):
    return [sample.path.removeprefix("valid/001_red_thing/") for sample in split.samples][:-20]


def test_what_is_listed_is_what_torchvision_lists(tmp_path):
    """Links are followed, hidden and system folders are not read, and all else is told."""
    root = make_images(tmp_path / "data")
    folder = root / "valid" / "001_red_thing"
    for name in ("a.jpe", "b.heic", "Thumbs.db", ".DS_Store", "._000.png"):
        (folder / name).write_bytes(b"x")
    (folder / "c.png").symlink_to(tmp_path / "nowhere.png")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    for name in ("m.png", "deep/n.PNG"):
        (elsewhere / name).write_bytes((folder / "000.png").read_bytes())
    (folder / "linked").symlink_to(elsewhere)
    (elsewhere / "deep" / "up").symlink_to(elsewhere)
    for system in (".ipynb_checkpoints", "__MACOSX", "@eaDir"):
        (folder / system).mkdir()
        (folder / system / "0.png").write_bytes(b"x")
        (root / "valid" / system).mkdir()
    (root / "valid" / "notes.txt").write_text("x")
    found = split_of(root)
    own = [f"{number:03d}.png" for number in range(10)]
    assert names(found) == [*own, "linked/deep/n.PNG", "linked/m.png"]
    assert {s.path.rpartition("/")[2]: s.reason.partition(" (")[0] for s in found.skipped} == {
        "a.jpe": "not read as an image by torchvision's and timm's readers",
        "b.heic": "not read as an image by torchvision's and timm's readers",
        "c.png": "no such file or directory",
        "up": "a link to a folder above it",
        "notes.txt": "lies in no class folder",
    }
    assert found.folders == ("001_red_thing", "002_green_thing", "003_blue")


def test_the_images_are_torchvision_s_own(tmp_path):
    from torchvision.datasets import ImageFolder

    root = make_images(tmp_path / "data")
    (root / "valid" / "003_blue" / "deep").mkdir()
    (root / "valid" / "003_blue" / "000.png").rename(root / "valid" / "003_blue" / "deep" / "x.png")
    theirs = ImageFolder(str(root / "valid"))
    found = split_of(root)
    assert sorted((str(root / s.path), s.label) for s in found.samples) == sorted(theirs.samples)


@pytest.mark.parametrize(
    ("train", "valid"),
    [("Train", "Val"), ("TRAIN", "VALID"), ("training", "dev"), ("train", "validation")],
)
def test_splits_are_found_however_they_are_called(tmp_path, train, valid):
    root = make_images(tmp_path / "data")
    (root / "train").rename(root / "t")
    (root / "t").rename(root / train)
    (root / "valid").rename(root / "v")
    (root / "v").rename(root / valid)
    assert split_of(root, "valid").name == valid
    assert split_of(root, "train").name == train


def test_only_train_and_test_names_the_flags(tmp_path):
    root = make_images(tmp_path / "data")
    (root / "valid").rename(root / "test")
    with pytest.raises(DataError, match="--eval-split, or hold some out with --valid-from train"):
        split_of(root)
    assert len(split_of(root, "test").samples) == 30


def test_classes_without_splits(tmp_path):
    root = make_images(tmp_path / "data") / "train"
    with pytest.raises(DataError, match="have no splits: hold some out with --valid-from all"):
        split_of(root)
    assert len(split_of(root, "all").samples) == 18
