"""The workspace of these tests."""

import pytest

from tests.screens.erring import erring


@pytest.fixture
def wrong(planted):
    """A workspace with many mistakes."""
    return erring(planted)
