"""What a new grouping may be made from: the direction of mistakes, or images selected by hand."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.features.cache import FeatureCache
from engine.features.halves import halves
from engine.grouping.by_hand import save_by_hand
from engine.grouping.finding import by_directions
from engine.grouping.making import origin_of_found, save_found
from engine.grouping.store import Grouping, names
from engine.schema.errors import RequestError

SEED = 0
"""That of the app's edits: a grouping is found on the half on which they select."""
ALL = "all classes"


@dataclass(frozen=True)
class Made:
    """A new grouping, and what to know of it, in sentences."""

    grouping: Grouping
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Its name, and how many images have which value."""
        counts = ", ".join(f"{value} {n:,}" for value, n in self.grouping.counts.items())
        return " ".join((f"Made {self.grouping.name}: {counts}.", *self.notes))


class GroupingSource(Protocol):
    """Makes a grouping. Any method may raise `EngineError`, whose text is fit to show."""

    suggested: str
    """A name."""
    about: str
    """What it will be, in a sentence or two."""
    choices: Mapping[str, Sequence[str]]
    """What else is asked: a title, and what may be chosen, the default first."""
    training: bool
    """Whether it can group the training split too."""

    def make(
        self,
        home: Path,
        name: str,
        chosen: Mapping[str, str],
        caches: Sequence[FeatureCache],
        left: threading.Event,
    ) -> Made | None:
        """Find and save a grouping of some splits, first the evaluation split. For threads.

        None where `left` was set meanwhile: then nothing is saved.
        """
        ...

    def command(self, name: str, chosen: Mapping[str, str]) -> list[str]:
        """Return the command that makes the same; empty where there is none."""
        ...


class FromDirections:
    """Two kinds of images in a class, or in each: the direction of its mistakes tells them apart.

    Args:
        home: The workspace.
        class_index: The class that is offered first.
        class_name: Its name.
    """

    training = True

    def __init__(self, home: Path, class_index: int, class_name: str) -> None:
        self._class = (class_index, class_name)
        self.suggested = free_name(home, "kinds")
        self.about = (
            "Two kinds of images in a class, told apart by the direction of its mistakes. It is "
            "found on the images that edits select on, and on none that they report on."
        )
        # a class may be called like the other option
        self.choices: Mapping[str, Sequence[str]] = {"divide": (f"class {class_name}", ALL)}

    def make(
        self,
        home: Path,
        name: str,
        chosen: Mapping[str, str],
        caches: Sequence[FeatureCache],
        left: threading.Event,
    ) -> Made | None:
        """Find and save it; refuse where no class is divided."""
        cache = caches[0]
        selection, _ = halves(cache, SEED)
        classes = range(len(cache.classes)) if self._of_all(chosen) else [self._class[0]]
        found = by_directions(cache, selection, classes, SEED)
        if found.refusal:
            raise RequestError(f"{found.refusal}.")
        if left.is_set():
            return None
        origin = origin_of_found(found, cache, selection, SEED, "directions")
        return Made(save_found(home, name, found, caches, origin), found.notes)

    def command(self, name: str, chosen: Mapping[str, str]) -> list[str]:
        """Return `groups make`."""
        of = [] if self._of_all(chosen) else ["--class", self._class[1]]
        return ["groups", "make", name, *of, "--space", "features"]

    def _of_all(self, chosen: Mapping[str, str]) -> bool:
        return chosen["divide"] == ALL


class FromSelection:
    """Images selected by hand, against the others of their class.

    Args:
        home: The workspace.
        class_index: Their class.
        class_name: Its name.
        selected: Their paths, below the data's root.
        mistakes: How many of them are mistakes.
    """

    training = False
    choices: Mapping[str, Sequence[str]] = {}

    def __init__(
        self,
        home: Path,
        class_index: int,
        class_name: str,
        selected: Collection[str],
        mistakes: int,
    ) -> None:
        self._class, self._selected = class_index, frozenset(selected)
        self.suggested = free_name(home, "selected")
        count = len(self._selected)
        self.about = (
            f"The selected images of {class_name} ({count:,}) against its others, in this split "
            "alone; images of other classes get no value."
        )
        if mistakes == count:
            self.about += (
                " All that are selected are mistakes, so their accuracy says nothing but that: "
                "select right images of their kind too (t shows them)."
            )

    def make(
        self,
        home: Path,
        name: str,
        chosen: Mapping[str, str],
        caches: Sequence[FeatureCache],
        left: threading.Event,
    ) -> Made | None:
        """Save it."""
        del chosen, left  # it takes no time
        return Made(save_by_hand(home, name, caches[0], self._class, self._selected))

    def command(self, name: str, chosen: Mapping[str, str]) -> list[str]:
        """Return nothing: a hand has no command."""
        del name, chosen
        return []


def free_name(home: Path, wanted: str) -> str:
    """Return a name that no grouping of a workspace has."""
    taken = set(names(home))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (wanted, *numbered) if name not in taken)
