"""Who may read what is written: as the umask says, and a private file stays private."""

import os
import stat

import pytest

from engine.io.atomic import write_json, write_text


@pytest.fixture
def umask():
    """Sets the umask, and sets it back."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("mask", "file", "directory"),
    [(0o022, 0o644, 0o755), (0o002, 0o664, 0o775), (0o077, 0o600, 0o700)],
)
def test_modes_follow_the_umask(umask, mask, file, directory, tmp_path):
    umask(mask)
    write_json(tmp_path / "ws" / "marks.json", {})
    assert (mode(tmp_path / "ws" / "marks.json"), mode(tmp_path / "ws")) == (file, directory)


def test_what_was_made_private_or_shared_stays_so(umask, tmp_path):
    home = tmp_path / "ws"
    home.mkdir(mode=0o700)
    for name, permissions in (("private.json", 0o600), ("shared.json", 0o664)):
        path = home / name
        path.touch()
        path.chmod(permissions)
        write_text(path, "{}")
        assert (mode(path), path.read_text()) == (permissions, "{}")
    assert mode(home) == 0o700
