import pytest

from engine.schema.errors import DataError
from tests.engine.data.readers.layouts import cub200, listed, read, skipped, text


def test_images_are_listed_by_number(tmp_path):
    cub200(tmp_path)
    train, test = read(tmp_path, "train"), read(tmp_path, "test")
    first, second = "001.Black_footed_Albatross", "002.Laysan_Albatross"
    assert train.folders == (first, second)
    assert listed(train) == [
        (f"images/{first}/bird_0000.jpg", "Black footed Albatross", None),
        (f"images/{second}/bird_0003.jpg", "Laysan Albatross", None),
    ]
    assert [s.label for s in test.samples] == [0, 1]
    assert not train.skipped


def test_rows_that_do_not_meet_are_told(tmp_path):
    cub200(tmp_path)
    text(tmp_path / "train_test_split.txt", "1 1", "3 0", "4 2", "9 1")
    found = skipped(read(tmp_path, "train"))
    unknown = "neither 0 nor 1 in train_test_split.txt"
    assert found == {
        "images/001.Black_footed_Albatross/bird_0001.jpg": unknown,
        "images/002.Laysan_Albatross/bird_0003.jpg": unknown,
        "image 9": "not in images.txt",
    }


@pytest.mark.parametrize(
    ("file", "lines", "said"),
    [
        ("image_class_labels.txt", ["1 7", "2 1", "3 2", "4 2"], "image 1 the class 7; it is not"),
        ("image_class_labels.txt", ["2 1"], "image 1 the class None"),
        ("images.txt", ["1 a.jpg", "1 b.jpg"], "the line '1 b.jpg'; expected a number of its own"),
        ("images.txt", ["a.jpg"], "the line 'a.jpg'"),
        ("classes.txt", ["1"], "the line '1'"),
        ("classes.txt", ["9" * 30 + " a"], "expected a number of its own"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, file, lines, said):
    cub200(tmp_path)
    text(tmp_path / file, *lines)
    with pytest.raises(DataError, match=said):
        read(tmp_path, "train")
