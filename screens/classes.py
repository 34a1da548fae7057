"""Classes by accuracy, worst first."""

from textual.app import ComposeResult
from textual.widgets import Static

from screens.base import Base


class ClassesScreen(Base):
    """Classes by accuracy, worst first."""

    NAME = "Classes"

    def body(self) -> ComposeResult:
        """Return what the screen is about."""
        yield Static()
