"""Groups that a grouping lays over the images of a split, instead of the data's own. No torch."""

from dataclasses import dataclass

from engine.schema.arrays import Array


@dataclass(frozen=True)
class Overlay:
    """A grouping's groups of a split's images. They are no part of the features' key."""

    name: str
    """The grouping's."""
    digest: str
    """Of its content: corrected by hand, it is another."""
    groups: Array
    """(n,), indices into `named`; -1 for an image that has no value."""
    named: tuple[str, ...]
    looked_at: Array | None
    """The rows on which it was found, whose accuracies by it are flattered; empty where it was not
    found on this split; None where that cannot be told any more."""
    notes: tuple[str, ...] = ()
    """What to know about it, in sentences."""
    doubtful: tuple[str, ...] = ()
    """Classes of which it is not sure that their groups are right: they are one group although
    others are divided, or few mistakes divide them."""
    space: str = ""
    """What described the images that it was found on: `clip`, `features`; empty for neither."""
