import time

import pytest

from engine.schema.requests import FeaturesRequest
from neuroinspect_tui.jobs.submit import title_of


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
