"""Rows streamed to disk are a .npy file that numpy reads, also after an interruption."""

import numpy as np
import pytest
import torch

from engine.io.npy_stream import HEADER, RowFile, read_rows


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(("rows", "width"), [(0, 1), (5, 3), (2, 131_072)])
def test_a_closed_file_is_what_numpy_reads(tmp_path, dtype, rows, width):
    values = torch.randn(rows, width, generator=torch.Generator().manual_seed(0))
    file = RowFile(tmp_path / "a.npy", width, dtype, 0)
    file.append(values)
    file.close(rows)
    found = np.load(tmp_path / "a.npy", allow_pickle=False)
    assert found.dtype == dtype
    assert np.array_equal(found, values.numpy().astype(dtype))
    assert np.load(tmp_path / "a.npy", mmap_mode="r").offset == HEADER


def test_an_interrupted_file_continues_after_the_rows_that_count(tmp_path):
    path, values = tmp_path / "a.npy", torch.arange(12.0).reshape(6, 2)
    file = RowFile(path, 2, np.float32, 0)
    file.append(values[:4])
    file.close()  # without a header: interrupted
    with pytest.raises(ValueError, match=r"magic|pickle"):
        np.load(path, allow_pickle=False)
    file = RowFile(path, 2, np.float32, 3)
    file.append(values[3:])
    file.close(6)
    assert np.array_equal(np.load(path), values.numpy())


def test_an_unfinished_file_is_read_in_parts_as_far_as_it_goes(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.io.npy_stream.NUMBERS_AT_ONCE", 4)
    path, values = tmp_path / "a.npy", torch.arange(10.0).reshape(5, 2)
    file = RowFile(path, 2, np.float32, 0)
    file.append(values)
    file.flush()
    parts = list(read_rows(path, 2, np.float32, 1, 5))
    assert [part.shape for part in parts] == [(2, 2), (2, 2)]
    assert np.array_equal(np.concatenate(parts), values[1:].numpy())
    assert [len(part) for part in read_rows(path, 2, np.float32, 3, 9)] == [2]
    file.close()
