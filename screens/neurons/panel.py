"""The cursor's neuron: its figures, its drawing, its top images and heat maps on mistakes."""

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from engine.schema.records import Illusion, RankedNeuron
from screens.neuron_details import NeuronDetails, weights
from screens.neurons.ranking import OWN, RANKED_BY, steady, voted
from screens.real_images import RealImages
from screens.widgets.picture import Picture
from screens.widgets.text import Label, Static, Text, stacked
from screens.words import counted

HEAT = ("on mistakes", "on all", "off")
"""Where heat maps are shown, one after the other."""
WIDE = 110
"""Cells from which on the lists have room for all columns, or this panel for all figures."""


class NeuronPanel(Widget):
    """All that is known of one neuron."""

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
        self._details: NeuronDetails | None = None
        self._ranked: RankedNeuron | None = None
        self._insufficient = True
        self._by: str = "contrast"
        self._heat = HEAT[0]

    def compose(self) -> ComposeResult:
        """Put figures above, three boxes of pictures below."""
        yield Static(id="figures")
        with Horizontal():
            with Vertical(id="box-drawn"):
                yield Label("drawn", id="title-drawn")
                yield Picture(id="drawn", missing="not drawn yet; v draws it")
            yield RealImages()

    def on_resize(self) -> None:
        """Let the pictures take the height there is."""
        drawn = max(16, min(2 * (self.size.height - 4), self.size.width // 5))
        self.query_one("#box-drawn").styles.width = drawn
        self._update_figures()

    def begin(self, ranked: RankedNeuron | None, insufficient: bool, by: str) -> None:
        """Show a neuron's figures at once; the rest follows."""
        self._ranked, self._insufficient, self._by = ranked, insufficient, by
        self.set_class(ranked is None, "-none")
        if self._details and (ranked is None or self._details.neuron.neuron != ranked.neuron):
            self._details = None
        self._update_figures()

    def show(self, details: NeuronDetails) -> None:
        """Show what the disk has of the neuron."""
        self._details = details
        self._update_figures()
        self._show_drawn(details.drawn)
        self._show_images()

    def _update_figures(self) -> None:
        text = Text("No neuron is listed.", style="dim")
        if self._ranked is not None:
            text = figures(self._ranked, self._insufficient, self._by, self.size.width)
        if self._details is not None:
            neuron = self._details.neuron
            more = Text.assemble(
                f"weight {neuron.weight:+.3f}",
                ("  positive for ", "dim"), weights(neuron.used_by),
                ("  negative for ", "dim"), weights(neuron.opposed_by),
            )  # fmt: skip
            text = stacked((text, more), no_wrap=text.no_wrap)
        self.query_one("#figures", Static).update(text)

    def _show_drawn(self, drawn: Illusion | None) -> None:
        path = Path(drawn.path) if drawn is not None and drawn.path else None
        ratio = drawn.activation_ratio if drawn is not None else None
        caption = f"activation {ratio:.1f}x" if ratio else ""
        self.query_one("#drawn", Picture).show(path, caption)

    def cycle_heat(self) -> None:
        """Show heat maps on the mistakes, on all images, or on none."""
        self._heat = HEAT[(HEAT.index(self._heat) + 1) % len(HEAT)]
        self._show_images()

    def _show_images(self) -> None:
        """Show the real images, with or without heat."""
        if self._details is None:
            return
        self.query_one(RealImages).show(
            self._details.neuron,
            self._details.picture_of,
            heat_on_top=self._heat == HEAT[1],
            heat_on_wrong=self._heat != HEAT[2],
        )


def figures(ranked: RankedNeuron, insufficient: bool, by: str, width: int) -> Text:
    """Return a neuron's figures in one line; a narrow one omits what the lists show."""
    values = {
        "vote": voted(ranked),
        "contrast": f"{ranked.contrast:.3f}",
        "contribution": f"{ranked.contribution:+.3f}",
        **({OWN[by]: f"{ranked.score:.3f}"} if by in OWN else {}),
        "importance": f"{ranked.importance:.3f}",
        "stability": steady(ranked),
        "used more by": counted(ranked.used_by, "class", "classes"),
    }
    for listed in () if width >= WIDE else ("vote", "stability", RANKED_BY[by]):
        values.pop(listed, None)
    text = Text.assemble(
        (str(ranked.neuron), "bold"),
        " too weak" if insufficient else " too strong",
        no_wrap=True,
    )
    for name, value in values.items():
        text.append("  ").append(f"{name} ", style="dim").append(value)
    if ranked.ambiguous:
        text.append("  ≈ in both lists")
    if ranked.word:
        text.append("  sees ", style="dim").append(ranked.word)
    return text
