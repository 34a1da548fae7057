import numpy as np
import pytest

from engine.data.published import read_lines
from engine.data.readers.flowers102 import NAMES
from engine.schema.errors import DataError
from tests.engine.data.readers.layouts import flowers102, listed, mat, read, skipped


def test_labels_and_splits_are_those_of_the_matlab_files(tmp_path):
    flowers102(tmp_path)
    train = read(tmp_path, "train")
    assert listed(train) == [
        ("jpg/image_00003.jpg", "blackberry lily", None),
        ("jpg/image_00001.jpg", "sweet pea", None),
        ("jpg/image_00002.jpg", "pink primrose", None),
        ("jpg/image_00004.jpg", "sweet pea", None),
    ]
    assert [sample.label for sample in train.samples] == [101, 3, 0, 3]
    assert train.folders == tuple(str(number) for number in range(1, 103))
    assert skipped(train) == {"jpg/image_00010.jpg": "in no list of the data's images"}
    assert [sample.label for sample in read(tmp_path).samples] == [3, 0, 0]
    assert [sample.label for sample in read(tmp_path, "test").samples] == [3, 76]


def test_the_names_are_torchvisions():
    from torchvision.datasets import Flowers102

    assert read_lines(NAMES) == Flowers102.classes


def test_torchvision_lists_the_same(tmp_path, monkeypatch):
    from torchvision.datasets import Flowers102

    flowers102(tmp_path / "flowers-102")
    monkeypatch.setattr(Flowers102, "_check_integrity", lambda self: True)
    for split, theirs in (("train", "train"), ("valid", "val"), ("test", "test")):
        their = Flowers102(str(tmp_path), theirs)
        found = read(tmp_path, split)
        files = [str(file.relative_to(tmp_path / "flowers-102")) for file in their._image_files]
        assert [sample.path for sample in found.samples] == files
        assert [sample.label for sample in found.samples] == list(their._labels)


def labels(values):
    return lambda root: mat(root / "imagelabels.mat", labels=values)


def sets(train):
    one = np.array([[1]])
    return lambda root: mat(root / "setid.mat", trnid=train, valid=one, tstid=one)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (labels(np.full((1, 10), 103)), "image 3 the class 103; there are 102"),
        (labels(np.zeros((1, 10))), "the class 0"),
        (labels(np.full((1, 10), 1.5)), "is no row of whole numbers"),
        (labels(np.full((1, 10), np.nan)), "is no row of whole numbers"),
        (labels(np.full((1, 10), np.inf)), "is no row of whole numbers"),
        (labels(np.array(["text"])), "is no row of whole numbers"),
        (sets(np.array([[11]])), "image 11 in trnid; imagelabels.mat has 10"),
        (sets(np.array([[0]])), "image 0 in trnid"),
        (lambda root: mat(root / "setid.mat", other=1), "no variable 'trnid'.* there: other"),
        (lambda root: (root / "setid.mat").write_bytes(b""), "is not a MATLAB file"),
        (lambda root: (root / "setid.mat").write_bytes(b"text\n" * 99), "is not a MATLAB file"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, spoil, said):
    flowers102(tmp_path)
    spoil(tmp_path)
    with pytest.raises(DataError, match=said):
        read(tmp_path, "train")


@pytest.mark.parametrize("kept", [60, 130, 140, 180])
def test_a_file_that_is_cut_short_is_refused(tmp_path, kept):
    flowers102(tmp_path)
    path = tmp_path / "imagelabels.mat"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"imagelabels.mat (is not a MATLAB file|has no variable)"):
        read(tmp_path, "train")


def test_an_image_that_is_listed_twice_counts_once(tmp_path):
    flowers102(tmp_path)
    sets(np.array([[1, 2, 1]]))(tmp_path)
    found = read(tmp_path, "train")
    assert len(found.samples) == 2
    assert skipped(found)["jpg/image_00001.jpg"] == "listed twice"
