"""From kinds that were found to a stored grouping of whole splits. No torch."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from engine.features.cache import FeatureCache
from engine.grouping.described import Described, by_features
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


def origin_of_found(
    found: Found,
    cache: FeatureCache,
    selection: Array,
    seed: int,
    source: str,
    *,
    clip: str = "",
    texts: Sequence[str] = (),
    neurons: Sequence[int] = (),
) -> Origin:
    """Return where groups that were found come from.

    Args:
        found: The rule.
        cache: Of the split that it was found on.
        selection: The rows of it that were looked at.
        seed: Of the halves and resamples.
        source: `directions`, `neurons`, `words`, `query` or `ticked`.
        clip: The key of the CLIP, where its features or its words were used.
        texts: What the images were compared with.
        neurons: By which they were divided.
    """
    return Origin(
        source=source,
        created=now(),
        split=cache.meta.split,
        cache=cache.meta.base,
        rows=tuple(selection.tolist()),
        seed=seed,
        space=found.space,
        why=found.why,
        clip=clip,
        texts=tuple(texts),
        neurons=tuple(neurons),
        weights=cache.meta.weights,
        kinds=found.kinds,
        versions=versions(),
    )


def save_found(
    home: Path,
    name: str,
    found: Found,
    caches: Sequence[FeatureCache],
    origin: Origin,
    images: Sequence[Described] | None = None,
) -> Grouping:
    """Write what was found as a grouping of some splits.

    Args:
        home: The workspace.
        name: The grouping's.
        found: The rule.
        caches: Of the splits to group.
        origin: Where it comes from.
        images: What describes the images of each; None: the classifier's own features.

    Raises:
        RequestError: There is one of that name, or it is no name.
        StorageError: The workspace cannot be written.
    """
    seen = [by_features(cache) for cache in caches] if images is None else images
    members = [
        member
        for cache, some in zip(caches, seen, strict=True)
        for member in members_of(found, cache, some)
    ]
    return save(home, name, members, origin)
