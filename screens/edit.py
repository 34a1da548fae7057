"""An edit of the decision layer, from form to finish."""

from textual.app import ComposeResult
from textual.widgets import Static

from screens.base import Base
from screens.ports import Backstage


class EditScreen(Base):
    """An edit of the decision layer, from form to finish."""

    NAME = "Edit"

    def __init__(
        self,
        backstage: Backstage,
        class_index: int,
        neurons: tuple[int, ...] = (),
        top: str = "auto",
        on: str | None = None,
    ) -> None:
        super().__init__(backstage)
        self.class_index, self.neurons, self.top, self.on = class_index, neurons, top, on

    def body(self) -> ComposeResult:
        """Return what the screen is about."""
        yield Static()
