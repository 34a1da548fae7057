"""The workspace of these tests: a class with six mistakes, and drawing that starts at once."""

import pytest

from screens.illusions.screen import IllusionsScreen
from tests.screens.blamed import planted  # noqa: F401  a fixture


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing starts at once."""
    monkeypatch.setattr(IllusionsScreen, "REST", 0.001)
