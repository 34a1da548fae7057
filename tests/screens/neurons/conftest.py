"""The workspace of these tests: a class with six mistakes."""

from tests.screens.blamed import planted  # noqa: F401  a fixture
