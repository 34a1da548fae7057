import json

import pytest

from engine.schema.errors import DataError
from tests.engine.data.making import split_of
from tests.making import picture


def write(root, *rows):
    for name in ("a.png", "b.png"):
        picture((200, 40, 40), 1).save(root / name)
    path = root / "list.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_objects_are_rows_whatever_the_order_of_keys(tmp_path):
    path = write(
        tmp_path, {"file_name": "a.png", "label": 7, "split": "valid"}, "",
        {"split": "valid", "label": 7.0, "file_name": "b.png", "note": [1]},
        {"file_name": "c.png", "label": None, "split": "valid"},
        {"file_name": "c.png", "label": [1, 2], "split": "valid"}, "[1]",
        {"file_name": "../c.png", "label": "x", "split": None},
    )  # fmt: skip
    found = split_of(path)
    assert found.reader == "json_lines"
    assert [(some.path, some.label) for some in found.samples] == [("a.png", 7), ("b.png", 7)]
    assert [some.reason for some in found.skipped] == [
        "row 4: no label", "row 5: its label is a list, not one value", "row 6: not a JSON object",
        "row 7: no split",
    ]  # fmt: skip


def test_it_is_known_by_its_first_line(tmp_path):
    path = write(tmp_path, {"path": "a.png", "label": "cat", "is_valid": True})
    found = split_of(path.rename(tmp_path / "list.txt"))
    assert (found.reader, found.classes, found.name) == ("json_lines", ("cat",), "valid")


def test_what_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not a file of JSON objects"):
        split_of(write(tmp_path, "path,label", "a.png,cat"))
    with pytest.raises(DataError, match=r"no column for label \(its columns: path\)"):
        split_of(write(tmp_path, {"path": "a.png"}))
