import json
import os

import pytest

from engine.features.cache import cache_key
from engine.schema.errors import DataError, RequestError
from engine.schema.requests import Source
from tests.engine.data.making import split_of
from tests.making import make_images


def test_class_names_can_be_given(tmp_path):
    root = make_images(tmp_path / "data")
    names = tmp_path / "names.txt"
    names.write_text("poppy\nfern\n\nbluebell\n")
    assert split_of(root, class_names=str(names)).classes == ("poppy", "fern", "bluebell")
    names = tmp_path / "names.json"
    names.write_text(json.dumps({"003_blue": "bluebell"}))
    assert split_of(root, class_names=str(names)).classes == (
        "red thing",
        "green thing",
        "bluebell",
    )
    names.write_text(json.dumps(["one"]))
    with pytest.raises(DataError, match="names 1 classes, the data has 3"):
        split_of(root, class_names=str(names))
    names.write_text("{broken")
    with pytest.raises(DataError, match="neither a list"):
        split_of(root, class_names=str(names))


def keyed(tmp_path):
    """An image folder and a CSV whose files have the same size and time on every machine."""
    rows = ["path,y,split,place"]
    for number, split in enumerate(("train", "val")):
        for label, folder in enumerate(("1_a", "b")):
            (tmp_path / split / folder).mkdir(parents=True)
            for image in range(2):
                path = tmp_path / split / folder / f"{image}.png"
                path.write_bytes(b"x" * (image + 1))
                os.utime(path, ns=(0, 1234567890))
            rows += [
                f"{split}/{folder}/{image}.png,0{label},{number},{image}" for image in range(3)
            ]
    (tmp_path / "list.csv").write_text("\n".join(rows) + "\n")
    return tmp_path, tmp_path / "list.csv"


def test_feature_caches_of_earlier_versions_are_found_again(tmp_path):
    """Keys as version 0.3 made them: a change here makes every workspace extract anew."""
    source = Source(model="m", checkpoint="none", data="")
    keys = [
        [cache_key(source, split_of(data), view, "digest") for view in (0, 1)]
        for data in keyed(tmp_path)
    ]
    assert keys == [
        ["f9ece7e92ee62992", "c6856f185b8ace69"],
        ["564d7508c7443155", "942214eded0501c5"],
    ]


def test_a_split_names_the_reader_that_matches(tmp_path):
    folder, file = keyed(tmp_path)
    assert split_of(folder).reader == "image_folder"
    assert split_of(file).reader == "csv"
    file = file.rename(tmp_path / "list.txt")
    assert split_of(file).reader == "csv"


def test_a_workspace_may_name_its_reader(tmp_path):
    folder, file = keyed(tmp_path)
    file = file.rename(tmp_path / "list.bin")
    file.write_bytes(b"\0" + file.read_bytes())
    with pytest.raises(
        DataError, match=r"No reader matches .*csv: a UTF-8 table.*; image_folder: "
    ):
        split_of(file)
    with pytest.raises(DataError, match="no column for path"):
        split_of(file, reader="csv")
    with pytest.raises(DataError, match=r"Cannot read the data.*[Dd]irectory"):
        split_of(folder, reader="csv")
    with pytest.raises(RequestError, match=r"data reader 'tar'; choose from .*csv, .*image_folder"):
        split_of(folder, reader="tar")


def test_data_that_are_not_there_are_refused(tmp_path):
    for reader in (None, "csv"):
        with pytest.raises(DataError, match="No data at"):
            split_of(tmp_path / "nowhere", reader=reader)
