"""The two kinds of images that a class's mistakes tell apart, in words. Found once a class."""

from engine.features.cache import FeatureCache
from engine.features.halves import halves
from engine.grouping.described import IN_SPACE
from engine.grouping.sides import TwoKinds, two_kinds
from engine.schema.arrays import Array
from screens.classes.totals import flowed
from screens.grouping_sources import SEED, clip_of
from screens.ports import Workspace
from screens.words import counted, percent

NONE = "no two kinds of mistakes found"


class KindsOfClasses:
    """Finds the kinds of each class once, as long as the images that count stay. For threads.

    Args:
        workspace: Whose: where CLIP has seen the images, they may be told apart by its features.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._cache: FeatureCache | None = None
        self._selection: Array | None = None
        self._found: dict[int, TwoKinds] = {}

    def forget(self) -> None:
        """Find them anew: CLIP may have seen the images now."""
        self._cache = None

    def known(self, cache: FeatureCache, class_index: int) -> TwoKinds | None:
        """Return the kinds of a class where they were found before."""
        return self._found.get(class_index) if cache is self._cache else None

    def of_class(self, cache: FeatureCache, class_index: int) -> TwoKinds:
        """Return the kinds of a class, found on the images that edits select on."""
        if cache is not self._cache or self._selection is None:
            self._cache, self._found = cache, {}
            self._selection, _ = halves(cache, SEED)
        if class_index not in self._found:
            clip = clip_of(self._workspace, cache)
            self._found[class_index] = two_kinds(cache, self._selection, class_index, SEED, clip)
        return self._found[class_index]


def kinds_lines(found: TwoKinds, width: int) -> list[str]:
    """Return what was found, or why nothing was, in lines of `width` cells."""
    if found.sides is None:
        return flowed(
            [f"{NONE} among the images that edits select on:", found.kinds.why_not], width
        )
    like, others = (
        f"{counted(side.images, 'image')} {percent(side.accuracy, 0)} right" for side in found.sides
    )
    stable = f"stable in {percent(found.kinds.stability, 0)} of resamples"
    where = IN_SPACE[found.space]
    return flowed(
        ["two kinds found", f"{like}  |  {others}", stable, where, "g makes groups of them"], width
    )
