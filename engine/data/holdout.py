"""Images held out of a split that has none of its own for validation. No torch."""

import math
from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b


def held_out(paths: Sequence[str], labels: Sequence[int], share: float) -> list[bool]:
    """Return for each image whether it is held out: the same on every machine, for ever.

    In each class these are the images whose paths have the smallest digests, as many as make the
    share, halves rounded up, and at least one where the class has two images or more. So an
    image's place in the list, its file's content and the images of other classes change nothing.

    Args:
        paths: The images' paths, relative to the data's root, with `/` between folders.
        labels: The images' classes, of the same length.
        share: Of each class, above 0 and below 1.

    Raises:
        ValueError: The share is not between 0 and 1, or there are not as many labels as paths.
    """
    if not 0 < share < 1:
        raise ValueError(f"a share of {share} is not between 0 and 1")
    of_class: dict[int, list[tuple[bytes, str, int]]] = defaultdict(list)
    for number, (path, label) in enumerate(zip(paths, labels, strict=True)):
        of_class[label].append((_digest(path), path, number))
    held = [False] * len(paths)
    for images in of_class.values():
        for _, _, number in sorted(images)[: _count(len(images), share)]:
            held[number] = True
    return held


def _count(images: int, share: float) -> int:
    """Return how many of a class's images are held out, never all of them."""
    if images < 2:
        return 0
    return min(max(math.floor(images * share + 0.5), 1), images - 1)


def _digest(path: str) -> bytes:
    return blake2b(path.encode("utf-8", "surrogateescape"), digest_size=16).digest()
