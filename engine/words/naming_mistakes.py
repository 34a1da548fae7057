"""Words for a class's mistakes. No torch.

Source: docs/concepts.md, words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct, structs

from engine.schema.arrays import Array
from engine.schema.records import Label
from engine.words.competence import LEAST_REFERENCE, Known, drawn, stands_out, zero_shot
from engine.words.longer import without_longer
from engine.words.separating import ALPHA, PERMUTATIONS, Effects, effects
from engine.words.space import WordSpace

MOST = 2000
"""Images of a class, mistakes or right ones, that words are tested on."""
CONFUSIONS = 3
"""Classes that a class is most often taken for, among which CLIP must know it."""
MOST_PERMUTATIONS = 10_000


class SeparatingWord(Struct, frozen=True, kw_only=True):
    """A word that tells a class's mistakes from its right images."""

    word: str
    effect: float
    """Mean cosine over its mistakes minus that over its right images, in standard deviations
    within the class: positive for what its mistakes look like."""
    p: float
    """How likely the strongest word of the vocabulary is as strong by chance."""
    is_class: bool = False
    """Whether it is the name of a class: not a cause, but the mistake itself."""


class ClassWords(Struct, frozen=True, kw_only=True):
    """The words that tell a class's mistakes from its right images, strongest first."""

    class_: Label
    words: tuple[SeparatingWord, ...]
    tested: int
    """Words of the vocabulary."""
    mistakes: int
    right: int
    other: Label | None = None
    """Only the mistakes predicted as this class; None: all."""
    p: float | None = None
    """Of the strongest word, shown or not; None where nothing could be tested."""
    known: bool = False
    """Whether CLIP knows the class among its confusions."""
    zero_shot: float | None = None
    """How often CLIP tells the class and its confusions apart by their names."""
    chance: float | None = None
    """The same by chance."""
    why_not: str = ""
    """Why no word is shown; empty where one is."""

    @property
    def looks_like(self) -> tuple[str, ...]:
        """What its mistakes look like; names of classes are left out."""
        return tuple(w.word for w in self.words if w.effect > 0 and not w.is_class)

    @property
    def others_like(self) -> tuple[str, ...]:
        """What its right images look like; names of classes are left out."""
        return tuple(w.word for w in self.words if w.effect < 0 and not w.is_class)


@dataclass(frozen=True)
class Tested:
    """A class's words before any is shown."""

    told: ClassWords
    effects: Effects | None
    stands_out: Array | None
    """(W,), whether a word is more than luck."""
    those: str = ""
    """What no word separates, where none does."""

    def shown(self, words: Sequence[str], is_class: Array, alpha: float = ALPHA) -> ClassWords:
        """Return the words whose p is at most `alpha`, or why there are none."""
        if self.effects is None or self.stands_out is None or self.told.why_not:
            return self.told
        survive = self.effects.p <= alpha
        if not survive.any():
            return structs.replace(self.told, why_not=f"no word separates {self.those}")
        if not (survive & self.stands_out).any():
            return structs.replace(self.told, why_not=_by_luck(self, words))
        effect = self.effects.effect
        rows = np.flatnonzero(survive & self.stands_out)
        shown = without_longer(rows, words, self.effects.difference)
        found = tuple(
            SeparatingWord(
                word=words[row],
                effect=float(effect[row]),
                p=float(self.effects.p[row]),
                is_class=bool(is_class[row]),
            )
            for row in sorted(shown, key=lambda row: -abs(float(effect[row])))
        )
        return structs.replace(self.told, words=found)


def name_mistakes(space: WordSpace, k: int, other: int | None = None, seed: int = 0) -> ClassWords:
    """Find the words that tell a class's mistakes from its right images.

    Args:
        space: The images to look at.
        k: The class.
        other: Only its mistakes predicted as this class; None: all.
        seed: Of the permutations, and of the images drawn from very many.
    """
    return examine(space, k, other, seed).shown(space.words, space.is_class)


def name_all(space: WordSpace, seed: int = 0) -> tuple[ClassWords, ...]:
    """Find the words of every class that has mistakes, corrected for the number of classes.

    The classes' smallest p go through Benjamini and Hochberg's procedure at 5%, and in the R of C
    classes that it selects a word is shown whose p is at most 5% R / C (Benjamini and Bogomolov,
    2014): of the classes that show words, at most 5% on average show one by chance.
    """
    wrong = (space.labels != space.predicted) & (space.labels >= 0)
    classes = np.unique(space.labels[wrong]).tolist()
    permutations = min(max(PERMUTATIONS, round(len(classes) / ALPHA)), MOST_PERMUTATIONS)
    tested = [examine(space, k, None, seed, permutations) for k in classes]
    smallest = np.array([1.0 if each.told.p is None else each.told.p for each in tested])
    alpha = ALPHA * _selected(smallest) / max(len(classes), 1)
    return tuple(each.shown(space.words, space.is_class, alpha) for each in tested)


