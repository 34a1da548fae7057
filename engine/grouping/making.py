"""From kinds that were found to a stored grouping of whole splits. No torch."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from engine.features.cache import FeatureCache
from engine.grouping.finding import Found
from engine.grouping.laying import members_of
from engine.grouping.store import Grouping, Origin, save
from engine.schema.arrays import Array


def now() -> str:
    """Return the time, as groupings remember when they were made."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Return the versions that a grouping remembers."""
    return {name: version(name) for name in ("neuroinspect-tui", "numpy")}


def save_found(
    home: Path,
    name: str,
    found: Found,
    caches: Sequence[FeatureCache],
    selection: Array,
    seed: int,
) -> Grouping:
    """Write what the direction of mistakes found as a grouping of some splits.

    Args:
        home: The workspace.
        name: The grouping's.
        found: What was found in the first split.
        caches: Of the splits to group, first that on which it was found.
        selection: The rows of it that were looked at.
        seed: Of what was found.

    Raises:
        RequestError: There is one of that name, or it is no name.
        StorageError: The workspace cannot be written.
    """
    meta = caches[0].meta
    origin = Origin(
        source="directions", created=now(), split=meta.split, cache=meta.base,
        rows=tuple(selection.tolist()), seed=seed, space="features", weights=meta.weights,
        kinds=found.kinds, versions=versions(),
    )  # fmt: skip
    members = [member for cache in caches for member in members_of(found, cache)]
    return save(home, name, members, origin)
