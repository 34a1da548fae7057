"""The mistakes of a class, by what they were taken for."""

from textual.app import ComposeResult
from textual.widgets import Static

from screens.base import Base
from screens.ports import Backstage


class MistakesScreen(Base):
    """The mistakes of a class, by what they were taken for."""

    NAME = "Mistakes"

    def __init__(self, backstage: Backstage, class_index: int) -> None:
        super().__init__(backstage)
        self.class_index = class_index

    def body(self) -> ComposeResult:
        """Return what the screen is about."""
        yield Static()
