import pytest

from tests.neuroinspect_tui.jobs.conftest import served, store  # noqa: F401  fixtures


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory, monkeypatch):
    """What the app remembers is the test's own, and not the person's who runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
