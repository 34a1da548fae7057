"""What screens ask of the app: to open another screen, to copy text. The app knows them all."""

from dataclasses import dataclass

from textual.message import Message

from engine.schema.edits import Edit
from engine.schema.jobs import JobView


@dataclass(eq=False)
class OpenScreen(Message):
    """Open a screen. Its fields are that screen's arguments after the workspace, by name."""


@dataclass(eq=False)
class ToMistakes(OpenScreen):
    """Show the mistakes of a class, the cursor on the first that is predicted as another."""

    class_index: int
    predicted: int | None = None
    """That other class; None: any."""


@dataclass(eq=False)
class ToNeurons(OpenScreen):
    """Show the neurons ranked for all mistakes of a class or, given its path, for one."""

    class_index: int
    mistake: str | None = None


@dataclass(eq=False)
class ToIllusions(OpenScreen):
    """Show drawings of neurons."""

    class_index: int
    neurons: tuple[int, ...]


@dataclass(eq=False)
class ToWhatIf(OpenScreen):
    """Preview an ablation; without neurons it begins with the selected, or the top, ones."""

    class_index: int
    neurons: tuple[int, ...] = ()


@dataclass(eq=False)
class ToEdit(OpenScreen):
    """Edit the decision layer for a class."""

    class_index: int
    neurons: tuple[int, ...] = ()
    """Empty: the first of the ranking."""
    top: str = "auto"
    """`N`, `N%` or `auto`, where no neurons are named."""
    on: str | None = None
    """An edit to start from."""


@dataclass(eq=False)
class ToKinds(OpenScreen):
    """Show both ends of a class's images along the direction of its mistakes, or of neurons."""

    class_index: int
    neurons: tuple[int, ...] = ()
    """Empty: the direction of its mistakes."""


@dataclass(eq=False)
class ToPlots(OpenScreen):
    """Show the classifier on the evaluation split in plots."""


@dataclass(eq=False)
class ToCompare(OpenScreen):
    """Compare an edit with its controls."""

    edit: Edit | str
    """Its record, or its id where the record is still to be read."""


@dataclass
class LargerPictures(Message):
    """Pictures are wanted larger."""

    steps: int
    """Negative: smaller."""


class ToResult(Message):
    """Show what a job made."""

    def __init__(self, job: JobView) -> None:
        super().__init__()
        self.job = job


class ToWorkspace(Message):
    """Open a workspace."""

    def __init__(self, home: str) -> None:
        super().__init__()
        self.home = home


class Copied(Message):
    """Text for the clipboard of whoever sits at the terminal."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class ToDemo(Message):
    """Make the demo's workspace, then open it."""
