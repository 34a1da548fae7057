"""Where the images of a class lie along a direction, and the grouping made by a cut there."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.evaluation.scores import mistakes
from engine.evaluation.suspects import with_suspects
from engine.features.cache import FeatureCache
from engine.features.halves import halves
from engine.grouping.choosing import find_kinds
from engine.grouping.cutting import by_neurons
from engine.grouping.described import IN_SPACE
from engine.grouping.ends import Ends, ends_of
from engine.grouping.finding import Found
from engine.schema.arrays import Array
from engine.schema.errors import RequestError
from engine.schema.jobs import Request
from screens.grouping_sources import (
    SEED,
    GroupingSource,
    Made,
    clip_of,
    described,
    free_name,
    save_kinds,
)
from screens.ports import Workspace


@dataclass(frozen=True)
class Sorted:
    """The images of a class that edits select on, along a direction."""

    cache: FeatureCache
    selection: Array
    ends: Ends
    name: str
    """The class's."""
    suspect: frozenset[str]
    """The paths of images whose labels are suspect."""

    @property
    def where(self) -> str:
        """In what the direction is."""
        return IN_SPACE[self.ends.found.space]


def sort_images(workspace: Workspace, class_index: int, neurons: tuple[int, ...]) -> Sorted | None:
    """Sort the images of a class; None before the features are there. For threads.

    Raises:
        EngineError: There is no direction to sort them along: why, and what would help.
    """
    cache = workspace.cache()
    if cache is None:
        return None
    selection, _ = halves(cache, SEED)
    found = _found(workspace, cache, selection, class_index, neurons)
    if found.refusal:
        raise RequestError(
            f"{found.refusal}. Select neurons in Neurons and open this from there, or select "
            "images by hand in Mistakes (space) and make groups of them (g)."
        )
    seen = described(workspace, found, [cache])
    if not isinstance(seen, list):
        raise RequestError(
            "CLIP's features of these images went meanwhile; go back and come again."
        )
    ends = ends_of(found, cache, selection, class_index, seen[0])
    marked = with_suspects(mistakes(cache, class_index), cache).mistakes
    suspect = frozenset(one.path for one in marked if one.suspect is not None)
    return Sorted(cache, selection, ends, cache.classes[class_index], suspect)


def _found(
    workspace: Workspace,
    cache: FeatureCache,
    selection: Array,
    class_index: int,
    neurons: tuple[int, ...],
) -> Found:
    if neurons:
        return by_neurons(cache, selection, [class_index], neurons)
    clip = clip_of(workspace, cache)
    return find_kinds(cache, selection, [class_index], SEED, clip)


class FromCut(GroupingSource):
    """The images of a class before a cut and after it.

    Args:
        workspace: Where.
        found: The rule with this cut.
        sorted_: What is cut.
        neurons: By which the images are sorted, where they are.
        counts: Images before the cut and after it.
    """

    def __init__(
        self,
        workspace: Workspace,
        found: Found,
        sorted_: Sorted,
        neurons: tuple[int, ...],
        counts: tuple[int, int],
    ) -> None:
        self._workspace, self._found, self._sorted = workspace, found, sorted_
        self._neurons = neurons
        self.suggested = free_name(workspace.home, "cut")
        first, second = found.values
        self.about = (
            f"The images of {sorted_.name} before the cut ({first}: {counts[0]:,}) and after it "
            f"({second}: {counts[1]:,}), of those that edits select on; the same cut divides the "
            "others."
        )

    def make(
        self,
        name: str,
        chosen: Mapping[str, str],
        caches: Sequence[FeatureCache],
        left: threading.Event,
    ) -> Made | Request | None:
        """Save it."""
        del chosen
        cache, before = caches[0], self._sorted.cache
        if cache.meta.key != before.meta.key or cache.aside.tolist() != before.aside.tolist():
            raise RequestError("The images changed meanwhile; go back, and cut them anew.")
        seen = described(self._workspace, self._found, caches)
        if not isinstance(seen, list):
            return seen
        if left.is_set():
            return None
        source = "neurons" if self._neurons else "directions"
        selection, images = self._sorted.selection, (caches, seen)
        return save_kinds(
            self._workspace, name, self._found, images, selection, source, self._neurons
        )
