"""Groups in place of the classes: the data's own, or a stored grouping's."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.evaluation.scores import score
from engine.features.cache import FeatureCache
from engine.features.overlay import Overlay
from engine.grouping.laying import mean_purity, overlay, without_looked_at
from engine.grouping.store import load, names
from screens.classes.listing import Listing
from screens.classes.source import score_applied
from screens.ports import Workspace
from screens.words import counted

CLASSES = None
OWN = ""
"""The data's own groups; no grouping has this name."""


@dataclass(frozen=True)
class Shown:
    """Groups that are shown, and what to know of them."""

    listing: Listing | None
    """None: they are still loaded, or cannot be."""
    facts: tuple[str, ...] = ()


class Cycle:
    """What the list shows: classes, then the data's own groups, then each stored grouping."""

    def __init__(self) -> None:
        self.at: str | None = CLASSES
        self.own = False
        """Whether the data has groups."""
        self.stored: Sequence[str] = ()
        """The names of the stored groupings."""
        self._new: str | None = None

    @property
    def any(self) -> bool:
        """Whether there are groups to show, or groups are shown."""
        return self.own or bool(self.stored) or self.at is not CLASSES

    def take_new(self, name: str) -> None:
        """Let a grouping that was just made be the next."""
        self.stored, self._new = sorted({*self.stored, name}), name

    def next(self) -> str | None:
        """Go on; return what is shown now: None for classes."""
        if self._new is not None:
            self.at, self._new = self._new, None
            return self.at
        turns = [*([OWN] if self.own else []), *self.stored]
        later = [one for one in turns if self.at is CLASSES or one > self.at]
        self.at = later[0] if later else CLASSES
        return self.at

    @property
    def title(self) -> str:
        """What is shown, for the line on top; empty for classes."""
        if self.at is CLASSES:
            return ""
        return f"groups by {self.at}" if self.at else "the data's groups"

    def words(self) -> list[str]:
        """Return the options with which `classes` shows it."""
        if self.at is CLASSES:
            return []
        return ["--group-by", self.at] if self.at else ["--groups"]


def stored_groupings(workspace: Workspace) -> list[str]:
    """Return the names of a workspace's groupings."""
    return names(workspace.home)


def load_grouping(workspace: Workspace, cache: FeatureCache, name: str) -> tuple[str, Shown]:
    """Score a grouping's groups where it was not found, and with the applied edit.

    Returns:
        Its name, and what there is to show.

    Raises:
        EngineError: It is gone or damaged, or says nothing of this split.
    """
    grouping = load(workspace.home, name)
    laid = overlay(grouping, cache)
    cache = cache.with_groups(without_looked_at(laid))
    facts = [_images(laid)]
    pure = mean_purity(grouping, workspace.split(workspace.source.eval_split))
    if pure is not None:
        facts.append(f"purity {pure:.2f} against the data's groups")
    if grouping.corrected:
        facts.append("corrected by hand")
    _, listing = score_applied(workspace, cache, Listing(score(cache)))
    return name, Shown(listing, tuple(facts))


def _images(laid: Overlay) -> str:
    """Say which images the groups are scored on."""
    if laid.looked_at is None:
        return (
            f"{laid.name} was found before the images or the weights changed, on which of them is "
            "unknown: its groups may be flattered"
        )
    if seen := len(laid.looked_at):
        return f"without the {counted(seen, 'image')} that {laid.name} was found on"
    return f"on all images that have a value in {laid.name}"
