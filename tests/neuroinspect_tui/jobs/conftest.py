import shutil
import time

import pytest

from engine.schema.requests import FeaturesRequest
from neuroinspect_tui.jobs.launcher import stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import title_of


@pytest.fixture
def store(tmp_path):
    """The jobs of a workspace that is nothing but its file."""
    home = tmp_path / "ws"
    home.mkdir()
    (home / "workspace.toml").write_text('model = "x"\ncheckpoint = "none"\ndata = "nowhere"\n')
    return Store(home)


@pytest.fixture(scope="module")
def served(filled_once, tmp_path_factory):
    """A filled workspace whose runners are stopped at the end."""
    home = shutil.copytree(filled_once, tmp_path_factory.mktemp("served") / "ws")
    yield home
    stop_runners(home)


@pytest.fixture
def submit(store):
    """Submits, and starts no runner."""

    def submitting(request=None, queue="cpu", interactive=True):
        request = request or FeaturesRequest(split="valid")
        return store.submit(
            request, title=title_of(request, ()), queue=queue, out=None, interactive=interactive
        )

    return submitting


def eventually(condition, seconds=60.0):
    """Wait until something holds, which another process brings about."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
    return found
