"""What a new grouping may be made from, such as the direction of mistakes."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from engine.clip.identity import clip_key
from engine.clip.image_features import open_clip_features
from engine.features.cache import FeatureCache
from engine.features.halves import halves
from engine.grouping.choosing import find_kinds
from engine.grouping.described import CLIP, Described, by_clip, by_features
from engine.grouping.finding import Found, by_directions
from engine.grouping.making import origin_of_found, save_found
from engine.grouping.store import Grouping, names
from engine.schema.arrays import Array
from engine.schema.errors import EngineError, RequestError
from engine.schema.jobs import Request
from engine.schema.requests import ClipRequest
from engine.words.naming_kinds import name_kinds
from screens.ports import Workspace

SEED = 0
"""That of the app's edits: a grouping is found on the half on which they select."""
ALL = "all classes"
CLEARER, BY_CLIP, BY_OWN = "where they are clearer", "in CLIP's features", "in the classifier's own"
SPACES = {CLEARER: [], BY_CLIP: ["--space", "clip"], BY_OWN: ["--space", "features"]}
"""What describes the images, with the options of `groups make`."""


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
    """Makes a grouping; subclass it for the defaults.

    Any method may raise `EngineError`, whose text is fit to show.
    """

    suggested: str
    """A name."""
    about: str
    """What it will be, in a sentence or two."""
    choices: Mapping[str, Sequence[str]] = {}
    """What else is asked: a title, and what may be chosen, the default first."""

    def trains(self, chosen: Mapping[str, str]) -> bool:
        """Return whether it can group the training split too: a rule divides any images."""
        del chosen
        return True

    def look(self) -> Mapping[str, str]:
        """Return better defaults for some of `choices`, by what there is. For threads."""
        return {}

    def note(self, chosen: Mapping[str, str]) -> str:
        """Return what to know of what is chosen; empty for nothing."""
        del chosen
        return ""

    def make(
        self,
        name: str,
        chosen: Mapping[str, str],
        caches: Sequence[FeatureCache],
        left: threading.Event,
    ) -> Made | Request | None:
        """Find and save a grouping of some splits, first the evaluation split. For threads.

        Returns:
            What was made; or the job that must be done first; or None where `left` was set
            meanwhile. In the last two cases nothing is saved.
        """
        ...

    def command(self, name: str, chosen: Mapping[str, str]) -> list[str]:
        """Return the command that makes the same; empty where there is none."""
        del name, chosen
        return []


