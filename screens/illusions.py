"""What neurons see, given a class."""

from textual.app import ComposeResult
from textual.widgets import Static

from screens.base import Base
from screens.ports import Backstage


class IllusionsScreen(Base):
    """What neurons see, given a class."""

    NAME = "Illusions"

    def __init__(self, backstage: Backstage, class_index: int, neurons: tuple[int, ...]) -> None:
        super().__init__(backstage)
        self.class_index, self.neurons = class_index, neurons

    def body(self) -> ComposeResult:
        """Return what the screen is about."""
        yield Static()
