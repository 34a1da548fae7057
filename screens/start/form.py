"""The form for `init`: a line a field, and the help of the focused one."""

from collections.abc import Mapping
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from screens.widgets.text import Label, Static

WEIGHTS = ("pretrained", "untrained")
"""Words in place of a checkpoint's path; flags of `init`."""


@dataclass(frozen=True)
class Field:
    """One entry of a new workspace."""

    name: str
    option: str
    """Empty for the directory, which is the command's argument."""
    hint: str
    default: str = ""


FIELDS = (
    Field("directory", "", "The workspace's directory: a new one, or one without a workspace."),
    Field("model", "--model", "A timm name such as resnet50, or local-dir:DIR."),
    Field("checkpoint", "--checkpoint", "A .safetensors, .pt or .pth file; or pretrained (timm's "
          "own weights) or untrained (none yet)."),
    Field("data", "--data", "A folder of SPLIT/CLASS/images, or a CSV (path,label,split[,group])."),
    Field("train split", "--train-split", "The split it was trained on.", "train"),
    Field("eval split", "--eval-split", "The split whose mistakes are inspected.", "valid"),
    Field("clip", "--clip", "none, MODEL/TAG as open_clip lists them, or local-dir:DIR.", "none"),
    Field("device", "--device", "auto, cpu, cuda:N or mps.", "auto"),
)  # fmt: skip


def init_words(values: Mapping[str, str]) -> list[str]:
    """Return the `init` command of a form; fields at their defaults are not named."""
    words = ["init", values["directory"]]
    for field in FIELDS:
        value = values[field.name]
        if field.name == "checkpoint" and value in WEIGHTS:
            words.append(f"--{value}")
        elif field.option and value and value != field.default:
            words += [field.option, value]
    return words


class Form(Vertical):
    """Asks for a new workspace."""

    DEFAULT_CSS = """
    Form { height: auto; padding: 0 1; }
    Form Horizontal { height: 1; }
    Form Label { width: 13; color: $text-muted; }
    Form Input { width: 1fr; }
    Form #hint { height: 2; color: $text-muted; }
    """

    class Filled(Message):
        """The form is complete."""

        def __init__(self, values: dict[str, str]) -> None:
            super().__init__()
            self.values = values

    def __init__(self, directory: str = "") -> None:
        super().__init__()
        self._directory = directory

    def compose(self) -> ComposeResult:
        """Put a line for each field, and the help below."""
        for field in FIELDS:
            with Horizontal():
                yield Label(field.name)
                value = field.default if field.option else self._directory
                yield Input(value, name=field.name, compact=True, select_on_focus=False)
        yield Static(id="hint")

    @property
    def values(self) -> dict[str, str]:
        """The fields' values by name."""
        return {field.name or "": field.value.strip() for field in self.query(Input)}

    def begin(self) -> None:
        """Go to the first empty field."""
        empty = [field for field in self.query(Input) if not field.value]
        (empty or [*self.query(Input)])[0].focus()

    def submit(self) -> None:
        """Post the values; where one is missing, go to its field instead."""
        values = self.values
        missing = [field.name for field in FIELDS if not values[field.name]]
        if missing:
            self.begin()
        else:
            self.post_message(self.Filled(values))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show the field's help."""
        hints = [field.hint for field in FIELDS if field.name == event.widget.name]
        self.query_one("#hint", Static).update("".join(hints))

    def on_descendant_blur(self) -> None:
        """Hide the help."""
        self.query_one("#hint", Static).update("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the next field; from the last one, submit."""
        event.stop()
        if event.input.name == FIELDS[-1].name:
            self.submit()
        else:
            self.screen.focus_next(Input)