class FromDirections(GroupingSource):
    """Two kinds of images in a class, or in each: the direction of its mistakes tells them apart.

    Args:
        workspace: Where.
        class_index: The class that is offered first.
        class_name: Its name.
    """

    def __init__(self, workspace: Workspace, class_index: int, class_name: str) -> None:
        self._workspace = workspace
        self._class = (class_index, class_name)
        self._seen = False
        """Whether CLIP has seen the evaluation split."""
        self.suggested = free_name(workspace.home, "kinds")
        self.about = (
            "Two kinds of images in a class, told apart by the direction of its mistakes. It is "
            "found on the images that edits select on, and on none that they report on."
        )
        # a class may be called like the other option
        choices: dict[str, Sequence[str]] = {"divide": (f"class {class_name}", ALL)}
        if workspace.source.has_clip:
            choices["find them"] = (BY_OWN, CLEARER, BY_CLIP)
        self.choices: Mapping[str, Sequence[str]] = choices

    def look(self) -> Mapping[str, str]:
        """Prefer the clearer space where CLIP's features are there."""
        cache = self._workspace.cache() if self._workspace.source.has_clip else None
        try:
            self._seen = cache is not None and clip_of(self._workspace, cache) is not None
        except EngineError:
            return {}  # a CLIP that cannot be read is said where it is chosen
        return {"find them": CLEARER} if self._seen else {}

    def note(self, chosen: Mapping[str, str]) -> str:
        """Say that CLIP has to see the images."""
        if self._space(chosen) == BY_OWN or self._seen:
            return ""
        return "CLIP sees every image once for this, in a job"

    def make(
        self,
        name: str,
        chosen: Mapping[str, str],
        caches: Sequence[FeatureCache],
        left: threading.Event,
    ) -> Made | Request | None:
        """Find and save it; refuse where no class is divided."""
        cache, space, clip = caches[0], self._space(chosen), None
        if space != BY_OWN and (clip := clip_of(self._workspace, cache)) is None:
            return ClipRequest(split=cache.meta.split, whole=True)
        selection, _ = halves(cache, SEED)
        classes = range(len(cache.classes)) if self._of_all(chosen) else [self._class[0]]
        if space == CLEARER:
            found = find_kinds(cache, selection, classes, SEED, clip)
        else:
            found = by_directions(cache, selection, classes, SEED, clip)
            found = replace(found, why="As asked for.")
        if found.refusal:
            raise RequestError(f"{found.refusal}.")
        seen = described(self._workspace, found, caches)
        if not isinstance(seen, list):
            return seen
        found = self._in_words(found, cache, seen[0], selection)
        if left.is_set():
            return None
        return save_kinds(self._workspace, name, found, (caches, seen), selection, "directions")

    def _in_words(
        self, found: Found, cache: FeatureCache, images: Described, selection: Array
    ) -> Found:
        """Return the kinds with words for them, where those are there."""
        words = self._workspace.word_space() if self._workspace.source.has_clip else None
        if words is None:
            return found
        return name_kinds(words.among(selection), found, found.apply(cache, images), SEED)

    def command(self, name: str, chosen: Mapping[str, str]) -> list[str]:
        """Return `groups make`."""
        of = [] if self._of_all(chosen) else ["--class", self._class[1]]
        return ["groups", "make", name, *of, *SPACES[self._space(chosen)]]

    def _of_all(self, chosen: Mapping[str, str]) -> bool:
        return chosen["divide"] == ALL

    def _space(self, chosen: Mapping[str, str]) -> str:
        return chosen.get("find them", BY_OWN)


def clip_of(workspace: Workspace, cache: FeatureCache) -> Described | None:
    """Return a split's images by CLIP's features; None before they are made, and without a CLIP.

    Raises:
        EngineError: They, or the CLIP, cannot be read.
    """
    found = open_clip_features(workspace.home, workspace.source, cache, whole=True)
    return None if found is None else by_clip(found)


def described(
    workspace: Workspace, found: Found, caches: Sequence[FeatureCache]
) -> list[Described] | ClipRequest:
    """Return the images of each split as those were that the kinds were found on.

    Or the job that makes CLIP's features of one of them.

    Raises:
        EngineError: CLIP's features cannot be read.
    """
    if found.space != CLIP:
        return [by_features(cache) for cache in caches]
    seen = []
    for cache in caches:
        if (clip := clip_of(workspace, cache)) is None:
            return ClipRequest(split=cache.meta.split, whole=True)
        seen.append(clip)
    return seen


def save_kinds(
    workspace: Workspace,
    name: str,
    found: Found,
    images: tuple[Sequence[FeatureCache], Sequence[Described]],
    selection: Array,
    source: str,
    neurons: Sequence[int] = (),
) -> Made:
    """Save kinds that were found as a grouping.

    Args:
        workspace: Where.
        name: The grouping's.
        found: The rule.
        images: The splits, first that on which it was found, and what describes their images.
        selection: The rows of the first that were looked at.
        source: `directions`, `neurons` or `ticked`.
        neurons: By which they are divided.

    Raises:
        EngineError: There is one of that name, or the workspace cannot be written.
    """
    caches, seen = images
    named = found.space == CLIP or any(kind.words for kind in found.kinds)
    key = clip_key(workspace.home, workspace.source) if named else ""
    origin = origin_of_found(
        found, caches[0], selection, SEED, source, clip=key, neurons=tuple(neurons)
    )
    grouping = save_found(workspace.home, name, found, caches, origin, seen)
    lacking = (found.lacking(*pair) for pair in zip(caches, seen, strict=True))
    return Made(grouping, (*found.notes, *filter(None, lacking)))


def free_name(home: Path, wanted: str) -> str:
    """Return a name that no grouping of a workspace has."""
    taken = set(names(home))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (wanted, *numbered) if name not in taken)
