"""Groupings from images that were selected by hand: those images, or what they have in common."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from engine.features.cache import FeatureCache
from engine.features.halves import halves
from engine.grouping.by_hand import save_by_hand
from engine.grouping.described import IN_SPACE
from engine.grouping.ticked import by_ticked
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

ALONE, ALIKE = "the selected images alone", "images like them too"


class FromSelection(GroupingSource):
    """Images selected by hand, against the others of their class.

    Args:
        workspace: Where.
        class_index: Their class.
        class_name: Its name.
        selected: Their paths, below the data's root.
        mistakes: How many of them are mistakes.
    """

    choices: Mapping[str, Sequence[str]] = {"group": (ALONE, ALIKE)}

    def __init__(
        self,
        workspace: Workspace,
        class_index: int,
        class_name: str,
        selected: Collection[str],
        mistakes: int,
    ) -> None:
        self._workspace, self._class = workspace, class_index
        self._selected = frozenset(selected)
        self.suggested = free_name(workspace.home, "selected")
        count = len(self._selected)
        self.about = (
            f"The selected images of {class_name} ({count:,}) against its others; images of other "
            "classes get no value."
        )
        if mistakes == count:
            self.about += (
                " All that are selected are mistakes, so their accuracy says nothing but that: "
                "select right images of their kind too (t shows them)."
            )

    def trains(self, chosen: Mapping[str, str]) -> bool:
        """Return whether the rule is one for other images too."""
        return chosen["group"] == ALIKE

    def note(self, chosen: Mapping[str, str]) -> str:
        """Say which images get a value."""
        if chosen["group"] == ALIKE:
            return (
                "by the direction from the others to the selected images, found on those of them "
                "that edits select on"
            )
        return "in this split alone: of other images nothing is known"

    def make(
        self,
        name: str,
        chosen: Mapping[str, str],
        caches: Sequence[FeatureCache],
        left: threading.Event,
    ) -> Made | Request | None:
        """Save it; refuse where the selected images are no kind of their own."""
        cache = caches[0]
        if chosen["group"] == ALONE:
            home = self._workspace.home
            return Made(save_by_hand(home, name, cache, self._class, self._selected))
        selection, _ = halves(cache, SEED)
        clip = clip_of(self._workspace, cache)
        found = by_ticked(cache, selection, self._selected, SEED, clip, name)
        if found.refusal:
            raise RequestError(f"{found.refusal}.")
        seen = described(self._workspace, found, caches)
        if not isinstance(seen, list):
            return seen
        if left.is_set():
            return None
        where = f"Found {IN_SPACE[found.space]}."
        found = replace(found, why="CLIP has seen the images." if clip is not None else "")
        made = save_kinds(self._workspace, name, found, (caches, seen), selection, "ticked")
        return replace(made, notes=(where, *made.notes))
