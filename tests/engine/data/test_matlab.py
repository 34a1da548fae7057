import struct

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from engine.data import mat_file, matlab
from engine.data.matlab import read_integers, read_records, read_texts
from engine.schema.errors import DataError
from tests.engine.data.readers.layouts import cells, mat, structs


@pytest.mark.parametrize("compressed", [False, True])
def test_numbers_texts_and_records(tmp_path, compressed):
    path = tmp_path / "a.mat"
    rows = structs([("a b", np.uint8(3)), ("c", 4.0)], "name", "number")
    variables = {"numbers": np.array([[1, 2, 3, 4]]), "names": cells("x", "y z"), "rows": rows}
    savemat(path, variables, do_compression=compressed)
    assert read_integers(path, "numbers") == [1, 2, 3, 4]
    assert read_texts(path, "names") == ["x", "y z"]
    found = read_records(path, "rows", ["name"], ["number"])
    assert found == [(["a b"], [3]), (["c"], [4])]


def test_one_of_each(tmp_path):
    path = tmp_path / "a.mat"
    mat(path, number=5, names=cells("one"), rows=structs([("a", 1)], "name", "number"))
    assert read_integers(path, "number") == [5]
    assert read_texts(path, "names") == ["one"]
    assert read_records(path, "rows", ["name"], ["number"]) == [(["a"], [1])]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("", 1), "for 'name', where a text"),
        ((7, 1), "for 'name', where a text"),
        (("a", 1.5), "not hold a whole number for 'number'"),
        (("a", "b"), "not hold a whole number"),
        (("a", np.array([1, 2])), "not hold a whole number"),
        (("a", np.inf), "not hold a whole number"),
        (("a", 1j), "not hold a whole number"),
    ],
)
def test_a_field_of_another_kind_is_refused(tmp_path, row, said):
    mat(tmp_path / "a.mat", rows=structs([row, row], "name", "number"))
    with pytest.raises(DataError, match=said):
        read_records(tmp_path / "a.mat", "rows", ["name"], ["number"])


def test_what_is_no_structure_is_refused(tmp_path):
    mat(tmp_path / "a.mat", rows=np.arange(3))
    with pytest.raises(DataError, match="'rows' of numbers, not of records"):
        read_records(tmp_path / "a.mat", "rows", ["name"], [])
    with pytest.raises(DataError, match="'rows' of numbers, not of cells"):
        read_texts(tmp_path / "a.mat", "rows")
    mat(tmp_path / "a.mat", rows=np.ones((2, 2)))
    with pytest.raises(DataError, match="'rows' that is no row of whole numbers"):
        read_integers(tmp_path / "a.mat", "rows")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"Cannot read .*a.mat: No such file"):
        read_integers(tmp_path / "a.mat", "labels")


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.mat"
    savemat(path, {"labels": np.zeros((1, 20_000))}, do_compression=True)
    assert path.stat().st_size < 1000
    monkeypatch.setattr(mat_file, "LARGEST", 10_000)
    with pytest.raises(DataError, match="a variable of more than"):
        read_integers(path, "labels")
    monkeypatch.setattr(matlab, "LARGEST", 100)
    with pytest.raises(DataError, match="check that it is the right one"):
        read_integers(path, "labels")


@pytest.mark.parametrize("compressed", [False, True])
def test_bytes_that_are_spoilt_never_end_in_a_traceback(tmp_path, compressed):
    path = tmp_path / "a.mat"
    rows = structs([("a b", np.uint8(3)), ("c", 4.0)], "name", "number")
    savemat(path, {"rows": rows}, do_compression=compressed)
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for at in random.integers(124, len(whole), 200):
        spoilt = bytearray(whole)
        spoilt[at] ^= int(random.integers(1, 256))
        path.write_bytes(spoilt)
        try:
            read_records(path, "rows", ["name"], ["number"])
        except DataError:
            refused += 1
    assert refused > 30


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_that_is_cut_anywhere_is_refused(tmp_path, compressed):
    path = tmp_path / "a.mat"
    rows = structs([("a b", np.uint8(3)), ("c", 4.0)], "name", "number")
    savemat(path, {"rows": rows}, do_compression=compressed)
    whole = path.read_bytes()
    for kept in range(len(whole)):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError, match=r"is damaged|has no variable"):
            read_records(path, "rows", ["name"], ["number"])


def test_what_scipy_writes_is_read_as_scipy_reads_it(tmp_path):
    path = tmp_path / "a.mat"
    random = np.random.default_rng(0)
    types = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
    for number, kind in enumerate([*types, np.float32, np.float64, bool]):
        values = random.integers(0, 2, number + 1).astype(kind)
        savemat(path, {"other": "x", "it": values}, do_compression=number % 2 == 0)
        assert read_integers(path, "it") == loadmat(path)["it"].ravel().tolist()
    words = ["a", "été", "漢字", "x" * 40]
    mat(path, names=cells(*words))
    assert read_texts(path, "names") == loadmat(path, squeeze_me=True)["names"].tolist() == words


def test_both_byte_orders(tmp_path):
    """A big-endian file, as MATLAB on other machines wrote it: int32 of 1 by 2, named x."""
    header = b"MATLAB 5.0".ljust(124) + b"\x01\x00MI"
    content = struct.pack(">IIII", 6, 8, 12, 0) + struct.pack(">IIii", 5, 8, 1, 2)
    content += struct.pack(">HH4s", 1, 1, b"x") + struct.pack(">IIii", 5, 8, -7, 300)
    (tmp_path / "a.mat").write_bytes(header + struct.pack(">II", 14, len(content)) + content)
    assert read_integers(tmp_path / "a.mat", "x") == [-7, 300]
    assert loadmat(tmp_path / "a.mat")["x"].tolist() == [[-7, 300]]


def test_cells_deep_within_cells_are_refused(tmp_path):
    deep = cells("a")
    for _ in range(30):
        deep = cells(deep)
    mat(tmp_path / "a.mat", names=deep)
    with pytest.raises(DataError, match="too deep"):
        read_texts(tmp_path / "a.mat", "names")
