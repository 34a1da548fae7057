"""Classes are numbered once, for all splits, as the model numbers them."""

import json
import shutil
import unicodedata

import pytest

from engine.data.class_list import ClassList
from engine.data.splits import data_classes, list_split, numbered, open_split
from engine.schema.errors import DataError
from engine.schema.requests import Source
from tests.engine.data.making import split_of
from tests.making import make_images


def labelled(split):
    """Folder and number of every image: what must agree between splits."""
    return {(sample.path.split("/")[-2], sample.label) for sample in split.samples}


def test_a_split_that_lacks_a_class_does_not_shift_the_others(tmp_path):
    root = make_images(tmp_path / "data")
    shutil.rmtree(root / "train" / "002_green_thing")
    wanted = {("001_red_thing", 0), ("002_green_thing", 1), ("003_blue", 2)}
    assert labelled(split_of(root, "valid")) == wanted
    assert labelled(split_of(root, "train")) == wanted - {("002_green_thing", 1)}


def test_a_class_of_another_split_alone_is_left_out_and_told(tmp_path):
    root = make_images(tmp_path / "data")
    shutil.copytree(root / "valid", root / "test")
    shutil.copytree(root / "test" / "003_blue", root / "test" / "000_fox")
    found = split_of(root, "test")
    assert labelled(found) == labelled(split_of(root, "valid"))
    assert {skipped.reason for skipped in found.skipped} == {
        "class 000_fox is not among the model's classes"
    }
    assert len(found.skipped) == 10


def test_the_workspace_s_list_numbers_every_split(tmp_path):
    root = make_images(tmp_path / "data")
    keys = ["003_blue", "fox", "001_red_thing", "002_green_thing"]
    path = tmp_path / "classes.json"
    path.write_text(json.dumps({"keys": keys, "names": ["b", "f", "r", "g"], "order": "so"}))
    source = Source(model="m", checkpoint="c", data=str(root), classes=str(path))
    for split in ("train", "valid"):
        found = open_split(source, split)
        assert labelled(found) == {(key, keys.index(key)) for key in keys if key != "fox"}
        assert (found.folders, found.classes) == (tuple(keys), ("b", "f", "r", "g"))
    path.write_text(json.dumps({"keys": ["a", "a"], "names": ["a", "b"], "order": ""}))
    with pytest.raises(DataError, match="does not name every class once"):
        open_split(source, "valid")


def test_names_by_hand_are_names_and_never_another_order(tmp_path):
    root = make_images(tmp_path / "data")
    keys = ["003_blue", "001_red_thing", "002_green_thing"]
    path, names = tmp_path / "classes.json", tmp_path / "names.txt"
    path.write_text(json.dumps({"keys": keys, "names": keys, "order": "so"}))
    names.write_text("sky\nfire\ngrass\n")
    some = {"classes": str(path), "class_names": str(names)}
    assert split_of(root, **some).classes == ("sky", "fire", "grass")
    names.write_text("\n".join(sorted(keys)))
    with pytest.raises(DataError, match="states another order of the classes"):
        split_of(root, **some)


def test_a_split_without_any_of_the_model_s_classes_is_refused(tmp_path):
    listed = list_split(
        Source(model="m", checkpoint="c", data=str(make_images(tmp_path / "data"))), "valid"
    )
    with pytest.raises(DataError, match=r"No image of valid .* 1 classes \(fox"):
        numbered(listed, ClassList(keys=("fox",), names=("fox",), order=""))


def test_what_the_data_have_is_counted_over_the_splits(tmp_path):
    root = make_images(tmp_path / "data", train=2, valid=3)
    (root / "train" / "000_empty").mkdir()
    source = Source(model="m", checkpoint="c", data=str(root))
    found = data_classes([list_split(source, name) for name in ("valid", "train")])
    assert found.keys == ("000_empty", "001_red_thing", "002_green_thing", "003_blue")
    assert found.counts == (0, 5, 5, 5)


@pytest.mark.parametrize("base", ["train", "all"])
def test_some_are_held_out_where_a_split_is_missing(tmp_path, base):
    root = make_images(tmp_path / "data", train=10)
    shutil.rmtree(root / "valid")
    if base == "all":
        root = root / "train"
    some = {"valid_from": f"{base}:0.2"}
    held, rest = split_of(root, "valid", **some), split_of(root, "train", **some)
    assert (len(held.samples), len(rest.samples)) == (6, 24)
    assert not {s.path for s in held.samples} & {s.path for s in rest.samples}
    assert held == split_of(root, "valid", **some)
    with pytest.raises(DataError, match="--valid-from"):
        split_of(root, "valid")


@pytest.mark.parametrize("wrong", ["train", "0.2", "train:2", "train:x", ":0.2"])
def test_a_share_that_is_none_is_refused(tmp_path, wrong):
    with pytest.raises(DataError, match="SPLIT:SHARE"):
        split_of(make_images(tmp_path / "data"), valid_from=wrong)


def test_a_name_composed_otherwise_is_the_same_class(tmp_path):
    root = make_images(tmp_path / "data")
    for split, form in (("train", "NFD"), ("valid", "NFC")):
        name = unicodedata.normalize(form, "café")
        (root / split / "003_blue").rename(root / split / name)
    for split, count in (("train", 6), ("valid", 10)):
        found = split_of(root, split)
        assert found.folders == ("001_red_thing", "002_green_thing", "café")
        assert sum(sample.label == 2 for sample in found.samples) == count


def test_nothing_to_hold_out_is_a_sentence(tmp_path):
    root = make_images(tmp_path / "data", train=1) / "train"
    with pytest.raises(DataError, match="of a class with one image none is held out"):
        split_of(root, valid_from="all:0.2")
