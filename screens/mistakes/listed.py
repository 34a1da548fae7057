"""A class's images by what they were taken for, as tiles and as words. Pure."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from engine.schema.records import Mistake, Mistakes, Seen
from screens.widgets.bars import bar
from screens.widgets.gallery import Tile

SIDE = 14
"""Cells across a picture, at least."""
BAR = 8


class Sorted:
    """Images in groups: what the mistakes were taken for, most often first; then the right ones.

    Args:
        listed: The mistakes.
        right: The images that are no mistakes, if they are to be shown.
    """

    def __init__(self, listed: Mistakes, right: Sequence[Seen] = ()) -> None:
        counts = Counter(mistake.predicted for mistake in listed.mistakes)
        place = sorted(counts, key=lambda label: (-counts[label], label.index))
        order = {label: number for number, label in enumerate(place)}
        mistakes = sorted(listed.mistakes, key=lambda mistake: order[mistake.predicted])
        self.images: Sequence[Seen] = (*mistakes, *right)
        self.sections = [(f"→ {label.name} ({counts[label]:,})", counts[label]) for label in place]
        """Headings, each with how many images are under it."""
        if right:
            self.sections.append((f"✓ right ({len(right):,})", len(right)))
        self.keys = [image.path for image in self.images]


def tile(image: Seen, width: int = SIDE) -> Tile:
    """Return an image with its class and what it was taken for, each with its probability.

    In lines of `width` cells names give way to probabilities.
    """
    if not isinstance(image, Mistake):
        return Tile(Path(image.path), (_beside("✓ ", image.true.name, image.p_true, width),))
    own = _beside("", image.true.name, image.p_true, width)
    other = _beside("→ ", image.predicted.name, image.p_predicted, width)
    return Tile(Path(image.path), (own, other))


def _beside(mark: str, name: str, p: float, width: int) -> str:
    said, chance = Text(name), f"{p:.2f}".removeprefix("0")
    said.truncate(max(1, width - len(mark) - 1 - len(chance)), overflow="ellipsis")
    return f"{mark}{said.plain} {chance}"


def facts(image: Seen, root: str) -> list[Text]:
    """Return everything known of an image."""
    lines = [_headline(image), _chance(image.true.name, image.p_true)]
    if image.predicted != image.true:
        lines.append(_chance(image.predicted.name, image.p_predicted))
    if image.group is not None:
        lines.append(Text(f"group {image.group}"))
    if isinstance(image, Mistake):
        lines += [Text(line) for line in blame(image)]
    lines.append(Text(below(image.path, root), style="dim"))
    return lines


def _headline(image: Seen) -> Text:
    right = image.predicted == image.true
    words = f"✓ {image.true.name}" if right else f"{image.true.name} → {image.predicted.name}"
    return Text(words, style="bold")


def _chance(name: str, p: float) -> Text:
    return Text.assemble(f"{p:.2f} ", bar(p, BAR), f" p({name})")


def blame(image: Mistake) -> list[str]:
    """Return how far an image is from right, and the neurons it votes for."""
    steps = f"{image.steps:,} {'step' if image.steps == 1 else 'steps'}"
    lines = [f"mended in {steps}" if image.flipped else f"not mended in {steps}"]
    for words, neurons in (("insufficient", image.insufficient), ("has too much", image.excessive)):
        if neurons:
            lines.append(" ".join([words, *map(str, neurons)]))
    return lines


def below(path: str, root: str) -> str:
    """Return a path as seen from the data's root."""
    whole = Path(path)
    return str(whole.relative_to(root)) if whole.is_relative_to(root) else path
