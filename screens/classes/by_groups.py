"""What the list of classes does with groups: shows them in the classes' place, and makes some."""

from engine.features.cache import FeatureCache
from screens.base import Base
from screens.classes.grouped import OWN, Cycle, Shown, load_grouping, stored_groupings
from screens.classes.listing import Listing
from screens.classes.table import ClassTable, GroupTable
from screens.grouping_sources import FromDirections, Made
from screens.guarded import LONG_SECONDS
from screens.latest import LatestTask
from screens.new_grouping import NewGrouping
from screens.ports import Workspace


class ByGroups(Base):
    """A screen with a `ClassTable`, and a `GroupTable` that may take its place."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.listing: Listing | None = None
        """The classes, and the data's own groups."""
        self.cycle = Cycle()
        self._shown = Shown(None)
        """The stored grouping that `cycle` is at."""
        self._list = LatestTask(self, stored_groupings, self._take_stored, self._fail_grouping)
        self._load_groups = LatestTask(self, load_grouping, self._take_groups, self._fail_grouping)

    @property
    def cache(self) -> FeatureCache | None:
        """The feature cache, once it is there."""
        raise NotImplementedError

    def show_anew(self) -> None:
        """Show what there is."""
        raise NotImplementedError

    @property
    def grouped(self) -> bool:
        """Whether groups are shown, and not classes."""
        return self.cycle.at is not None

    @property
    def grouping(self) -> tuple[str, Shown] | None:
        """The name and the groups of the stored grouping that is shown, if one is."""
        return (self.cycle.at, self._shown) if self.cycle.at else None

    def show_groups(self) -> None:
        """Fill the table of groups, where it is shown."""
        listing = self.listing if self.cycle.at == OWN else self._shown.listing
        if self.grouped and listing is not None:
            self.query_one(GroupTable).list_groups(listing)

    def look_again(self) -> None:
        """See whether groupings were made or corrected meanwhile, such as in another terminal."""
        if self.cache is not None:
            self._list.start(self.workspace)
            self._reload()

    def _take_stored(self, stored: list[str]) -> None:
        self.cycle.stored = stored
        self.refresh_bindings()

    def action_groups(self) -> None:
        """Show the next: the data's groups, a stored grouping, or classes again."""
        self.cycle.next()
        self._shown = Shown(None)
        self.set_class(self.grouped, "-grouped")
        if self.cycle.at:
            self.query_one(GroupTable).clear("loading…")
        self.query_one(GroupTable if self.grouped else ClassTable).focus()
        self.look_again()
        self.show_anew()

    def _reload(self) -> None:
        if self.cycle.at and self.cache is not None:
            self._load_groups.start(self.workspace, self.cache, self.cycle.at)

    def _take_groups(self, found: tuple[str, Shown]) -> None:
        name, shown = found
        if name == self.cycle.at:
            self._shown = shown
            self.show_anew()

    def _fail_grouping(self, sentence: str) -> None:
        self._shown = Shown(None, (f"✗ {sentence}",))
        self.query_one(GroupTable).clear("")
        self.show_anew()

    def action_group(self) -> None:
        """Make a grouping of the cursor's class, or of all."""
        index = self.query_one(ClassTable).key
        if self.listing is not None and index is not None:
            name = self.listing.scores.classes[index].name
            source = FromDirections(self.workspace, index, name)
            self.app.push_screen(NewGrouping(self.workspace, source), self._made)

    def _made(self, made: Made | None) -> None:
        if made is not None:
            self.cycle.take_new(made.grouping.name)
            self.notify(f"{made.sentence} u shows it.", timeout=LONG_SECONDS, markup=False)
            self.refresh_bindings()
