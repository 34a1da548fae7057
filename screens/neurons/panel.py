"""The cursor's neuron: its figures, its drawing, what fires it and where on the mistakes."""

from pathlib import Path

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Label, Static

from engine.schema.records import Illusion, RankedNeuron
from screens.closeup import Closeup, uses
from screens.neurons.blame import RANKED_BY, voted
from screens.real_images import RealImages
from screens.widgets.picture import Picture

HEAT = ("on your mistakes", "on all", "off")
"""Where heat maps are laid over, one after the other."""
WIDE = 110
"""Cells from which on the lists have room for all columns, or this panel for all figures."""


class NeuronPanel(Widget):
    """What is known of one neuron; `show` patches it."""

    DEFAULT_CSS = """
    NeuronPanel { height: 52%; min-height: 13; }
    NeuronPanel #figures {
        height: 2; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis;
    }
    NeuronPanel.-none Horizontal { visibility: hidden; }
    NeuronPanel #box-drawn { width: 20; height: 1fr; margin-right: 1; }
    NeuronPanel #title-drawn { width: 1fr; height: 1; background: $panel; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._closeup: Closeup | None = None
        self._ranked: RankedNeuron | None = None
        self._lacks = True
        self._by: str = "contrast"
        self._heat = HEAT[0]

    def compose(self) -> ComposeResult:
        """Put figures above, three boxes of pictures below."""
        yield Static(id="figures")
        with Horizontal():
            with Vertical(id="box-drawn"):
                yield Label("drawn", id="title-drawn")
                yield Picture(id="drawn", missing="not drawn yet: v draws")
            yield RealImages()

    def on_resize(self) -> None:
        """Let the pictures take the height there is."""
        drawn = max(16, min(2 * (self.size.height - 4), self.size.width // 5))
        self.query_one("#box-drawn").styles.width = drawn
        self._say()

    def begin(self, ranked: RankedNeuron | None, insufficient: bool, by: str) -> None:
        """Show a neuron's figures at once; the rest follows."""
        self._ranked, self._lacks, self._by = ranked, insufficient, by
        self.set_class(ranked is None, "-none")
        if self._closeup and (ranked is None or self._closeup.neuron.neuron != ranked.neuron):
            self._closeup = None
        self._say()

    def show(self, closeup: Closeup) -> None:
        """Show what the disk has of the neuron."""
        self._closeup = closeup
        self._say()
        self._show_drawn(closeup.drawn)
        self._show_images()

    def _say(self) -> None:
        said = Text("no neuron is listed", style="dim")
        if self._ranked is not None:
            said = figures(self._ranked, self._lacks, self._by, self.size.width)
        if self._closeup is not None:
            neuron = self._closeup.neuron
            said.append(f"\nweight {neuron.weight:+.3f}")
            said.append("  speaks for ", style="dim").append(uses(neuron.used_by))
            said.append("  against ", style="dim").append(uses(neuron.opposed_by))
        self.query_one("#figures", Static).update(said)

    def _show_drawn(self, drawn: Illusion | None) -> None:
        path = Path(drawn.path) if drawn is not None and drawn.path else None
        fires = drawn.activation_ratio if drawn is not None else None
        self.query_one("#drawn", Picture).show(path, f"fires {fires:.1f}x real" if fires else "")

    def cycle_heat(self) -> None:
        """Lay heat maps over elsewhere."""
        self._heat = HEAT[(HEAT.index(self._heat) + 1) % len(HEAT)]
        self._show_images()

    def _show_images(self) -> None:
        """Show the real images, with or without heat."""
        if self._closeup is None:
            return
        self.query_one(RealImages).show(
            self._closeup.neuron,
            heat_on_top=self._heat == HEAT[1],
            heat_on_wrong=self._heat != HEAT[2],
        )


def figures(ranked: RankedNeuron, insufficient: bool, by: str, width: int) -> Text:
    """Return a neuron's figures in one line; a narrow one leaves out what the lists show."""
    found = {
        "vote": voted(ranked),
        "contrast": f"{ranked.contrast:.3f}",
        "contribution": f"{ranked.contribution:+.3f}",
        "importance": f"{ranked.importance:.3f}",
        "stable": f"{ranked.stability:.0%}",
        "used more by": str(ranked.used_by),
    }
    for seen in () if width >= WIDE else ("vote", "stable", RANKED_BY[by]):
        found.pop(seen, None)
    said = Text.assemble(
        (str(ranked.neuron), "bold"),
        " is lacking" if insufficient else " is too strong",
        no_wrap=True,
    )
    for name, value in found.items():
        said.append("  ").append(f"{name} ", style="dim").append(value)
    if ranked.ambiguous:
        said.append("  ≈ both")
    return said
