from pathlib import Path

import pytest

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
        ("", "no column for path or label or split"),
        ("path,label\na.png,cat\n", "no column for split"),
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
        "path,label,split\n../up.png,cat,valid\n/etc/passwd,cat,valid\nabsent.png,cat,valid\n"
        "a.png,cat,valid\n",
    )
    found = split_of(path)
    assert [some.path for some in found.samples] == ["a.png"]
    assert [some.path for some in found.skipped] == ["../up.png", "/etc/passwd", "absent.png"]
    assert "leads out" in found.skipped[0].reason
    assert "no such file" in found.skipped[2].reason
