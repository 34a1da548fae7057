import os

import pytest

from engine.data.class_names import distinct
from engine.data.published import files_below, read_lines, read_numbered
from engine.schema.errors import DataError


def test_files_are_found_in_order_through_links_but_not_for_ever(tmp_path):
    for name in ("b/2.jpg", "b/10.jpg", "a.jpg", ".hidden/x.jpg", "b/.x.jpg", "c/d/e.jpg"):
        (tmp_path / "top" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "top" / name).write_bytes(b"")
    (tmp_path / "top/loop").symlink_to(tmp_path / "top")
    (tmp_path / "top/again").symlink_to(tmp_path / "top/c")
    (tmp_path / "top/gone.jpg").symlink_to(tmp_path / "nowhere")
    assert list(files_below(tmp_path, "top")) == [
        "top/a.jpg",
        "top/again/d/e.jpg",
        "top/b/10.jpg",
        "top/b/2.jpg",
        "top/c/d/e.jpg",
        "top/gone.jpg",
    ]
    assert "a.jpg" in set(files_below(tmp_path / "top", ""))


def test_names_that_are_the_same_are_told_apart():
    assert distinct(["a", "b", "a"], ["1", "2", "3"]) == ("a (1)", "b", "a (3)")


def test_lines_as_people_write_them(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffone \r\n\r\n two\u2028x\nlast".encode())
    assert read_lines(path) == ["one", "two\u2028x", "last"]
    path.write_bytes(b"1  a b\n2 c\n")
    assert read_numbered(path) == {1: "a b", 2: "c"}


def test_texts_that_will_not_do(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(DataError, match=r"Cannot read .*a.txt: No such file"):
        read_lines(path)
    path.write_bytes(b"\xff")
    with pytest.raises(DataError, match="is not a UTF-8 text"):
        read_lines(path)
    os.truncate(path, 300 * 2**20)
    with pytest.raises(DataError, match="takes 315 MB, more than the 268 MB"):
        read_lines(path)
