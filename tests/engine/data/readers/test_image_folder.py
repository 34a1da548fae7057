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
