import shutil

import numpy as np
import pytest

from engine.data.readers import READERS
from engine.data.readers.base import Options
from engine.schema.errors import DataError
from tests.engine.data.readers.layouts import (
    image,
    imagenet,
    listed,
    mat,
    read,
    skipped,
    structs,
    text,
)

WNIDS = ("n01440764", "n02012849", "n03126707")
NAMES = ("tench", "crane (n02012849)", "crane (n03126707)")


def splits(path):
    return READERS.get("imagenet").splits(path, Options())


def flat(root, folder="val"):
    """Makes val/ flat: image 1 is the last class, image 2 the first, image 3 the second."""
    imagenet(root)
    shutil.rmtree(root / "val")
    for number in (1, 2, 3):
        image(root / folder / f"ILSVRC2012_val_{number:08d}.JPEG")


def expected(folder="val"):
    names = [NAMES[2], NAMES[0], NAMES[1]]
    return [
        (f"{folder}/ILSVRC2012_val_{n:08d}.JPEG", name, None) for n, name in enumerate(names, 1)
    ]


def devkit(folder, truth=(1, 3, 2)):
    """Numbers that are not in the order of the ids, and a set of sets among the classes."""
    rows = [
        (1, WNIDS[2], "crane", "lifts", 0, np.array([])),
        (2, WNIDS[1], "crane", "a bird", 0, np.array([])),
        (3, WNIDS[0], "tench, Tinca tinca", "a fish", 0, np.array([])),
        (1001, "n00001740", "entity", "all", 2, np.array([1, 2])),
    ]
    fields = ("ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children")
    mat(folder / "meta.mat", synsets=structs(rows, *fields))
    text(folder / "ILSVRC2012_validation_ground_truth.txt", *truth)


def test_class_folders_are_in_the_order_of_their_ids(tmp_path):
    imagenet(tmp_path)
    text(tmp_path / "train/n01440764/notes.txt", "x")
    image(tmp_path / "train/stray.JPEG")
    assert splits(tmp_path) == ("train", "val")
    train, valid = read(tmp_path, "train"), read(tmp_path, "valid")
    assert train.folders == valid.folders == WNIDS
    assert train.classes == valid.classes == NAMES
    assert [s.label for s in train.samples] == [0, 0, 1, 1, 2, 2]
    assert train.samples[0].path == "train/n01440764/n01440764_0.JPEG"
    assert skipped(train) == {
        "train/n01440764/notes.txt": "no image by its ending",
        "train/stray.JPEG": "in no class folder",
    }


def test_names_are_the_first_of_timms(tmp_path):
    from timm.data import ImageNetInfo

    theirs = ImageNetInfo()
    for wnid in theirs.label_names()[::50]:
        (tmp_path / "train" / wnid).mkdir(parents=True)
    found = read(tmp_path, "train")
    assert len(found.folders) == 20
    for wnid, name in zip(found.folders, found.classes, strict=True):
        assert name == theirs.label_name_to_description(wnid).split(",")[0]


def test_a_flat_val_takes_kaggles_solution(tmp_path):
    home = tmp_path / "ILSVRC/Data/CLS-LOC"
    flat(home)
    image(home / "val/ILSVRC2012_val_00000009.JPEG")
    for number, wnid in enumerate((WNIDS[2], WNIDS[0], WNIDS[1]), 1):
        with (tmp_path / "LOC_val_solution.csv").open("a") as file:
            if number == 1:
                file.write("ImageId,PredictionString\n")
            file.write(f"ILSVRC2012_val_{number:08d},{wnid} 85 1 499 272 {wnid} 1 2 3 4 \n")
    with (tmp_path / "LOC_val_solution.csv").open("a") as file:
        file.write("ILSVRC2012_val_00000004,n07875152 1 2 3 4\n")
    for path in (tmp_path, tmp_path / "ILSVRC", home):
        found = read(path)
        assert listed(found) == expected()
        assert found.folders == WNIDS  # not the one whose image is not there
        assert skipped(found) == {
            "val/ILSVRC2012_val_00000009.JPEG": "not in LOC_val_solution.csv",
            "val/ILSVRC2012_val_00000004": "no such file",
        }
        assert read(path, "train").folders == WNIDS


@pytest.mark.parametrize("folder", ["", "data", "devkit/data", "ILSVRC2012_devkit_t12/data"])
def test_a_flat_val_takes_the_development_kit(tmp_path, folder):
    flat(tmp_path)
    devkit(tmp_path / folder)
    assert listed(read(tmp_path)) == expected()
    (tmp_path / folder / "meta.mat").unlink()
    with pytest.raises(DataError, match=r"numbers classes as meta.mat .* put that beside it"):
        read(tmp_path)


