"""A grouping from images that a person selected: those against the others of their class."""

from collections.abc import Collection
from pathlib import Path

from engine.features.cache import FeatureCache
from engine.grouping.making import now, versions
from engine.grouping.store import Grouping, Member, Origin, save
from engine.schema.errors import RequestError


def save_by_hand(
    home: Path, name: str, cache: FeatureCache, class_index: int, selected: Collection[str]
) -> Grouping:
    """Write a grouping `NAME` against `not NAME`, of one class of one split.

    Nothing was looked at for it but images: as with the data's own groups, all of them count.

    Args:
        home: The workspace.
        name: The grouping's, and the value of the selected images.
        cache: Of their split.
        class_index: Their class.
        selected: Their paths, below the data's root.

    Raises:
        RequestError: None or all of the class are selected, or there is one of that name.
        StorageError: The workspace cannot be written.
    """
    mine = {sample.path for sample in cache.samples if sample.label == class_index}
    inside = mine & set(selected)
    of = cache.classes[class_index]
    if not inside:
        raise RequestError(f"No image of {of} is selected; select some, to tell them from others.")
    if inside == mine:
        raise RequestError(
            f"Every image of {of} is selected, which tells none from another; leave some out."
        )
    members = [
        Member(
            sample.path,
            cache.meta.split,
            cache.classes[sample.label],
            "" if sample.path not in mine else name if sample.path in inside else f"not {name}",
        )
        for sample in cache.samples
    ]
    return save(home, name, members, Origin(source="hand", created=now(), versions=versions()))
