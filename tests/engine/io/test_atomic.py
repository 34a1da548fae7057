"""Files that are whole or absent, and nothing beside them."""

import os
import subprocess
import sys

import msgspec
import pytest

from engine.io.atomic import OURS, decode_json, read_json, write_beside, write_json
from engine.schema.errors import StorageError

KILLED = """
import os, signal, sys
from pathlib import Path
from engine.io.atomic import write_beside
def cut(temporary):
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
write_beside(Path(sys.argv[1]), cut)
"""


def test_what_a_killed_writer_left_is_gone_with_the_next_write(tmp_path):
    path = tmp_path / "head[1].json"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert not path.exists()
    assert len(list(tmp_path.iterdir())) == 1  # the second cleared the first one's
    others = tmp_path / f".head[1].json.{OURS}{os.getpid()}.abcdefgh"
    others.write_text("being written by this very process")
    elsewhere = tmp_path / ".head[1].json.another-host-7.abcdefgh"
    elsewhere.write_text("being written there")
    write_json(path, [1])
    assert read_json(path, list[int]) == [1]
    assert set(tmp_path.iterdir()) == {path, others, elsewhere}


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, 1)

    def full(temporary):
        temporary.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left on device"):
        write_beside(path, full)
    assert list(tmp_path.iterdir()) == [path]
    assert read_json(path, int) == 1


@pytest.mark.parametrize("content", [b'"caf\xe9"', b"[" * 100_000, b"", b"1 2"])
def test_whatever_is_no_json_is_told_as_one(content):
    with pytest.raises(msgspec.DecodeError):
        decode_json(content, str)
