"""The model's classes in order: from what people say, from the checkpoint, from the data."""

import json

import pytest

from engine.data.class_list import (
    DataClasses,
    Own,
    arrange,
    natural_key,
    wordnet_lines,
    wordnet_names,
)
from engine.schema.errors import CheckpointError, DataError

FLOWERS = ("010_rose", "2_lily", "aster")


def data(*keys, counts=None):
    return DataClasses(keys, tuple(f"the {key}" for key in keys), counts or (5,) * len(keys))


def keys(found):
    return list(found.keys)


def test_without_a_word_the_order_is_the_data_s():
    found = arrange(data("ant", "bee"), Own(2), None, None)
    assert (keys(found), found.names, found.order) == (
        ["ant", "bee"], ("the ant", "the bee"), "sorted by name",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("sorted", ["10", "2", "B", "a"]),
        ("natural", ["2", "10", "a", "B"]),
        ("lower", ["10", "2", "a", "B"]),
    ],
)
def test_orders_by_name(order, wanted):
    found = arrange(data("10", "2", "B", "a"), Own(4), order, None)
    assert keys(found) == wanted
    assert found.names == tuple(f"the {key}" for key in wanted)


def test_natural_order_is_that_of_timm_s_folder_reader():
    from timm.utils.misc import natural_key as of_timm

    names = ["10", "2", "B2x10", "b2x9", "a", "", "n02", "n2", "07_x", "7_x"]
    assert [natural_key(name) for name in names] == [of_timm(name) for name in names]


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".txt", "aster\n2_lily\n010_rose\n"),
        (".txt", "﻿aster\n2_lily\n010_rose\n"),
        (".txt", "1 aster\n2 2_lily\n3 010_rose\n"),
        (".txt", "0 aster\n1 2_lily\n2 010_rose\n"),
        (".txt", "Aster\n2 Lily\n010 Rose\n"),
        (".json", json.dumps(["aster", "2_lily", "010_rose"])),
        (".json", json.dumps({"010_rose": 2, "aster": 0, "2_lily": 1})),
        (".json", json.dumps({"1": "2_lily", "0": "aster", "2": "010_rose"})),
        (".json", json.dumps({"0": ["aster", "a"], "1": ["2_lily", "b"], "2": ["010_rose", "c"]})),
    ],
)
@pytest.mark.parametrize("option", ["order", "names"])
def test_the_folders_own_names_state_the_order(tmp_path, suffix, content, option):
    path = tmp_path / f"names{suffix}"
    path.write_text(content, encoding="utf-8")
    given = {"order": (str(path), None), "names": (None, str(path))}[option]
    assert keys(arrange(data(*FLOWERS), Own(3), *given)) == ["aster", "2_lily", "010_rose"]


def test_other_names_are_names_only(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("rose\nlily\nstar\n")
    found = arrange(data(*FLOWERS), Own(3), None, str(path))
    assert (found.keys, found.names) == (FLOWERS, ("rose", "lily", "star"))
    with pytest.raises(DataError, match="does not name the classes of the data"):
        arrange(data(*FLOWERS), Own(3), str(path), None)


def test_folder_to_name_is_no_order(tmp_path):
    """Flowers102's cat_to_name.json: folders that are numbers, and their names."""
    path = tmp_path / "cat_to_name.json"
    path.write_text(json.dumps({"1": "pink primrose", "10": "globe thistle", "2": "orchid"}))
    found = arrange(data("1", "10", "2"), Own(3), None, str(path))
    assert dict(zip(found.keys, found.names, strict=True)) == {
        "1": "pink primrose", "10": "globe thistle", "2": "orchid",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content", [{"aster": 0, "2_lily": 0, "010_rose": 1}, {"aster": 1, "2_lily": 2, "010_rose": 3}]
)
def test_indices_that_are_no_order_are_refused(tmp_path, content):
    path = tmp_path / "map.json"
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="not 0 to 2, each once"):
        arrange(data(*FLOWERS), Own(3), str(path), None)


