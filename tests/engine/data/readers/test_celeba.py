import shutil

import pytest

from engine.schema.errors import DataError
from tests.engine.data.making import split_of
from tests.engine.data.readers.layouts import celeba, image, listed, read, skipped, text

FACES = "img_align_celeba"


@pytest.mark.parametrize("kind", ["txt", "csv"])
def test_hair_is_the_class_and_sex_makes_groups(tmp_path, kind):
    celeba(tmp_path, kind)
    train = read(tmp_path, "train")
    assert train.folders == ("not Blond_Hair", "Blond_Hair")
    assert train.groups == (
        "not blond hair × not male",
        "not blond hair × male",
        "blond hair × not male",
        "blond hair × male",
    )
    assert listed(train) == [
        (f"{FACES}/000001.jpg", "blond hair", "blond hair × not male"),
        (f"{FACES}/000002.jpg", "not blond hair", "not blond hair × male"),
    ]
    assert listed(read(tmp_path)) == [
        (f"{FACES}/000003.jpg", "blond hair", "blond hair × male"),
        (f"{FACES}/000004.jpg", "not blond hair", "not blond hair × not male"),
    ]
    assert len(read(tmp_path, "test").samples) == 1
    assert not train.skipped


def test_other_attributes_can_be_chosen(tmp_path):
    celeba(tmp_path)
    found = read(tmp_path, columns={"label": "Smiling", "group": "Blond_Hair"})
    assert listed(found) == [
        (f"{FACES}/000003.jpg", "smiling", "smiling × blond hair"),
        (f"{FACES}/000004.jpg", "smiling", "smiling × not blond hair"),
    ]
    found = read(tmp_path, columns={"label": "Male"})
    assert found.groups == ()
    assert [name for _, name, _ in listed(found)] == ["male", "not male"]
    with pytest.raises(DataError, match="cannot both be Male"):
        read(tmp_path, columns={"label": "Male", "group": "Male"})
    with pytest.raises(DataError, match="no attribute 'male'; choose from Blond_Hair, Male, Smil"):
        read(tmp_path, columns={"group": "male"})


def test_the_groups_follow_given_class_names(tmp_path):
    celeba(tmp_path)
    text(tmp_path / "names.txt", "dark", "blond")
    found = split_of(tmp_path, class_names=str(tmp_path / "names.txt"))
    assert found.groups[1:3] == ("dark × male", "blond × not male")


def test_the_authors_and_kaggles_folders(tmp_path):
    celeba(tmp_path)
    for name, folder in (("list_attr_celeba", "Anno"), ("list_eval_partition", "Eval")):
        (tmp_path / folder).mkdir()
        (tmp_path / f"{name}.txt").rename(tmp_path / folder / f"{name}.txt")
    (tmp_path / "Img").mkdir()
    shutil.move(tmp_path / FACES, tmp_path / "Img" / FACES)
    assert read(tmp_path).samples[0].path == f"Img/{FACES}/000003.jpg"
    (tmp_path / FACES).mkdir()
    shutil.move(tmp_path / "Img" / FACES, tmp_path / FACES / FACES)
    assert read(tmp_path).samples[0].path == f"{FACES}/{FACES}/000003.jpg"


def test_rows_and_files_that_do_not_meet_are_told(tmp_path):
    celeba(tmp_path, "csv")
    image(tmp_path / FACES / "000009.jpg")
    with (tmp_path / "list_eval_partition.csv").open("a") as file:
        file.write("000007.jpg,1\n")
    with (tmp_path / "list_attr_celeba.csv").open("a") as file:
        file.write("000008.jpg,1,1,1\n")
    assert skipped(read(tmp_path)) == {
        f"{FACES}/000007.jpg": "not in list_attr_celeba.csv",
        f"{FACES}/000008.jpg": "not in list_eval_partition.csv",
        f"{FACES}/000009.jpg": "in no list of the data's images",
    }


@pytest.mark.parametrize(
    ("file", "lines", "said"),
    [
        ("list_attr_celeba.txt", ["3", "Blond_Hair Male", "a.jpg 1 1"], "lists 3 images, and .* 1"),
        ("list_attr_celeba.txt", ["1", "Blond_Hair Male", "a.jpg 1"], "2 values .* for 'a.jpg'"),
        ("list_attr_celeba.txt", ["1", "Blond_Hair Male", "a.jpg 1 0"], "2 values of 1 or -1"),
        ("list_attr_celeba.txt", ["Blond_Hair Male", "a 1 1", "a 1 1"], "lists 'a' twice"),
        ("list_attr_celeba.txt", [], "no attribute 'Blond_Hair'; choose from none"),
        ("list_eval_partition.txt", ["000001.jpg 3"], "the line '000001.jpg 3'; expected"),
        ("list_eval_partition.txt", ["000001.jpg"], "the line '000001.jpg'"),
        ("list_eval_partition.txt", ["a 0", "a 1"], "lists 'a' twice"),
    ],
)
def test_lists_that_do_not_fit_are_refused(tmp_path, file, lines, said):
    celeba(tmp_path)
    text(tmp_path / file, *lines)
    with pytest.raises(DataError, match=said):
        read(tmp_path)
