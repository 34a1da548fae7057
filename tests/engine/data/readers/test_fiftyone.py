import json

import pytest

from engine.schema.errors import DataError
from tests.engine.data.readers.layouts import fiftyone, image, listed, read, skipped, text


def test_labels_are_found_by_name_without_the_ending(tmp_path):
    fiftyone(tmp_path)
    found = read(tmp_path, "all")
    assert listed(found) == [
        ("data/a.jpg", "dog", None),
        ("data/b.x.png", "cat", None),
        ("data/sub/d.jpg", "dog", None),
    ]
    assert skipped(found) == {
        "data/c.jpg": "no label",
        "data/e.jpg": "not in labels.json",
        "data/gone": "no such file",
    }


def test_the_one_split_is_called_all(tmp_path):
    fiftyone(tmp_path)
    with pytest.raises(DataError, match=r"No split 'valid'.*--valid-from all"):
        read(tmp_path)


def test_labels_may_be_names(tmp_path):
    fiftyone(tmp_path)
    labels = {"a": "dog", "b.x": "ant", "c": ["dog", "ant"], "e": True}
    text(tmp_path / "labels.json", json.dumps({"classes": None, "labels": labels}))
    found = read(tmp_path, "all")
    assert found.classes == ("ant", "dog")
    assert [s.label for s in found.samples] == [1, 0]
    several = "its label is not the index or the name of one class"
    assert skipped(found)["data/c.jpg"] == skipped(found)["data/e.jpg"] == several


def test_two_files_of_one_name_are_told(tmp_path):
    fiftyone(tmp_path)
    image(tmp_path / "data/a.png")
    found = read(tmp_path, "all")
    assert skipped(found)["data/a.png"] == "labels.json does not tell it from data/a.jpg"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"classes": ["a"], "labels": {"a": 1}}', "gives data/a.jpg the class 1; it names 1"),
        ('{"classes": ["a"], "labels": {"a": -1}}', "the class -1"),
        ('{"classes": ["a", "a"], "labels": {"a": 1}}', "names a class twice"),
        ('{"classes": ["a"]}', "is not FiftyOne's labels"),
        ('{"classes": 3, "labels": {}}', "is not FiftyOne's labels"),
        ('{"labels": ' + "[" * 100_000, "is not FiftyOne's labels"),
        ('{"classes": ["a"], "labels": {', "is not FiftyOne's labels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path, content, said):
    fiftyone(tmp_path)
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(DataError, match=said):
        read(tmp_path, "all")
