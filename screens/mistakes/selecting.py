"""Images selected by hand, remembered by class, and the groupings made from them."""

from engine.features.cache import FeatureCache
from engine.schema.records import Mistakes, Seen
from screens.grouping_sources import FromDirections, GroupingSource, Made
from screens.guarded import LONG_SECONDS
from screens.mistakes.selection_source import FromSelection
from screens.new_grouping import NewGrouping
from screens.ports import Workspace
from screens.search_field import Searchable


class Selecting(Searchable):
    """A screen of a class's images, of which some are selected.

    Its table has commands with the actions `select`, `clear` and `group`.
    """

    def __init__(self, workspace: Workspace, class_index: int) -> None:
        super().__init__(workspace)
        self.class_index = class_index
        self.chosen: frozenset[str] = frozenset()
        """The selected images, by their paths below the data's root."""

    @property
    def image(self) -> Seen | None:
        """The image under the cursor."""
        raise NotImplementedError

    @property
    def opened(self) -> tuple[FeatureCache, Mistakes] | None:
        """What the images are from, once they are there."""
        raise NotImplementedError

    def selection_changed(self) -> None:
        """Show what is selected now."""
        raise NotImplementedError

    def recall(self) -> frozenset[str]:
        """Return the images that were selected before. For threads."""
        return frozenset(self.workspace.selected_images(self.class_index))

    def is_selected(self, image: Seen) -> bool:
        """Tell whether an image is selected."""
        return self.opened is not None and self._key(image) in self.chosen

    def _key(self, image: Seen) -> str:
        assert self.opened is not None
        return self.opened[0].sample_at(image.path).path

    def action_select(self) -> None:
        """Select the cursor's image, or no longer."""
        if self.opened is not None and self.image is not None:
            self._select(self.chosen ^ {self._key(self.image)})

    def action_clear(self) -> None:
        """Select none."""
        self._select(frozenset())

    def _select(self, chosen: frozenset[str]) -> None:
        self.workspace.select_images(self.class_index, tuple(sorted(chosen)))
        self.chosen = chosen
        self.selection_changed()

    def action_group(self) -> None:
        """Make a grouping of what is selected; else, of the kinds of images of this class."""
        if self.opened is not None:
            self.app.push_screen(
                NewGrouping(self.workspace, self._source(*self.opened)), self._made
            )

    def _source(self, cache: FeatureCache, listed: Mistakes) -> GroupingSource:
        name = listed.class_.name
        mine = {sample.path for sample in cache.samples if sample.label == self.class_index}
        if chosen := self.chosen & mine:
            wrong = {self._key(mistake) for mistake in listed.mistakes}
            return FromSelection(
                self.workspace, self.class_index, name, chosen, len(chosen & wrong)
            )
        return FromDirections(self.workspace, self.class_index, name)

    def _made(self, made: Made | None) -> None:
        if made is not None:
            sentence = f"{made.sentence} u in Classes shows it."
            self.notify(sentence, timeout=LONG_SECONDS, markup=False)