def test_torchvision_reads_the_development_kit_the_same(tmp_path, monkeypatch):
    from torchvision.datasets import imagenet as theirs

    devkit(tmp_path / "kit/ILSVRC2012_devkit_t12/data")
    shutil.make_archive(str(tmp_path / "ILSVRC2012_devkit_t12"), "gztar", tmp_path / "kit")
    monkeypatch.setattr(theirs, "_verify_archive", lambda *_: None)
    theirs.parse_devkit_archive(str(tmp_path))
    _, wnids = theirs.load_meta_file(str(tmp_path))
    assert wnids == [WNIDS[2], WNIDS[0], WNIDS[1]]


def test_tiny_imagenet(tmp_path):
    for wnid in WNIDS:
        image(tmp_path / f"train/{wnid}/images/{wnid}_0.JPEG")
        text(tmp_path / f"train/{wnid}/{wnid}_boxes.txt", "x")
    for number, _ in enumerate(WNIDS):
        image(tmp_path / f"val/images/val_{number}.JPEG")
    image(tmp_path / "test/images/test_0.JPEG")
    rows = (f"val_{n}.JPEG\t{wnid}\t0\t0\t62\t62" for n, wnid in enumerate(reversed(WNIDS)))
    text(tmp_path / "val/val_annotations.txt", *rows)
    assert splits(tmp_path) == ("train", "val")
    assert listed(read(tmp_path))[0] == ("val/images/val_0.JPEG", NAMES[2], None)
    assert [s.label for s in read(tmp_path).samples] == [2, 1, 0]
    assert len(read(tmp_path, "train").samples) == 3


def test_without_a_list_a_flat_val_is_refused_and_train_is_read(tmp_path):
    flat(tmp_path)
    assert splits(tmp_path) == ("train", "val")
    with pytest.raises(DataError, match=r"val has no class folders; put LOC_val_solution.csv"):
        read(tmp_path)
    assert len(read(tmp_path, "train").samples) == 6


def test_ids_without_splits_are_one(tmp_path):
    for wnid in WNIDS[:2]:
        image(tmp_path / wnid / "a.jpg")
    assert splits(tmp_path) == ("all",)
    found = read(tmp_path, "all")
    assert [s.path for s in found.samples] == [f"{wnid}/a.jpg" for wnid in WNIDS[:2]]
    assert found.classes == (NAMES[0], "crane")


def test_a_class_that_only_one_split_has_keeps_its_index(tmp_path):
    imagenet(tmp_path)
    shutil.rmtree(tmp_path / "val" / WNIDS[0])
    (tmp_path / "val/n07875152").mkdir()
    assert read(tmp_path).folders == (*WNIDS, "n07875152")
    assert read(tmp_path, "train").folders == (*WNIDS, "n07875152")


@pytest.mark.parametrize("other", ["cat", "n123", "n012345678"])
def test_folders_of_other_names_are_an_image_folder(tmp_path, other):
    imagenet(tmp_path)
    for split in ("train", "val"):
        image(tmp_path / split / other / "a.jpg")
    assert read(tmp_path).reader == "image_folder"


def test_what_archives_leave_behind_changes_nothing(tmp_path):
    imagenet(tmp_path)
    image(tmp_path / "train/__MACOSX/._a.JPEG")
    image(tmp_path / "train/.ipynb_checkpoints/a.JPEG")
    for number in range(100):
        text(tmp_path / f"train/{number}.tar", "x")
    found = read(tmp_path, "train")
    assert found.reader == "imagenet"
    assert found.folders == WNIDS
    assert len(found.samples) == 6


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["ImageId,PredictionString", "ILSVRC2012_val_00000001,7 1 2 3 4"], "has '7' where a W"),
        (["ImageId,PredictionString", "ILSVRC2012_val_00000001"], "where a WordNet id"),
        (["x", f'"{"a" * 200_000}",b'], "is not a CSV file"),
    ],
)
def test_a_solution_that_does_not_fit_is_refused(tmp_path, lines, said):
    flat(tmp_path)
    text(tmp_path / "LOC_val_solution.csv", *lines)
    with pytest.raises(DataError, match=said):
        read(tmp_path)


@pytest.mark.parametrize("number", ["1001", "4", "x", "-1"])
def test_a_number_of_no_class_is_refused(tmp_path, number):
    flat(tmp_path)
    devkit(tmp_path, ("1", "2", number))
    with pytest.raises(DataError, match=f"has '{number}' in line 3, which .*meta.mat has not"):
        read(tmp_path)
