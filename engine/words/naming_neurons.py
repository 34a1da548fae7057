"""Words for neurons: the three best, how sure, and how clear the neuron is. No torch.

Source: docs/concepts.md, words.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from msgspec import Struct, structs

from engine.schema.arrays import Array
from engine.schema.records import Neurons, Progress, RankedNeuron
from engine.words.clarity import SHOWN, clarities, polysemanticities
from engine.words.competence import stands_out
from engine.words.dissection import TOP, evidence, log_mean, top_rows
from engine.words.known import known_classes, why_unknown
from engine.words.longer import without_longer
from engine.words.space import WordSpace

BEST = 3
"""Words shown of a neuron."""
PERMUTED = 400
"""Neurons with permuted activations that a label's score is compared with."""
SURE = 0.95
"""Share of those that a neuron's best word must beat."""
AT_ONCE = 64
"""Neurons between two reports of progress."""


class NeuronWord(Struct, frozen=True):
    """A word and its soft-WPMI score, in nats: larger fits better."""

    word: str
    score: float


class NeuronWords(Struct, frozen=True, kw_only=True):
    """What a neuron is called, best word first; no word where none beats chance."""

    neuron: int
    words: tuple[NeuronWord, ...]
    confidence: float
    """Share of neurons with permuted activations whose best word scores lower."""
    clarity: float
    """How alike its top images are to CLIP: 1 alike, 0 by chance (SemanticLens)."""
    polysemanticity: float
    """How unlike the two kinds of its top images are: 0 alike (SemanticLens)."""

    @property
    def label(self) -> str:
        """The words, best first; empty where there is none."""
        return ", ".join(word.word for word in self.words)


class NamedNeurons(Struct, frozen=True, kw_only=True):
    """Words for every neuron, by index."""

    neurons: tuple[NeuronWords, ...]
    tested: int
    """Words of the vocabulary."""
    images: int
    """Images that they were looked for on."""
    why_not: str = ""
    """Why no neuron has a word."""

    def labelled(self, ranked: Neurons) -> Neurons:
        """Return a ranking with each neuron's words."""

        def with_words(side: tuple[RankedNeuron, ...]) -> tuple[RankedNeuron, ...]:
            named = self.neurons
            return tuple(
                structs.replace(n, word=named[n.neuron].label if named else "") for n in side
            )

        return structs.replace(
            ranked,
            insufficient=with_words(ranked.insufficient),
            excessive=with_words(ranked.excessive),
        )


