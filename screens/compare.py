"""An edit weighed against the original and every control."""

from textual.app import ComposeResult
from textual.widgets import Static

from screens.base import Base
from screens.ports import Backstage


class CompareScreen(Base):
    """An edit weighed against the original and every control."""

    NAME = "Compare"

    def __init__(self, backstage: Backstage, edit: str) -> None:
        super().__init__(backstage)
        self.edit = edit

    def body(self) -> ComposeResult:
        """Return what the screen is about."""
        yield Static()
