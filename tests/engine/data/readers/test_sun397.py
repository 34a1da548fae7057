import pytest

from engine.data.readers import READERS
from engine.data.readers.base import Options
from engine.schema.errors import DataError
from tests.engine.data.readers.layouts import image, listed, read, skipped, sun397, text


def splits(path):
    return READERS.get("sun397").splits(path, Options())


def test_a_partition_makes_two_splits(tmp_path):
    sun397(tmp_path)
    assert splits(tmp_path) == ("train", "test", "train_02", "test_02")
    train = read(tmp_path, "train")
    assert listed(train) == [
        ("a/abbey/sun_1.jpg", "abbey", None),
        ("a/apse/indoor/sun_1.jpg", "apse indoor", None),
    ]
    assert train.folders == ("a/abbey", "a/apse/indoor")
    assert [s.path for s in read(tmp_path, "train_02").samples] == [
        "a/abbey/sun_0.jpg",
        "a/apse/indoor/sun_0.jpg",
    ]
    assert listed(read(tmp_path, "test")) == [("a/apse/indoor/sun_2.jpg", "apse indoor", None)]
    assert skipped(train) == {".": "3 images are in neither list of partition 01"}


def test_without_a_partition_all_images_are_one_split(tmp_path):
    sun397(tmp_path)
    for path in tmp_path.glob("T*.txt"):
        path.unlink()
    image(tmp_path / "b/bar/sun_9.jpg")
    text(tmp_path / "a/abbey/notes.txt", "x")
    assert splits(tmp_path) == ("all",)
    found = read(tmp_path, "all")
    assert [s.label for s in found.samples] == [0] * 3 + [1] * 3
    assert skipped(found) == {
        "b/bar/sun_9.jpg": "its folder is not in ClassName.txt",
        "a/abbey/notes.txt": "no image by its ending",
    }


def test_names_that_would_be_the_same_are_told_apart(tmp_path):
    sun397(tmp_path)
    text(tmp_path / "ClassName.txt", "/a/abbey", "/b/abbey", "/a/apse/indoor")
    assert read(tmp_path, "train").classes == (
        "abbey (a/abbey)",
        "abbey (b/abbey)",
        "apse indoor",
    )


def test_a_class_that_is_named_twice_is_refused(tmp_path):
    sun397(tmp_path)
    text(tmp_path / "ClassName.txt", "/a/abbey", "/a/abbey")
    with pytest.raises(DataError, match="names no class, or one twice"):
        read(tmp_path, "train")


def test_lines_that_lead_elsewhere_are_told(tmp_path):
    sun397(tmp_path)
    text(
        tmp_path / "Training_01.txt", "/a/abbey/sun_0.jpg", "/a/abbey/sun_0.jpg", "/z/zoo/sun_1.jpg"
    )
    found = read(tmp_path, "train")
    assert len(found.samples) == 1
    assert skipped(found)["a/abbey/sun_0.jpg"] == "listed twice"
    assert skipped(found)["z/zoo/sun_1.jpg"] == "its folder is not in ClassName.txt"
