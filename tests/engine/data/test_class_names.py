import pytest

from engine.data.class_names import find_class, readable
from engine.schema.errors import RequestError


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("004_sweet_pea", "sweet pea"),
        ("sweet_pea", "sweet pea"),
        ("12-colt's_foot", "colt's foot"),
        ("7", "7"),
        ("n01440764", "n01440764"),
    ],
)
def test_folders_read_as_words(folder, words):
    assert readable(folder) == words


def test_classes_are_found_by_name_folder_and_index():
    classes, folders = ("sweet pea", "rose", "rose"), ("004_sweet_pea", "a", "b")
    for key in ("sweet pea", "Sweet Pea", "004_sweet_pea", "0"):
        assert find_class(key, classes, folders) == 0
    assert find_class("b", classes, folders) == 2
    with pytest.raises(RequestError, match="2 classes are called 'rose'"):
        find_class("rose", classes, folders)
    with pytest.raises(RequestError, match="did you mean 'sweet pea'"):
        find_class("sweet pee", classes, folders)
    for key in ("3", "-1", "", "1.0"):
        with pytest.raises(RequestError, match="No class"):
            find_class(key, classes, folders)
