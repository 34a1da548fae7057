"""All jobs, live."""

from textual.app import ComposeResult
from textual.widgets import Static

from screens.base import Base


class JobsScreen(Base):
    """All jobs, live."""

    NAME = "Jobs"

    def body(self) -> ComposeResult:
        """Return what the screen is about."""
        yield Static()
