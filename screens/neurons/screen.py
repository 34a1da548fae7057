"""The neurons behind a class's mistakes: ranked, selected, shown one by one."""

from asyncio import sleep
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.timer import Timer

from engine.schema.errors import EngineError
from engine.schema.requests import HeatRequest
from screens import clip_words
from screens.command import Command, bindings
from screens.ensure_features import FAILED, ensure_features
from screens.guarded import while_open
from screens.latest import LatestTask
from screens.messages import ToEdit, ToIllusions, ToKinds, ToNeurons, ToWhatIf
from screens.neuron_details import NeuronDetails, load_details
from screens.neurons import found, ranking
from screens.neurons.lists import NeuronLists
from screens.neurons.naming import Naming
from screens.neurons.panel import NeuronPanel
from screens.neurons.ranking import LISTED, Ranking
from screens.ports import Workspace
from screens.search_field import Searchable, SearchField
from screens.widgets.cursor import RESTS
from screens.widgets.table import Table
from screens.widgets.text import Static
from screens.words import counted

DRAWN = 4
"""Neurons drawn where none is selected."""


@dataclass(frozen=True)
class _Loaded:
    name: str
    ranking: Ranking
    selected: tuple[int, ...]


class NeuronsScreen(Searchable):
    """The neurons behind a class's mistakes."""

    NAME = "Neurons"
    OPENED_BY = ToNeurons
    TABLE: ClassVar[tuple[Command, ...]] = (
        Command("neurons.select", "space", "select", "Select", "Select or deselect the neuron"),
        Command("neurons.more", "+,=", "slide(1)", "N+1", "Select one more of the ranking's top"),
        Command("neurons.fewer", "-", "slide(-1)", "N-1", "Select one fewer", show=False),
        Command("neurons.many", "]", "slide(10)", "N+10", "Select ten more", show=False),
        Command("neurons.few", "[", "slide(-10)", "N-10", "Select ten fewer", show=False),
        Command(
            "neurons.clear", "u", "clear_selection", "Clear", "Clear the selection", show=False
        ),
        Command("neurons.draw", "v", "draw", "Draw", "Draw the selected neurons, or the top 4"),
        Command("neurons.one", "V", "draw_one", "Draw one", "Draw this neuron (enter)", show=False),
        Command(
            "neurons.whatif", "w", "whatif", "What-if", "Preview ablating the selected neurons"
        ),
        Command("neurons.edit", "e", "edit", "Edit", "Edit with the selected neurons"),
        Command("neurons.rank", "s", "rank", "Rank", "Rank by contrast, votes or contribution"),
        Command("neurons.sort", "S", "sort", "Sort", "Sort the listed by a column", show=False),
        Command(
            "neurons.both", "a", "ambiguous", "In both", "Only those in both lists", show=False
        ),
        Command("neurons.list", "m", "list_more", "List more", "List twice as many", show=False),
        Command(
            "neurons.heat", "t", "heat", "Heat", "Heat maps on mistakes, on all, off", show=False
        ),
        Command(
            "neurons.search", "slash", "search", "Search", "Order by a text, as CLIP sees", False
        ),
        Command(
            "neurons.ends",
            "b",
            "ends",
            "Both ends",
            "Sort the class's images by the selected neurons, and cut them in two",
            False,
        ),
        clip_words.command("neurons"),
        Command("neurons.left", "h,left", "side(0)", "Left", "Go to the too weak", show=False),
        Command("neurons.right", "l,right", "side(1)", "Right", "Go to the too strong", show=False),
    )
    BINDINGS = bindings(TABLE)
    CSS = """
    NeuronsScreen #note { height: auto; padding: 0 1; color: $text-warning; display: none; }
    NeuronsScreen.-low #note { max-height: 1; }
    NeuronsScreen.-low NeuronPanel { height: 40%; min-height: 6; }
    NeuronsScreen #instead { height: 1fr; content-align: center middle; padding: 0 4; }
    NeuronsScreen #instead { display: none; }
    NeuronsScreen.-instead #instead { display: block; }
    NeuronsScreen.-instead NeuronLists, NeuronsScreen.-instead NeuronPanel { display: none; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]
    REST = 0.6
    """Seconds the cursor rests on a neuron before its heat maps are requested."""

    def __init__(self, workspace: Workspace, class_index: int, mistake: str | None = None) -> None:
        super().__init__(workspace)
        self.class_index, self.mistake = class_index, mistake
        self._loaded: _Loaded | None = None
        self._selected_neurons: tuple[int, ...] = ()
        self._reads_selection = True
        self._requested: set[int] = set()
        self._rest: Timer | None = None
        self._naming = Naming(self, self.on_screen_resume, self._warn)
        self._load = LatestTask(self, self._rank, self._show, self._say_instead)
        self._load_details = LatestTask(self, self._details_of, self._show_details, self._warn)

    def body(self) -> ComposeResult:
        """Put two lists side by side, and the cursor's neuron below."""
        yield SearchField(self.workspace)
        yield Static(id="note")
        yield NeuronLists()
        yield NeuronPanel()
        yield Static(id="instead")

    def on_mount(self) -> None:
        """Rank the neurons."""
        self._say_instead("loading…")
        self._load.start("contrast", LISTED)

    def on_screen_resume(self) -> None:
        """Show what was selected and drawn on other screens."""
        if self._loaded is not None:
            self._reads_selection = True
            self._load.start(self._loaded.ranking.by, self._loaded.ranking.top)

    def _rank(self, by: str, top: int) -> _Loaded | None:
        cache = self.workspace.cache()
        if cache is None:
            return None
        query = self.text_query
        listed = top if query is None else cache.meta.width
        names = self._naming.words.of_neurons(cache)
        drawn = self.workspace.home / "illusions"
        ranked = ranking.rank(cache, self.class_index, by, listed, self.mistake, names, drawn)
        if query is not None:
            ranked = found.ordered(replace(ranked, top=top), cache, query)
        selected = self.workspace.selected(self.class_index)
        return _Loaded(cache.classes[self.class_index], ranked, selected)

    def _show(self, loaded: _Loaded | None) -> None:
        if loaded is None:
            return self._say_instead(ensure_features(self.workspace, self.job_line))
        self._loaded = loaded
        if self._reads_selection:
            self._selected_neurons, self._reads_selection = loaded.selected, False
        self.remove_class("-instead")
        self._show_title(loaded)
        self.query_one(NeuronLists).show(loaded.ranking, self._selected_neurons)
        if self.ordered_anew():
            self.query_one(NeuronLists).go_to_first()
        self.refresh_bindings()
        return self._look()

    def order_anew(self) -> None:
        """Order the neurons by the text, or as they are ranked."""
        if self._loaded is not None:
            self._load.start(self._loaded.ranking.by, self._loaded.ranking.top)

    def focus_found(self) -> None:
        """Go to the neurons."""
        self.query_one(NeuronLists).focus_list()

    def _show_title(self, loaded: _Loaded) -> None:
        ranked = loaded.ranking.neurons
        steps = "" if ranked.median_steps is None else f" (median {ranked.median_steps:g} steps)"
        flipped = "all" if ranked.flipped == ranked.mistakes else str(ranked.flipped)
        title = f"{counted(ranked.mistakes, 'mistake')}, counterfactuals flip {flipped}{steps}"
        if self.mistake is not None:
            image = self.mistake.rsplit("/", 1)[-1]
            result = "counterfactual flips it" if ranked.flipped else "no counterfactual flips it"
            title = f"only {image}, {result}{steps}"
        self.set_breadcrumb(loaded.name, "neurons", title)
        note = self.query_one("#note", Static)
        note.display = bool(ranked.note)
        note.update(ranked.note)

    def _say_instead(self, sentence: str) -> None:
        self.set_breadcrumb(self._class_name(), "neurons")
        self.add_class("-instead")
        self.query_one("#instead", Static).update(sentence)
        self.refresh_bindings()

    def _class_name(self) -> str:
        return self._loaded.name if self._loaded else f"class {self.class_index}"

    def _warn(self, sentence: str) -> None:
        self.notify(sentence, severity="warning")

    # the cursor's neuron

    @on(NeuronLists.Moved)
    @work(group="rest", exclusive=True)
    async def _look_at_rest(self) -> None:
        await sleep(RESTS)
        if len(self.query("#insufficient, #excessive, #figures")) == 3:  # else it is being closed
            self._look()

    def _look(self) -> None:
        lists = self.query_one(NeuronLists)
        if self._loaded is None:
            return
        self.query_one(NeuronPanel).begin(lists.ranked, lists.insufficient, self._loaded.ranking.by)
        if lists.ranked is not None:
            self._load_details.start(lists.ranked.neuron)

    def _details_of(self, neuron: int) -> NeuronDetails | None:
        cache = self.workspace.cache()
        return load_details(self.workspace, cache, self.class_index, neuron) if cache else None

    def _show_details(self, details: NeuronDetails | None) -> None:
        lists = self.query_one(NeuronLists)
        if details is None or not lists.ranked or lists.ranked.neuron != details.neuron.neuron:
            return
        self.query_one(NeuronPanel).show(details)
        if self._rest is not None:
            self._rest.stop()
        if not details.heat and not self.job_line.error:
            request = while_open(self, lambda: self._request_heat(details))
            self._rest = self.set_timer(self.REST, request)

    def _request_heat(self, details: NeuronDetails) -> None:
        """Request the heat maps, once a visit, and of one neuron at a time."""
        neuron, ranked = details.neuron.neuron, self.query_one(NeuronLists).ranked
        rests = ranked is not None and ranked.neuron == neuron
        busy = self.job_line.running or neuron in self._requested
        if not rests or busy or self.workspace.read_only:
            return
        self._requested.add(neuron)
        if details.job is not None:
            self.job_line.track(details.job)
        else:
            self.job_line.submit(HeatRequest(class_index=self.class_index, neuron=neuron))

    def on_job_line_done(self) -> None:
        """Show the job's result: the ranking, or heat maps, or go on to words."""
        self._naming.go_on()
        if self._loaded is None:
            self._load.start("contrast", LISTED)
        else:
            self._look()

    def on_job_line_failed(self) -> None:
        """Say what can be done where nothing else is shown."""
        if self._loaded is None:
            self._say_instead(FAILED)

    # keys

    def command_line(self) -> Sequence[str]:
        """Return the `neurons` that lists the same."""
        if self._loaded is None:
            return ()
        shown = self._loaded.ranking
        words = ["neurons", "--class", self._loaded.name, "--by", shown.by]
        if shown.top != LISTED:
            words += ["--top", str(shown.top)]
        return words if self.mistake is None else [*words, "--mistake", self.mistake]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what needs neurons only where there are any."""
        own = {command.action.partition("(")[0] for command in self.TABLE}
        if action == "words" and (self._loaded is None or self._loaded.ranking.named):
            return False
        if action == "words" and not self._naming.can_start:
            return False
        if action == "ends" and not self._selected_neurons:
            return False
        return action not in own or not self.has_class("-instead")

    def _select(self, selected: tuple[int, ...]) -> None:
        self._selected_neurons, self._reads_selection = selected, False
        self.query_one(NeuronLists).select(selected)
        try:
            self.workspace.select(self.class_index, selected)
        except EngineError as error:
            self._warn(str(error))

    def action_select(self) -> None:
        """Select or deselect the cursor's neuron."""
        ranked = self.query_one(NeuronLists).ranked
        if self._loaded and ranked:
            self._select(
                ranking.toggled(self._loaded.ranking.order, self._selected_neurons, ranked.neuron)
            )

    def action_slide(self, places: int) -> None:
        """Change N, and list enough neurons to show the first N."""
        if self._loaded is None:
            return
        shown = self._loaded.ranking
        self._select(ranking.slid(shown.order, self._selected_neurons, places))
        if ranking.leading(shown.order, self._selected_neurons) > shown.top:
            self.action_list_more()

    def action_clear_selection(self) -> None:
        """Clear the selection."""
        self._select(())

    def action_list_more(self) -> None:
        """List twice as many."""
        if self._loaded is not None:
            self._load.start(self._loaded.ranking.by, 2 * self._loaded.ranking.top)

    def action_rank(self) -> None:
        """Rank by the next ranking."""
        if self._loaded is not None:
            ways = self._loaded.ranking.ways
            after = ways[(ways.index(self._loaded.ranking.by) + 1) % len(ways)]
            self._load.start(after, self._loaded.ranking.top)

    def action_sort(self) -> None:
        """Sort the listed neurons by the next column."""
        self.query_one(NeuronLists).cycle_sort()

    def action_ambiguous(self) -> None:
        """List only neurons that are in both lists, or all."""
        self.query_one(NeuronLists).toggle_ambiguous()

    def action_heat(self) -> None:
        """Show heat maps on the mistakes, on all images, or on none."""
        self.query_one(NeuronPanel).cycle_heat()

    def action_side(self, side: int) -> None:
        """Go to the other list."""
        self.query_one(NeuronLists).go(side)

    def action_words(self) -> None:
        """Say in words what neurons see."""
        self._naming.start()

    def on_unmount(self) -> None:
        """Stop naming neurons."""
        self._naming.stop()

    def action_draw(self) -> None:
        """Draw the selected neurons, or the top of the ranking."""
        if self._loaded is not None:
            chosen = self._selected_neurons or self._loaded.ranking.order[:DRAWN]
            self.post_message(ToIllusions(self.class_index, chosen))

    @on(Table.Chosen)
    def action_draw_one(self) -> None:
        """Draw the cursor's neuron."""
        ranked = self.query_one(NeuronLists).ranked
        if ranked is not None:
            self.post_message(ToIllusions(self.class_index, (ranked.neuron,)))

    def action_whatif(self) -> None:
        """Preview ablating the selected neurons."""
        self.post_message(ToWhatIf(self.class_index, self._selected_neurons))

    def action_ends(self) -> None:
        """Show both ends of the class's images by the selected neurons."""
        if self._selected_neurons:
            self.post_message(ToKinds(self.class_index, self._selected_neurons))

    def action_edit(self) -> None:
        """Edit with the selected neurons."""
        self.post_message(ToEdit(self.class_index, self._selected_neurons))
