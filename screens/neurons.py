"""The neurons to blame for a class's mistakes."""

from textual.app import ComposeResult
from textual.widgets import Static

from screens.base import Base
from screens.ports import Backstage


class NeuronsScreen(Base):
    """The neurons to blame for a class's mistakes."""

    NAME = "Neurons"

    def __init__(self, backstage: Backstage, class_index: int, mistake: str | None = None) -> None:
        super().__init__(backstage)
        self.class_index, self.mistake = class_index, mistake

    def body(self) -> ComposeResult:
        """Return what the screen is about."""
        yield Static()
