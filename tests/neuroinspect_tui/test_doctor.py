from types import SimpleNamespace

import pytest

from engine.data.readers import READERS
from engine.schema.registry import Registry
from neuroinspect_tui import doctor


@pytest.fixture
def checks(monkeypatch, tmp_path):
    """Examines a directory that is no workspace; returns the checks by what they are of."""
    monkeypatch.setattr(doctor, "_devices", lambda: "none")
    return lambda: {check.what: check for check in doctor.examine(tmp_path)}


def test_the_readers_are_listed(checks):
    found = checks()["readers"]
    assert (found.state, found.found) == ("ok", ", ".join(READERS.names()))


def test_a_reader_that_cannot_be_imported_is_one_warning(checks, monkeypatch, tmp_path):
    about = tmp_path / "site" / "broken-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[tests.broken_readers]\ntar = absent:Tar\n")
    monkeypatch.syspath_prepend(about.parent)
    readers = Registry("engine.data.readers", "tests.broken_readers", "data reader")
    monkeypatch.setattr(doctor, "READERS", readers)
    found = checks()["readers"]
    assert found.state == "warning"
    assert found.found.startswith("The data reader 'tar' of absent:Tar cannot be imported")
    assert "\n" not in found.found


@pytest.mark.parametrize(("free", "state"), [(8 << 30, "ok"), (1 << 30, "warning")])
def test_scarce_memory_and_disk_are_warnings(filled, free, state, monkeypatch):
    memory = SimpleNamespace(available=free, total=16 << 30)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    monkeypatch.setattr("psutil.disk_usage", lambda path: SimpleNamespace(free=free))
    for check in (doctor._memory(), doctor._disk(filled)):
        assert check.state == state
        assert f"{free / 2**30:.1f}" in check.found