def name_neurons(
    space: WordSpace, activations: Array, seed: int = 0
) -> Generator[Progress, None, NamedNeurons]:
    """Name every neuron; yields progress and returns the words.

    A word is shown where CLIP knows the classes at all, where the best word's score beats those of
    95% of neurons whose activations are permuted, and where the neuron's top images are more like
    it, against all images, than they are like any word by luck.

    Args:
        space: The images, and the words to try.
        activations: (N, D) of the whole feature cache; read once, in parts.
        seed: Of the permutations.
    """
    n, width = len(space.images), activations.shape[1]
    if n < 2 or not len(space.words):
        why = "no words to try" if n >= 2 else "too few images to look at"
        return NamedNeurons(neurons=(), tested=len(space.words), images=n, why_not=why)
    yield Progress(stage="finding each neuron's top images", done=0, total=width, unit="neurons")
    tops = top_rows(activations, min(TOP, n // 2), space.rows)
    permuted = _permuted(n, tops.shape[1], seed)
    scores = np.zeros((width, len(space.words)), dtype=np.float32)
    done = 0
    for part in evidence(space.images, space.texts, tops):
        scores[done : done + len(part)] = part
        done += len(part)
        yield Progress(stage="naming neurons", done=done, total=width, unit="neurons")
    common = log_mean(scores)
    scores -= common
    luck = np.sort(_by_luck(space, permuted, common, width))
    known = known_classes(space, seed)
    found: list[NeuronWords] = []
    while (done := len(found)) < width:
        yield Progress(stage="clarity of neurons", done=done, total=width, unit="neurons")
        some = slice(done, done + AT_ONCE)
        confidences = np.searchsorted(luck, scores[some].max(axis=1)) / PERMUTED
        sure = (confidences >= SURE) & (known is not None and known.known)
        seen = _Seen.of(space, tops[some])
        found += _told(space, done, scores[some], seen, confidences, sure)
    why_not = why_unknown(known)
    return NamedNeurons(neurons=tuple(found), tested=len(space.words), images=n, why_not=why_not)


def _permuted(n: int, k: int, seed: int) -> Array:
    """Return (400, k): the top images of neurons whose activations are permuted."""
    rng = np.random.default_rng((37, seed))
    return np.stack([rng.choice(n, k, replace=False) for _ in range(PERMUTED)])


def _by_luck(space: WordSpace, permuted: Array, common: Array, width: int) -> Array:
    """Return (400,): the best score of each permuted neuron, itself one of those averaged over.

    A neuron unlike all others is most of the mean that its own scores are compared with, so that
    none exceeds log D; what it is compared with is held to the same.
    """
    found = []
    for part in evidence(space.images, space.texts, permuted):
        mean = np.logaddexp(np.log(width) + common, part) - np.log(width + 1)
        found.append((part - mean).max(axis=1))
    return np.concatenate(found)


@dataclass(frozen=True)
class _Seen:
    """The top images of some neurons."""

    images: Array
    """(m, E) float32, of all of these neurons."""
    tops: Array
    """(d, k), rows of `images`: a neuron's, strongest first."""

    @classmethod
    def of(cls, space: WordSpace, tops: Array) -> Self:
        """Read the images of (d, k) rows, each once."""
        rows, where = np.unique(tops, return_inverse=True)
        return cls(np.asarray(space.images[rows], dtype=np.float32), where.reshape(tops.shape))

    @property
    def strongest(self) -> Array:
        """(d, 30, E) float64, in the order of the images."""
        return self.images[np.sort(self.tops[:, :SHOWN], axis=1)].astype(np.float64)

    @property
    def means(self) -> Array:
        """(d, E) float32: the mean of each neuron's."""
        share = np.zeros((len(self.tops), len(self.images)), dtype=np.float32)
        np.put_along_axis(share, self.tops, np.float32(1 / self.tops.shape[1]), axis=1)
        return np.asarray(share @ self.images)


def _told(
    space: WordSpace, first: int, scores: Array, seen: _Seen, confidences: Array, sure: Array
) -> Iterator[NeuronWords]:
    """Yield the words of some neurons, the first of them by its number; words where it is sure."""
    strongest = seen.strongest
    alone = strongest.shape[1] < 2
    clear = np.zeros(len(scores)) if alone else clarities(strongest)
    kinds = np.zeros(len(scores)) if alone else polysemanticities(strongest)
    words = iter(_words(space, scores[sure], seen.means[sure]))
    for place in range(len(scores)):
        yield NeuronWords(
            neuron=first + place,
            words=next(words) if sure[place] else (),
            confidence=float(confidences[place]),
            clarity=float(clear[place]),
            polysemanticity=float(kinds[place]),
        )


def _words(space: WordSpace, scores: Array, means: Array) -> Iterator[tuple[NeuronWord, ...]]:
    """Yield, neuron by neuron, the best words that stand out more than words do by luck, and fit.

    A score of 0 or less is that of a word that fits this neuron no better than neurons on average.
    """
    towards = (means - space.centre).astype(np.float32)
    differences = towards @ space.texts.T
    clear = stands_out(differences, towards @ space.reference.T) & (scores > 0)
    for own, difference, standing in zip(scores, differences, clear, strict=True):
        rows = np.flatnonzero(standing)
        ordered = rows[np.argsort(-own[rows], kind="stable")]
        best = without_longer(ordered, space.words, difference)[:BEST]
        yield tuple(NeuronWord(space.words[row], float(own[row])) for row in best)
