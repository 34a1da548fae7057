import shutil

import numpy as np
import pytest

from engine.schema.errors import DataError
from tests.engine.data.readers.layouts import listed, mat, read, stanford_cars, structs

NAMES = ("AM General Hummer SUV 2000", "Ram C/V Cargo Van Minivan 2012")


def test_classes_count_from_one(tmp_path):
    stanford_cars(tmp_path)
    train = read(tmp_path, "train")
    assert train.classes == NAMES
    assert listed(train) == [
        ("cars_train/00001.jpg", NAMES[1], None),
        ("cars_train/00002.jpg", NAMES[0], None),
        ("cars_train/00003.jpg", NAMES[1], None),
    ]
    assert [s.label for s in read(tmp_path, "test").samples] == [0, 1]


def test_torchvision_lists_the_same(tmp_path):
    from torchvision.datasets import StanfordCars

    stanford_cars(tmp_path / "stanford_cars")
    for split in ("train", "test"):
        their = StanfordCars(str(tmp_path), split)
        found = read(tmp_path, split)
        assert found.classes == tuple(their.classes)
        assert [
            (f"{tmp_path}/stanford_cars/{s.path}", s.label) for s in found.samples
        ] == their._samples


def test_labels_of_the_test_images_may_lie_in_the_devkit_or_lack(tmp_path):
    stanford_cars(tmp_path)
    file = tmp_path / "cars_test_annos_withlabels.mat"
    file = file.rename(tmp_path / "devkit" / file.name)
    assert len(read(tmp_path, "test").samples) == 2
    file.unlink()
    with pytest.raises(DataError, match=r"has no cars_test_annos_withlabels.mat.*put it"):
        read(tmp_path, "test")
    assert len(read(tmp_path, "train").samples) == 3


def test_images_in_a_folder_of_the_archives_name(tmp_path):
    stanford_cars(tmp_path)
    (tmp_path / "cars_train").rename(tmp_path / "inner")
    (tmp_path / "cars_train").mkdir()
    shutil.move(tmp_path / "inner", tmp_path / "cars_train" / "cars_train")
    assert read(tmp_path, "train").samples[0].path == "cars_train/cars_train/00001.jpg"


@pytest.mark.parametrize(
    ("rows", "names", "said"),
    [
        ([(np.uint8(3), "00001.jpg")], ("class", "fname"), "the class 3; devkit/cars_meta.mat"),
        ([(np.uint8(0), "00001.jpg")], ("class", "fname"), "00001.jpg the class 0"),
        ([("00001.jpg",)], ("fname",), "without the field 'class'"),
        ([(1, 7)], ("class", "fname"), "for 'fname', where a text"),
    ],
)
def test_annotations_that_do_not_fit_are_refused(tmp_path, rows, names, said):
    stanford_cars(tmp_path)
    mat(tmp_path / "devkit/cars_train_annos.mat", annotations=structs(rows, *names))
    with pytest.raises(DataError, match=said):
        read(tmp_path, "train")