def test_the_checkpoint_s_own_names_are_the_order():
    own = Own(3, ("aster", "2_lily", "010_rose"))
    found = arrange(data(*FLOWERS), own, None, None)
    assert keys(found) == list(own.names)
    assert found.order == "as the checkpoint says"
    assert keys(arrange(data(*FLOWERS), own, "sorted", None)) == sorted(FLOWERS)


def test_names_that_are_others_altogether_are_not_the_order():
    own = Own(3, ("cat", "dog", "eel"))
    assert arrange(data(*FLOWERS), own, None, None).keys == FLOWERS


@pytest.mark.parametrize("labels", [("1", "2", "3"), ("1.0", "2.0", "3.0"), ("01", "02", "03")])
def test_numbers_are_one_however_they_are_spelled(labels):
    own = Own(3, ("3", "1", "2"))
    assert keys(arrange(data(*labels), own, None, None)) == [labels[2], labels[0], labels[1]]


def test_a_class_that_the_model_does_not_know_is_no_answer():
    own = Own(3, ("ant", "bee", "cat"))
    found = arrange(data("ant", "bee", "cat", "fox"), own, None, None)
    assert keys(found) == ["ant", "bee", "cat"]


def test_a_model_of_more_classes_keeps_them_all(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("ant\nbee\ncat\ndog\n")
    found = arrange(data("bee", "dog"), Own(4), str(path), None)
    assert (keys(found), found.names) == (
        ["ant", "bee", "cat", "dog"], ("ant", "the bee", "cat", "the dog"),
    )  # fmt: skip


def test_wordnet_ids_find_their_outputs_of_an_imagenet_head():
    from timm.data import ImageNetInfo

    info = ImageNetInfo("imagenet-1k")
    found = arrange(data("n01440764", "n02084071", counts=(3, 0)), Own(1000), None, None)
    assert keys(found) == info.label_names()
    assert found.names[0] == "the n01440764" or found.names[0] == "tench"
    assert found.names[1] == "goldfish"
    lemmas = wordnet_names()
    assert lemmas["n01443537"] == info.label_descriptions()[1].split(",")[0]
    assert len(wordnet_lines("imagenet_synsets.txt")) == 1000


def test_empty_folders_are_no_classes_unless_the_model_has_them():
    found = data("ant", "bee", "none", counts=(4, 4, 0))
    assert keys(arrange(found, Own(2), None, None)) == ["ant", "bee"]
    assert keys(arrange(found, Own(3), None, None)) == ["ant", "bee", "none"]


def test_labels_that_are_indices_are_the_outputs():
    indices = tuple(map(str, range(12)))
    assert keys(arrange(data(*indices), Own(12), None, None)) == list(indices)
    assert keys(arrange(data(*indices), Own(14), None, None)) == [*indices, "12", "13"]
    from_1 = data(*indices, counts=(0, *[3] * 11))
    assert keys(arrange(from_1, Own(11), None, None)) == list(indices[1:])


@pytest.mark.parametrize(
    ("outputs", "sentence"),
    [
        (
            5,
            r"checkpoint has 5 classes, the data 6 \(ant, bee, cat, dog, eel, fox\).*--class-order",
        ),
        (1000, r"checkpoint has 1000 classes, the data 6 .*those without images too"),
    ],
)
def test_numbers_of_classes_that_differ_are_explained_by_names(outputs, sentence):
    with pytest.raises(CheckpointError, match=sentence):
        arrange(data("ant", "bee", "cat", "dog", "eel", "fox"), Own(outputs), None, None)


def test_the_training_split_s_classes_are_the_model_s_where_they_are_as_many():
    found = DataClasses(("ant", "bee", "fox"), ("a", "b", "f"), (5, 5, 3), trained=("ant", "bee"))
    assert keys(arrange(found, Own(2), None, None)) == ["ant", "bee"]
    assert keys(arrange(found, Own(3), None, None)) == ["ant", "bee", "fox"]


def test_a_file_of_another_number_of_names_is_named(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("aster\n2_lily\n010_rose\nfox\n")
    with pytest.raises(DataError, match=r"names.txt names 4 classes, the checkpoint has 3"):
        arrange(data(*FLOWERS), Own(3), str(path), None)