def _selected(p: Array) -> int:
    """Return how many of some p Benjamini and Hochberg's procedure rejects at 5%."""
    passed = np.sort(p) <= ALPHA * np.arange(1, len(p) + 1) / max(len(p), 1)
    return int(np.flatnonzero(passed)[-1]) + 1 if passed.any() else 0


def examine(
    space: WordSpace, k: int, other: int | None, seed: int, permutations: int = PERMUTATIONS
) -> Tested:
    """Test every word on a class; arguments as those of `name_mistakes`."""
    wrong, right = _sides(space, k, other, seed)
    told = ClassWords(
        class_=Label(k, space.classes[k]),
        words=(),
        tested=len(space.words),
        mistakes=len(wrong),
        right=len(right),
        other=None if other is None else Label(other, space.classes[other]),
    )
    if not len(wrong) or not len(right) or not len(space.words):
        return Tested(structs.replace(told, why_not=_nothing(told)), None, None)
    those = "this mistake" if told.mistakes == 1 else f"these {told.mistakes} mistakes"
    known = known_among_confusions(space, k, other, seed)
    return separated(space, (wrong, right), told, known, those, seed, permutations)


def separated(
    space: WordSpace,
    sides: tuple[Array, Array],
    told: ClassWords,
    known: Known | None,
    those: str,
    seed: int,
    permutations: int = PERMUTATIONS,
) -> Tested:
    """Test every word on two sets of images.

    Args:
        space: The words, and all images.
        sides: The images of both sets, as places in the space; neither is empty.
        told: What is known of them, to be completed.
        known: How well CLIP knows the class.
        those: What the sets are, where no word separates them.
        seed: Of the permutations.
        permutations: How many.
    """
    first, second = sides
    rows = np.concatenate(sides)
    found = effects(space.cosines(rows), np.arange(len(rows)) < len(first), seed, permutations)
    told = structs.replace(told, p=float(found.p.min()))
    if known is not None:
        told = structs.replace(
            told, known=known.known, zero_shot=known.accuracy, chance=known.chance
        )
    if known is None or not known.known:
        told = structs.replace(told, why_not=_unknown(known))
    centre = [
        np.asarray(space.images[side], dtype=np.float64).mean(axis=0) for side in (first, second)
    ]
    luck = np.asarray(space.reference, dtype=np.float64) @ (centre[0] - centre[1])
    return Tested(told, found, stands_out(found.difference, luck), those)


def _sides(space: WordSpace, k: int, other: int | None, seed: int) -> tuple[Array, Array]:
    """Return the rows of a class's mistakes and of its right images, drawn where there are many."""
    of_class = space.labels == k
    taken_for = space.predicted != k if other is None else space.predicted == other
    sides = [
        np.flatnonzero(of_class & taken_for), np.flatnonzero(of_class & (space.predicted == k))
    ]  # fmt: skip
    rng = np.random.default_rng((31, seed, k))
    some = [np.sort(rng.permutation(side)[:MOST]) if len(side) > MOST else side for side in sides]
    return some[0], some[1]


def known_among_confusions(
    space: WordSpace, k: int, other: int | None, seed: int, kinds: Array | None = None
) -> Known | None:
    """Return how well CLIP knows the class among those it is taken for; kinds as `zero_shot`'s."""
    taken = space.predicted[(space.labels == k) & (space.predicted != k)]
    counts = np.bincount(taken, minlength=len(space.classes))
    among = np.argsort(-counts, kind="stable")[:CONFUSIONS]
    concerned = {k, *among[counts[among] > 0].tolist()} if other is None else {k, other}
    rows = drawn(np.flatnonzero(np.isin(space.labels, list(concerned))), seed)
    images, labels = space.images[rows], space.labels[rows]
    some = None if kinds is None else kinds[rows]
    return zero_shot(images, labels, space.class_texts, space.reference, seed, some)


def _nothing(told: ClassWords) -> str:
    if not told.mistakes:
        return "no mistakes to look at"
    return "no right images to compare with" if not told.right else "no words to try"


def _unknown(known: Known | None) -> str:
    if known is None:
        return (
            "this CLIP cannot be tried on these classes: one of them has no images here, "
            f"or under {LEAST_REFERENCE} words name none of them"
        )
    return known.why_not


def _by_luck(tested: Tested, words: Sequence[str]) -> str:
    assert tested.effects is not None
    best = words[int(np.argmax(np.abs(tested.effects.effect)))]
    return (
        f"no word stands out: “{best}” separates them no better than the best of "
        f"{len(words):,} words does by luck"
    )
