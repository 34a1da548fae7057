"""The neurons to blame for a class's mistakes, ranked, ticked and looked at one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Static

from engine.schema.errors import EngineError
from engine.schema.requests import HeatRequest
from screens.base import Base
from screens.closeup import Closeup, look_closely
from screens.command import Command, bindings
from screens.ensure_features import fill_cache
from screens.latest import Asker
from screens.messages import ToEdit, ToIllusions, ToWhatIf
from screens.neurons import blame
from screens.neurons.blame import LISTED, RANKINGS, Blame
from screens.neurons.lists import NeuronLists
from screens.neurons.panel import NeuronPanel
from screens.ports import Workspace
from screens.widgets.table import Table
from screens.words import counted

DRAWN = 4
"""Neurons drawn where none is ticked."""


@dataclass(frozen=True)
class _Found:
    name: str
    blame: Blame
    selected: tuple[int, ...]


class NeuronsScreen(Base):
    """The neurons to blame for a class's mistakes."""

    NAME = "Neurons"
    TABLE: ClassVar[tuple[Command, ...]] = (
        Command(
            "neurons.tick", "space", "select", "Tick", "Tick the cursor's neuron, or untick it"
        ),
        Command("neurons.more", "+,=", "slide(1)", "N", "Tick one more of the order's first"),
        Command("neurons.fewer", "-", "slide(-1)", "N-1", "Tick one less", show=False),
        Command("neurons.many", "]", "slide(10)", "N+10", "Tick ten more", show=False),
        Command("neurons.few", "[", "slide(-10)", "N-10", "Tick ten less", show=False),
        Command("neurons.none", "u", "untick", "Untick", "Untick all", show=False),
        Command("neurons.draw", "v", "draw", "Draw", "Draw what the ticked see, or the top 4"),
        Command("neurons.one", "V", "draw_one", "Draw one", "Draw this one (enter)", show=False),
        Command("neurons.whatif", "w", "whatif", "What-if", "Try scaling the ticked"),
        Command("neurons.edit", "e", "edit", "Edit", "Edit with the ticked"),
        Command("neurons.rank", "s", "rank", "Rank", "Rank by contrast, votes or contribution"),
        Command("neurons.sort", "S", "sort", "Sort", "Sort what is listed by a column", show=False),
        Command(
            "neurons.both", "a", "ambiguous", "In both", "Only those in both lists", show=False
        ),
        Command("neurons.list", "m", "list_more", "List more", "List twice as many", show=False),
        Command("neurons.heat", "t", "heat", "Heat", "Heat on mistakes, on all, off", show=False),
        Command("neurons.left", "h,left", "side(0)", "Left", "To what is lacking", show=False),
        Command("neurons.right", "l,right", "side(1)", "Right", "To what is too much", show=False),
    )
    BINDINGS = bindings(TABLE)
    CSS = """
    NeuronsScreen #note { height: auto; padding: 0 1; color: $text-warning; display: none; }
    NeuronsScreen #instead { height: 1fr; content-align: center middle; padding: 0 4; }
    NeuronsScreen #instead { display: none; }
    NeuronsScreen.-instead #instead { display: block; }
    NeuronsScreen.-instead NeuronLists, NeuronsScreen.-instead NeuronPanel { display: none; }
    """
    REST = 0.6
    """Seconds the cursor rests on a neuron before its heat maps are asked for."""

    def __init__(self, workspace: Workspace, class_index: int, mistake: str | None = None) -> None:
        super().__init__(workspace)
        self.class_index, self.mistake = class_index, mistake
        self._found: _Found | None = None
        self._selected_neurons: tuple[int, ...] = ()
        self._adopts = True
        self._asked: set[int] = set()
        self._rest: Timer | None = None
        self._ranking = Asker(self, self._rank, self._show, self._say_instead)
        self._looking = Asker(self, self._look_at, self._show_closely, self._warn)

    def body(self) -> ComposeResult:
        """Put two lists side by side, and the cursor's neuron below."""
        yield Static(id="note")
        yield NeuronLists()
        yield NeuronPanel()
        yield Static(id="instead")

    def on_mount(self) -> None:
        """Ask for the ranking."""
        self._say_instead("reading…")
        self._ranking.ask("contrast", LISTED)

    def on_screen_resume(self) -> None:
        """Take over what was ticked and drawn elsewhere."""
        if self._found is not None:
            self._adopts = True
            self._ranking.ask(self._found.blame.by, self._found.blame.top)

    def _rank(self, by: str, top: int) -> _Found | None:
        cache = self.workspace.cache()
        if cache is None:
            return None
        found = blame.look(cache, self.class_index, by, top, self.mistake)
        selected = self.workspace.selected(self.class_index)
        return _Found(cache.classes[self.class_index], found, selected)

    def _show(self, found: _Found | None) -> None:
        if found is None:
            return self._say_instead(fill_cache(self.workspace, self.job_line))
        self._found = found
        if self._adopts:
            self._selected_neurons, self._adopts = found.selected, False
        self.remove_class("-instead")
        self._say_title(found)
        self.query_one(NeuronLists).show(found.blame, self._selected_neurons)
        self.refresh_bindings()
        return self._look()

    def _say_title(self, found: _Found) -> None:
        some = found.blame.found
        steps = "" if some.median_steps is None else f" (median {some.median_steps:g} steps)"
        flipped = "all" if some.flipped == some.mistakes else str(some.flipped)
        what = f"{counted(some.mistakes, 'mistake')}, {flipped} mended{steps}"
        if self.mistake is not None:
            image = self.mistake.rsplit("/", 1)[-1]
            what = f"only {image}, {'' if some.flipped else 'not '}mended{steps}"
        self.say_where(found.name, "neurons", what)
        note = self.query_one("#note", Static)
        note.display = bool(some.note)
        note.update(some.note)

    def _say_instead(self, sentence: str) -> None:
        self.say_where(self._class_name(), "neurons")
        self.add_class("-instead")
        self.query_one("#instead", Static).update(sentence)
        self.refresh_bindings()

    def _class_name(self) -> str:
        return self._found.name if self._found else f"class {self.class_index}"

    def _warn(self, sentence: str) -> None:
        self.notify(sentence, severity="warning")

    # the cursor's neuron

    @on(NeuronLists.Moved)
    def _look(self) -> None:
        lists = self.query_one(NeuronLists)
        if self._found is None:
            return
        self.query_one(NeuronPanel).begin(lists.ranked, lists.insufficient, self._found.blame.by)
        if lists.ranked is not None:
            self._looking.ask(lists.ranked.neuron)

    def _look_at(self, neuron: int) -> Closeup | None:
        cache = self.workspace.cache()
        return look_closely(self.workspace, cache, self.class_index, neuron) if cache else None

    def _show_closely(self, closeup: Closeup | None) -> None:
        lists = self.query_one(NeuronLists)
        if closeup is None or not lists.ranked or lists.ranked.neuron != closeup.neuron.neuron:
            return
        self.query_one(NeuronPanel).show(closeup)
        if self._rest is not None:
            self._rest.stop()
        if not closeup.heat and not self.job_line.error:
            self._rest = self.set_timer(self.REST, lambda: self._ask_heat(closeup))

    def _ask_heat(self, closeup: Closeup) -> None:
        """Ask for the heat maps, once a visit, and one neuron at a time."""
        neuron, ranked = closeup.neuron.neuron, self.query_one(NeuronLists).ranked
        rests = ranked is not None and ranked.neuron == neuron
        if not rests or self.job_line.running or neuron in self._asked:
            return
        self._asked.add(neuron)
        if closeup.job is not None:
            self.job_line.track(closeup.job)
        else:
            self.job_line.submit(HeatRequest(class_index=self.class_index, neuron=neuron))

    def on_job_line_done(self) -> None:
        """Show what the job made: the feature cache's neurons, or heat maps."""
        if self._found is None:
            self._ranking.ask("contrast", LISTED)
        else:
            self._look()

    def on_job_line_failed(self) -> None:
        """Say what to do where there is nothing else to see."""
        if self._found is None:
            self._say_instead("The images were not looked at; R tries again, escape goes back.")

    # keys

    def command_line(self) -> Sequence[str]:
        """Return the `neurons` that lists the same."""
        if self._found is None:
            return ()
        found = self._found.blame
        words = ["neurons", "--class", self._found.name, "--by", found.by]
        if found.top != LISTED:
            words += ["--top", str(found.top)]
        return words if self.mistake is None else [*words, "--mistake", self.mistake]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what needs neurons only where there are some."""
        own = {command.action.partition("(")[0] for command in self.TABLE}
        return action not in own or not self.has_class("-instead")

    def _select(self, selected: tuple[int, ...]) -> None:
        self._selected_neurons, self._adopts = selected, False
        self.query_one(NeuronLists).select(selected)
        try:
            self.workspace.select(self.class_index, selected)
        except EngineError as error:
            self._warn(str(error))

    def action_select(self) -> None:
        """Tick the cursor's neuron, or untick it."""
        ranked = self.query_one(NeuronLists).ranked
        if self._found and ranked:
            self._select(
                blame.toggled(self._found.blame.order, self._selected_neurons, ranked.neuron)
            )

    def action_slide(self, places: int) -> None:
        """Move N, and list so many that all of the first N are seen."""
        if self._found is None:
            return
        found = self._found.blame
        self._select(blame.slid(found.order, self._selected_neurons, places))
        if blame.leading(found.order, self._selected_neurons) > found.top:
            self.action_list_more()

    def action_clear_selection(self) -> None:
        """Untick all."""
        self._select(())

    def action_list_more(self) -> None:
        """List twice as many."""
        if self._found is not None:
            self._ranking.ask(self._found.blame.by, 2 * self._found.blame.top)

    def action_rank(self) -> None:
        """Rank by the next of the three."""
        if self._found is not None:
            after = RANKINGS[(RANKINGS.index(self._found.blame.by) + 1) % len(RANKINGS)]
            self._ranking.ask(after, self._found.blame.top)

    def action_sort(self) -> None:
        """Sort what is listed by the next column."""
        self.query_one(NeuronLists).cycle_sort()

    def action_ambiguous(self) -> None:
        """List only what is in both lists, or all."""
        self.query_one(NeuronLists).toggle_ambiguous()

    def action_heat(self) -> None:
        """Lay heat maps over elsewhere."""
        self.query_one(NeuronPanel).cycle_heat()

    def action_side(self, side: int) -> None:
        """Go to the other list."""
        self.query_one(NeuronLists).go(side)

    def action_draw(self) -> None:
        """Draw what the ticked see, or the top of the order."""
        if self._found is not None:
            chosen = self._selected_neurons or self._found.blame.order[:DRAWN]
            self.post_message(ToIllusions(self.class_index, chosen))

    @on(Table.Chosen)
    def action_draw_one(self) -> None:
        """Draw what the cursor's neuron sees."""
        ranked = self.query_one(NeuronLists).ranked
        if ranked is not None:
            self.post_message(ToIllusions(self.class_index, (ranked.neuron,)))

    def action_whatif(self) -> None:
        """Try scaling the ticked."""
        self.post_message(ToWhatIf(self.class_index, self._selected_neurons))

    def action_edit(self) -> None:
        """Edit with the ticked."""
        self.post_message(ToEdit(self.class_index, self._selected_neurons))
