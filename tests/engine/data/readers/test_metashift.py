import os
import pickle
from collections import Counter, OrderedDict

import pytest

from engine.schema.errors import DataError
from tests.engine.data.readers.layouts import listed, metashift, read, skipped

SPLITS = ("train", "valid", "test")


def whole(path, **more):
    return [row for split in SPLITS for row in listed(read(path, split, **more))]


def test_each_image_is_listed_once_with_its_first_context(tmp_path):
    metashift(tmp_path)
    rows = whole(tmp_path)
    assert Counter(name for _, name, _ in rows) == {"dog": 10, "cat": 10}
    group_of = {path: group for path, _, group in rows}
    assert len(group_of) == len(rows)
    assert group_of["images/3.jpg"] == "dog(chair)"
    assert group_of["images/4.jpg"] == "dog(water)"
    assert Counter(group_of.values()) == {"dog(chair)": 3, "dog(water)": 7, "cat(book)": 10}
    assert read(tmp_path).groups == ("cat(book)", "dog(chair)", "dog(water)")


def test_the_splits_take_two_two_and_one_fifth_of_each_class(tmp_path):
    metashift(tmp_path)
    for split, count in zip(SPLITS, (4, 4, 2), strict=True):
        rows = listed(read(tmp_path, split))
        assert Counter(name for _, name, _ in rows) == {"dog": count, "cat": count}


def test_an_image_of_several_classes_and_one_of_none_are_told(tmp_path):
    metashift(tmp_path)
    for split in SPLITS:
        assert skipped(read(tmp_path, split)) == {
            "images/30.jpg": "shows cat and dog",
            "images": "1 files are in no set of the classes",
        }


def test_some_subjects_can_be_chosen(tmp_path):
    metashift(tmp_path)
    rows = whole(tmp_path, columns={"label": "dog"})
    assert len(rows) == 11
    assert {name for _, name, _ in rows} == {"dog"}
    assert whole(tmp_path, columns={"label": " dog, cat"}) == whole(tmp_path)
    with pytest.raises(DataError, match="has no subject 'dgo'; the first there: cat, dog"):
        read(tmp_path, columns={"label": "dgo"})


def test_where_every_image_shows_several_subjects_it_asks_for_a_few(tmp_path):
    metashift(tmp_path, {"dog(a)": {"1", "2"}, "cat(a)": {"1", "2"}})
    with pytest.raises(DataError, match="--column label=cat,dog"):
        read(tmp_path)
    assert len(whole(tmp_path, columns={"label": "cat"})) == 2


class Hostile:
    """A pickle that makes a file as it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_runs_no_code(tmp_path, protocol):
    metashift(tmp_path)
    content = {"dog(chair)": {"1"}, "cat(x)": Hostile(tmp_path / "made")}
    (tmp_path / "full-candidate-subsets.pkl").write_bytes(pickle.dumps(content, protocol))
    with pytest.raises(DataError, match=r"asks for (posix|nt).mkdir.*nothing in it was run"):
        read(tmp_path)
    assert not (tmp_path / "made").exists()
    assert pickle.loads(pickle.dumps(Hostile(tmp_path / "made"), protocol)) is None
    assert (tmp_path / "made").is_dir()


@pytest.mark.parametrize(
    "code",
    [b"cbuiltins\neval\n(S'1'\ntR.", b"cbuiltins\n__import__\n(S'os'\ntR.",
     b"cbuiltins\ngetattr\n.", b"ccollections\nnamedtuple\n.", b"cbuiltins\nset.__class__\n.",
     b"\x80\x04\x8c\x08builtins\x8c\x0dset.__class__\x93.", b"Pid\n.", b"\x82\x01."],
)  # fmt: skip
def test_whatever_else_it_asks_for_is_refused(tmp_path, code):
    metashift(tmp_path)
    (tmp_path / "full-candidate-subsets.pkl").write_bytes(code)
    with pytest.raises(DataError, match="is not a pickle of sets of images"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "holds no sets of images by name"),
        ({}, "holds no sets of images by name"),
        ({"dog": {"1"}}, "has 'dog'; expected a set of images like"),
        ({3: {"1"}}, "has 3; expected"),
        ({"dog(a)": 5}, r"has 'dog\(a\)'; expected"),
        ({"dog(a)": [["1"]]}, "what is no image's number"),
        (OrderedDict(), "asks for collections.OrderedDict"),
    ],
)
def test_another_content_is_refused(tmp_path, content, said):
    metashift(tmp_path)
    (tmp_path / "full-candidate-subsets.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=said):
        read(tmp_path)


def test_a_pickle_that_is_cut_short_is_refused(tmp_path):
    metashift(tmp_path)
    path = tmp_path / "full-candidate-subsets.pkl"
    whole = path.read_bytes()
    for kept in range(0, len(whole), 7):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError, match="is not a pickle of sets"):
            read(tmp_path)


def test_lists_and_numbers_do_as_well_and_paths_stay_inside(tmp_path):
    metashift(tmp_path)
    content = {"dog(chair)": [1, 2], "cat(book)": ("20", "../../etc/x")}
    (tmp_path / "full-candidate-subsets.pkl").write_bytes(pickle.dumps(content, 2))
    assert {path for path, _, _ in whole(tmp_path)} == {
        "images/1.jpg", "images/2.jpg", "images/20.jpg",
    }  # fmt: skip
    reasons = {k: v for split in SPLITS for k, v in skipped(read(tmp_path, split)).items()}
    assert "leads out" in reasons["images/../../etc/x.jpg"]
