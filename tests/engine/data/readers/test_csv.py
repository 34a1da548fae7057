from pathlib import Path

import pytest

from engine.data.images import open_image
from engine.schema.errors import DataError
from tests.engine.data.making import split_of
from tests.making import picture


def write_csv(root: Path, text: str) -> Path:
    for name in ("a.png", "b.png", "c.png"):
        picture((200, 40, 40), 1).save(root / name)
    path = root / "metadata.csv"
    path.write_text(text)
    return path


def test_a_csv_of_names_and_groups(tmp_path):
    path = write_csv(
        tmp_path,
        "path,label,split,group\na.png,cat,valid,indoor\nb.png,dog,valid,outdoor\n"
        "c.png,cat,train,indoor\n",
    )
    found = split_of(path)
    assert found.classes == ("cat", "dog")
    assert found.groups == ("indoor", "outdoor")
    assert [(some.label, some.group) for some in found.samples] == [(0, 0), (1, 1)]


def test_waterbirds_own_csv(tmp_path):
    path = write_csv(
        tmp_path,
        "img_id,img_filename,y,split,place,place_filename\n"
        "1,a.png,0,1,0,/x\n2,b.png,1,1,0,/x\n3,c.png,1,1,1,/x\n4,a.png,0,0,1,/x\n5,b.png,0,2,1,/x\n",
    )
    found = split_of(path)
    assert found.groups == ("0 × place 0", "0 × place 1", "1 × place 0", "1 × place 1")
    assert [(some.label, some.group) for some in found.samples] == [(0, 0), (1, 2), (1, 3)]
    assert len(split_of(path, "train").samples) == len(split_of(path, "test").samples) == 1
    (tmp_path / "names.txt").write_text("landbird\nwaterbird\n")
    named = split_of(path, class_names=str(tmp_path / "names.txt"))
    assert named.groups[1:3] == ("landbird × place 1", "waterbird × place 0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column for path or label"),
        ("path,diagnosis\na.png,cat\n", r"no column for label \(its columns: path, diagnosis\)"),
        ("path,label,LABEL,split\na.png,cat,dog,valid\n", "2 columns called 'label'"),
        ('path,label,split\na.png,"cat,valid\nb.png,dog,valid\n', "line 2: unexpected end"),
        ("path,label,split\n,cat,valid\n", "lists no images: row 2: no path"),
        ("path,label,split\n", "lists no images"),
        ("path,label,split\na.png,cat,train\n", "No split 'valid'"),
    ],
)
def test_a_csv_that_will_not_do(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        split_of(write_csv(tmp_path, text))


def test_paths_that_lead_out_or_nowhere_are_skipped(tmp_path):
    path = write_csv(
        tmp_path,
        "path,label,split\n../up.png,cat,valid\nabsent.png,cat,valid\na.png,cat,valid\n",
    )
    found = split_of(path)
    assert [some.path for some in found.samples] == ["a.png"]
    assert [some.path for some in found.skipped] == ["../up.png", "absent.png"]
    assert "row 2: path leads out" in found.skipped[0].reason
    assert "no such file" in found.skipped[1].reason


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_any_case_and_spaces(tmp_path, delimiter):
    rows = ("\ufeff Path , LABEL,Split ", "a.png, sea, eagle , Valid", " b.png,dog, valid")
    lines = [row.replace("sea, eagle", '"sea, eagle"').split(",") for row in rows]
    lines[1] = ["a.png", '"sea, eagle"', " Valid"]
    path = write_csv(tmp_path, "".join(delimiter.join(line) + "\r\n" for line in lines))
    found = split_of(path)
    assert found.classes == ("dog", "sea, eagle")
    assert [(some.path, some.label) for some in found.samples] == [("a.png", 1), ("b.png", 0)]
    assert not found.skipped


def test_the_delimiter_is_the_one_that_gives_known_columns(tmp_path):
    path = write_csv(tmp_path, "path;label;split;a, b, c, d\na.png;cat;valid;1, 2\n")
    assert [some.path for some in split_of(path).samples] == ["a.png"]


def test_is_valid_as_fastai_writes_it(tmp_path):
    for yes, no in (("True", "False"), ("1", "0"), ("1.0", "0.0")):
        text = f"fname,label,is_valid\na.png,cat,{yes}\nb.png,dog,{no}\nc.png,dog,maybe\n"
        path = write_csv(tmp_path, text)
        assert [some.path for some in split_of(path).samples] == ["a.png"]
        assert [some.path for some in split_of(path, "train").samples] == ["b.png"]
        assert "neither true nor false" in split_of(path).skipped[0].reason


def test_numbers_are_splits_only_where_they_are_three(tmp_path):
    path = write_csv(tmp_path, "path,y,split\na.png,0,0.0\nb.png,0,1.0\nc.png,0,2.0\n")
    for split, name in (("train", "a.png"), ("valid", "b.png"), ("test", "c.png")):
        assert [some.path for some in split_of(path, split).samples] == [name]
    path = write_csv(tmp_path, "path,y,split\na.png,0,0\nb.png,0,1\nc.png,0,3\n")
    with pytest.raises(DataError, match="the splits there: 0, 1, 3"):
        split_of(path)


def test_without_a_column_of_splits_there_is_one(tmp_path):
    path = write_csv(tmp_path, "filepath,label\na.png,cat\nb.png,dog\n")
    assert len(split_of(path, "all").samples) == 2
    with pytest.raises(DataError, match=r"--valid-from all:0\.2"):
        split_of(path)


def test_numbers_are_one_class_however_they_are_written(tmp_path):
    path = write_csv(
        tmp_path, "path,label,split\na.png,7,valid\nb.png, 7.0,valid\nc.png,07,valid\n"
    )
    found = split_of(path)
    assert found.classes == tuple(map(str, range(8)))
    assert [some.label for some in found.samples] == [7, 7, 7]
    path = write_csv(tmp_path, "path,label,split\na.png,07,valid\nb.png,7,valid\nc.png,x,valid\n")
    assert split_of(path).classes == ("07", "7", "x")
    path = write_csv(tmp_path, "path,label,split\na.png,-1,valid\nb.png,1,valid\n")
    found = split_of(path)
    assert (found.classes, found.skipped[0].reason) == (
        ("0", "1"), "row 2: no class has the number -1",
    )  # fmt: skip


def test_rows_that_say_too_little_are_told(tmp_path):
    path = write_csv(
        tmp_path,
        "path,label,split,group\na.png,cat,valid,sea\n\nb.png,,valid,sea\n,cat,valid,sea\n"
        "b.png,dog,valid\nb.png,dog,,sea\nc.png,dog,valid,\nc.png,dog,train,sea\na.png,cat,valid,sea,\n",
    )
    found = split_of(path)
    assert [some.path for some in found.samples] == ["a.png"]
    assert [(some.path, some.reason) for some in found.skipped] == [
        ("b.png", "row 4: no label"),
        ("metadata.csv", "row 5: no path"),
        ("metadata.csv", "row 6: 3 fields, not 4"),
        ("b.png", "row 7: no split"),
        ("c.png", "row 8: no group"),
        ("a.png", "row 10: listed twice; row 2 counts"),
    ]
    assert [some.path for some in split_of(path, "train").samples] == ["c.png"]


def test_an_image_of_two_classes_is_of_none(tmp_path):
    path = write_csv(
        tmp_path, "path,label,split\na.png,cat,valid\n./a.png,dog,valid\nb.png,dog,valid\n"
    )
    found = split_of(path)
    assert [some.path for some in found.samples] == ["b.png"]
    assert [some.reason for some in found.skipped] == [
        "row 2: listed twice, as cat and dog", "row 3: listed twice, as cat and dog",
    ]  # fmt: skip


def test_columns_and_the_root_can_be_named(tmp_path):
    (tmp_path / "pictures").mkdir()
    picture((200, 40, 40), 1).save(tmp_path / "pictures" / "x.png")
    path = write_csv(tmp_path, "id,label,diagnosis,fold\nx,1,nevus,valid\n")
    columns = {"label": " Diagnosis", "path": "id", "split": "fold"}
    for root in ("pictures", str(tmp_path / "pictures")):
        found = split_of(path, columns=columns, image_root=root)
        assert (found.classes, found.samples[0].path) == (("nevus",), "x.png")
        assert Path(found.root) == tmp_path / "pictures"
    with pytest.raises(DataError, match=r"no column 'dx' for label; its columns: id, label, diagn"):
        split_of(path, columns={"label": "dx"})
    with pytest.raises(DataError, match="no role 'lable'"):
        split_of(path, columns={"lable": "diagnosis"})


def test_an_image_root_may_be_left_by_its_rows(tmp_path):
    (tmp_path / "root").mkdir()
    path = write_csv(tmp_path, "path,label,split\n../a.png,cat,valid\n")
    assert [some.path for some in split_of(path, image_root="root").samples] == ["../a.png"]


def test_absolute_paths_and_backslashes(tmp_path):
    table, elsewhere = tmp_path / "table", tmp_path / "elsewhere"
    for folder in (table / "sub", elsewhere / "one", elsewhere / "two"):
        folder.mkdir(parents=True)
        picture((200, 40, 40), 1).save(folder / "x.png")
    text = f"path,label,split\n{table}/sub/x.png,cat,valid\nsub\\x.png,cat,train\n"
    path = write_csv(table, text)
    assert [some.path for some in split_of(path).samples] == ["sub/x.png"]
    assert [some.path for some in split_of(path, "train").samples] == ["sub/x.png"]
    both = f"{elsewhere}/one/x.png,cat,valid\n{elsewhere}/two/x.png,dog,valid\n"
    found = split_of(write_csv(table, f"path,label,split\n{both}"))
    assert Path(found.root) == elsewhere
    assert [some.path for some in found.samples] == ["one/x.png", "two/x.png"]
    found = split_of(write_csv(table, f"path,label,split\n{both}a.png,cat,valid\n"))
    assert Path(found.root) == table
    assert [some.path for some in found.samples] == [
        f"{elsewhere}/one/x.png", f"{elsewhere}/two/x.png", "a.png",
    ]  # fmt: skip
    assert {open_image(found, some).size for some in found.samples} == {(40, 40)}


def test_names_stay_distinct(tmp_path):
    path = write_csv(
        tmp_path, "path,label,split\na.png,3_series,valid\nb.png,5_series,valid\nc.png,7_up,valid\n"
    )
    assert split_of(path).classes == ("3_series", "5_series", "up")


def test_numbers_beyond_those_of_waterbirds_may_be_folds(tmp_path):
    picture((200, 40, 40), 0).save(tmp_path / "a.png")
    rows = "\n".join(f"a.png,0,{split}" for split in range(4))
    (tmp_path / "list.csv").write_text(f"path,label,split\n{rows}\n")
    with pytest.raises(DataError, match="the splits there: 0, 1, 2, 3"):
        split_of(tmp_path / "list.csv", "valid")
    rows = "\n".join(f"1,a.png,0,{split},0,x.jpg" for split in range(4))
    header = "img_id,img_filename,y,split,place,place_filename"
    (tmp_path / "metadata.csv").write_text(f"{header}\n{rows}\n")
    assert len(split_of(tmp_path / "metadata.csv", "valid").samples) == 1
    assert len(split_of(tmp_path / "metadata.csv", "3").samples) == 1
