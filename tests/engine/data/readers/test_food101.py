import json

import pytest

from engine.data.holdout import held_out
from engine.schema.errors import DataError
from tests.engine.data.readers.layouts import food101, image, listed, read, skipped, text


@pytest.mark.parametrize("lists", [("json",), ("txt",), ("json", "txt")])
def test_valid_is_held_out_of_train(tmp_path, lists):
    food101(tmp_path, lists)
    train, valid, test = (read(tmp_path, split) for split in ("train", "valid", "test"))
    assert (len(train.samples), len(valid.samples), len(test.samples)) == (34, 6, 8)
    published = [f"images/{c}/{n}.jpg" for c in train.folders for n in range(20)]
    held = held_out(published, [0] * 20 + [1] * 20, 0.15)
    assert [s.path for s in valid.samples] == [
        path for path, out in zip(published, held, strict=True) if out
    ]
    assert {s.path for s in train.samples} | {s.path for s in valid.samples} == set(published)
    assert listed(test)[0] == ("images/apple_pie/20.jpg", "Apple pie", None)
    assert listed(test)[4] == ("images/beef_carpaccio/20.jpg", "Beef carpaccio", None)
    assert not train.skipped


def test_torchvision_lists_the_same_test_images(tmp_path):
    from torchvision.datasets import Food101

    food101(tmp_path / "food-101")
    their = Food101(str(tmp_path), "test")
    files = [str(file.relative_to(tmp_path / "food-101")) for file in their._image_files]
    found = read(tmp_path, "test")
    assert [s.path for s in found.samples] == files
    assert [s.label for s in found.samples] == their._labels


def test_names_without_the_lists_of_names(tmp_path):
    food101(tmp_path)
    (tmp_path / "meta/labels.txt").unlink()
    assert read(tmp_path, "test").classes == ("apple pie", "beef carpaccio")
    (tmp_path / "meta/classes.txt").unlink()
    assert read(tmp_path, "test").folders == ("apple_pie", "beef_carpaccio")


def test_a_class_that_no_list_has_keeps_its_index(tmp_path):
    food101(tmp_path)
    text(tmp_path / "meta/classes.txt", "aaa", "apple_pie", "beef_carpaccio")
    (tmp_path / "meta/labels.txt").unlink()
    assert {s.label for s in read(tmp_path, "test").samples} == {1, 2}


def test_files_in_no_list_are_told(tmp_path):
    food101(tmp_path)
    image(tmp_path / "images/apple_pie/99.jpg")
    text(tmp_path / "images/apple_pie/notes.txt", "x")
    assert skipped(read(tmp_path, "test")) == {
        "images/apple_pie/99.jpg": "in no list of the data's images",
        "images/apple_pie/notes.txt": "in no list of the data's images",
    }


def test_paths_that_lead_out_are_skipped(tmp_path):
    food101(tmp_path, ("txt",))
    text(tmp_path / "meta/test.txt", "apple_pie/../../secret", "apple_pie/20", "apple_pie/\0")
    found = read(tmp_path, "test")
    assert [s.path for s in found.samples] == ["images/apple_pie/20.jpg"]
    reasons = skipped(found)
    assert "leads out" in reasons["images/apple_pie/../../secret.jpg"]
    assert "NUL" in reasons["images/apple_pie/\\0.jpg"]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("test.json", "{", "is not a list of images for each class"),
        ("test.json", "[1]", "is not a list of images for each class"),
        ("test.json", "[" * 100_000, "is not a list of images for each class"),
        ("test.json", json.dumps({"apple_pie": ["beef_carpaccio/1"]}), "whose folder it is not"),
        ("classes.txt", "apple_pie\n", "lacks the class 'beef_carpaccio'"),
        ("classes.txt", "apple_pie\nbeef_carpaccio\napple_pie\n", "names a class twice"),
        ("labels.txt", "Apple pie\n", "names 1 classes, classes.txt 2"),
        ("labels.txt", b"Apple\xff\nBeef\n", "is not a UTF-8 text"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, file, content, said):
    food101(tmp_path)
    path = tmp_path / "meta" / file
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=said):
        read(tmp_path, "test")
