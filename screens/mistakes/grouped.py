"""A class's images by predicted class, as tiles and as text. Pure."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from engine.data.stored import PictureFinder
from engine.schema.records import Mistake, Mistakes, Seen
from screens.widgets.bars import bar
from screens.widgets.gallery import Tile
from screens.widgets.text import Text, short
from screens.words import counted

SIDE = 14
"""Cells across a picture, at least."""
BAR = 8


class GroupedImages:
    """Mistakes by predicted class, the most frequent first; then the correct; then what is aside.

    Args:
        listed: The mistakes.
        correct: The images that are no mistakes, if they are to be shown.
    """

    def __init__(self, listed: Mistakes, correct: Sequence[Seen] = ()) -> None:
        counts = Counter(mistake.predicted for mistake in listed.mistakes)
        place = sorted(counts, key=lambda label: (-counts[label], label.index))
        order = {label: number for number, label in enumerate(place)}
        mistakes = sorted(listed.mistakes, key=lambda mistake: order[mistake.predicted])
        self.images: Sequence[Seen] = (*mistakes, *correct, *listed.set_aside)
        self.sections = [(f"→ {label.name} ({counts[label]:,})", counts[label]) for label in place]
        """Headings, each with the number of images under it."""
        if correct:
            self.sections.append((f"✓ correct ({len(correct):,})", len(correct)))
        if listed.set_aside:
            count = len(listed.set_aside)
            self.sections.append((f"– set aside ({count:,}), not counted", count))
        self.aside = frozenset(image.path for image in listed.set_aside)
        """The paths of the images that are set aside."""
        self.keys = [image.path for image in self.images]

    def first_of(self, predicted: int) -> int:
        """Return the place of the first image predicted as a class; 0 where there is none."""
        places = (i for i, image in enumerate(self.images) if image.predicted.index == predicted)
        return next(places, 0)


def tile(image: Seen, width: int = SIDE, picture_of: PictureFinder = Path) -> Tile:
    """Return an image with its class and the predicted one, each with its probability.

    The image is found by its path with `picture_of`. In lines of `width` cells names are cut,
    probabilities are not. `?` marks a suspect label.
    """
    if image.predicted == image.true:
        words = _beside("✓ ", image.true.name, image.p_true, width)
        return Tile(picture_of(image.path), (words,))
    doubt = "? " if isinstance(image, Mistake) and image.suspect is not None else ""
    own = _beside(doubt, image.true.name, image.p_true, width)
    other = _beside("→ ", image.predicted.name, image.p_predicted, width)
    return Tile(picture_of(image.path), (own, other))


def _beside(mark: str, name: str, p: float, width: int) -> str:
    probability = f"{p:.2f}".removeprefix("0")
    return f"{mark}{short(name, width - len(mark) - 1 - len(probability))} {probability}"


def facts(image: Seen, root: str) -> list[Text]:
    """Return all that is known of an image, a line each."""
    lines = [_headline(image), _probability(image.true.name, image.p_true)]
    if image.predicted != image.true:
        lines.append(_probability(image.predicted.name, image.p_predicted))
    if image.group is not None:
        lines.append(Text(f"group {image.group}"))
    if isinstance(image, Mistake):
        if image.suspect is not None:
            lines.append(Text(f"? label suspect: looks like {image.suspect.looks_like.name}"))
        lines += [Text(line) for line in attribution(image)]
    lines.append(Text(below(image.path, root), style="dim"))
    return lines


def _headline(image: Seen) -> Text:
    correct = image.predicted == image.true
    line = f"✓ {image.true.name}" if correct else f"{image.true.name} → {image.predicted.name}"
    return Text(line, style="bold")


def _probability(name: str, p: float) -> Text:
    return Text.assemble(f"{p:.2f} ", bar(p, BAR), f" p({name})")


def attribution(image: Mistake) -> list[str]:
    """Return how many steps flip a mistake, and the neurons that it votes for."""
    steps = counted(image.steps, "step") if image.flipped else "not flipped"
    lines = [f"counterfactual: {steps}"]
    for title, neurons in (("too weak:", image.insufficient), ("too strong:", image.excessive)):
        if neurons:
            lines.append(" ".join([title, *map(str, neurons)]))
    return lines


def below(path: str, root: str) -> str:
    """Return a path as seen from the data's root."""
    whole = Path(path)
    return str(whole.relative_to(root)) if whole.is_relative_to(root) else path
