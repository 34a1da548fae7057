"""Where a screen wants to go next. Screens post these; the app, which knows them all, goes."""

from textual.message import Message

from engine.schema.jobs import JobView


class ToMistakes(Message):
    """Look at the mistakes of a class."""

    def __init__(self, class_index: int) -> None:
        super().__init__()
        self.class_index = class_index


class ToNeurons(Message):
    """Look at the neurons to blame, for all mistakes of a class or, by its path, for one."""

    def __init__(self, class_index: int, mistake: str | None = None) -> None:
        super().__init__()
        self.class_index, self.mistake = class_index, mistake


class ToIllusions(Message):
    """Look at what neurons see."""

    def __init__(self, class_index: int, neurons: tuple[int, ...]) -> None:
        super().__init__()
        self.class_index, self.neurons = class_index, neurons


class ToWhatIf(Message):
    """Try what scaling some neurons would do; no neurons: begin with the ticked, or the top."""

    def __init__(self, class_index: int, neurons: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.class_index, self.neurons = class_index, neurons


class ToEdit(Message):
    """Edit the decision layer for a class.

    Args:
        class_index: The class.
        neurons: The neurons themselves; empty: the first of the order.
        top: `N`, `N%` or `auto`, where no neurons are named.
        on: An edit to begin from.
    """

    def __init__(
        self,
        class_index: int,
        neurons: tuple[int, ...] = (),
        top: str = "auto",
        on: str | None = None,
    ) -> None:
        super().__init__()
        self.class_index, self.neurons, self.top, self.on = class_index, neurons, top, on


class ToCompare(Message):
    """Weigh an edit."""

    def __init__(self, edit: str) -> None:
        super().__init__()
        self.edit = edit


class ToResult(Message):
    """Look at what a job made."""

    def __init__(self, job: JobView) -> None:
        super().__init__()
        self.job = job


class ToWorkspace(Message):
    """Open a workspace."""

    def __init__(self, home: str) -> None:
        super().__init__()
        self.home = home


class Copied(Message):
    """Text for the clipboard of whoever looks at the terminal."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class ToDemo(Message):
    """Make the demo's workspace, then open it."""
