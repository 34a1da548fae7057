"""Which neurons, which pairs of images, which order: the plan of a quiz. No torch.

The task is that of Borowski et al. (2021, arXiv 2010.12606): of two natural images, which one
activates the unit more? Here both are of one class, so that the class alone gives nothing away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.attribution.query import check_neurons
from engine.features.cache import FeatureCache
from engine.features.parts import in_parts
from engine.schema.arrays import Array
from engine.schema.errors import RequestError

REFERENCES = 4
"""Real images that explain a neuron."""
Form = tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Pair:
    """Two images of a class, by their rows in the split.

    Args:
        neuron: Which goes with one of them.
        class_index: That both are of: the class with the neuron's largest weight.
        goes: The image for which it activates more.
        does_not: The other.
        activations: Of both.
        references: Rows of the neuron's most activating images; neither of the pair is one.
    """

    neuron: int
    class_index: int
    goes: int
    does_not: int
    activations: tuple[float, float]
    references: tuple[int, ...]


def draw_pairs(
    cache: FeatureCache, neurons: Sequence[int], count: int, questions: int, seed: int
) -> list[Pair]:
    """Return the questions: neuron by neuron in turn, each with its next pair of images.

    Args:
        cache: Of the evaluation split.
        neurons: Those to ask about; empty: `count` at random.
        count: How many.
        questions: How many questions.
        seed: Of the neurons, and of what ties are broken by.

    Raises:
        RequestError: No such neuron, or too few images to ask so much about one.
    """
    wanted = check_neurons(neurons, cache.meta.width).tolist()
    chance = np.random.default_rng((101, seed))
    each = -(-questions // (len(wanted) or count))
    candidates = wanted or chance.permutation(cache.meta.width).tolist()
    shuffled = chance.permutation(cache.meta.n)
    found: dict[int, list[Pair]] = {}
    for at in range(0, len(candidates), 64):  # few columns of a large file at once
        part = candidates[at : at + 64]
        columns = _columns(cache, part)
        for neuron, activation in zip(part, columns, strict=True):
            pairs = _pairs(cache, neuron, activation, shuffled, each)
            if len(pairs) == each:
                found[neuron] = pairs
            elif wanted:
                raise RequestError(_too_few(cache, neuron, each))
        if len(found) >= (len(wanted) or count):
            break
    chosen = list(found)[: len(wanted) or count]
    if len(chosen) < (len(wanted) or count):
        raise RequestError(
            f"Only {len(chosen)} neurons tell {each} pairs of {cache.meta.split} apart within a "
            f"class, and {count} were asked for; give fewer --neurons or --questions."
        )
    return [found[neuron][turn] for turn in range(each) for neuron in chosen][:questions]


def _columns(cache: FeatureCache, neurons: Sequence[int]) -> Array:
    """Return (N, n) activations of some neurons."""
    parts = [part[:, neurons] for _, part in in_parts(cache.features, np.arange(cache.meta.n))]
    return np.concatenate(parts).T


def _pairs(
    cache: FeatureCache, neuron: int, activation: Array, shuffled: Array, count: int
) -> list[Pair]:
    """Return up to so many pairs: the strongest images of the class with the weakest ones."""
    rows = np.asarray(cache.array("strongest_rows")[neuron])
    references = tuple(rows[cache.labels[rows] >= 0][:REFERENCES].tolist())
    k = int(np.argmax(cache.weight[:, neuron]))
    members = shuffled[(cache.labels[shuffled] == k) & ~np.isin(shuffled, references)]
    ordered = members[np.argsort(-activation[members], kind="stable")]
    found = []
    for goes, does_not in zip(ordered[:count], ordered[::-1][:count], strict=True):
        more, less = float(activation[goes]), float(activation[does_not])
        if len(ordered) >= 2 * count and more > less:
            found.append(
                Pair(neuron, k, int(goes), int(does_not), (more, less), references)
            )  # fmt: skip
    return found


def _too_few(cache: FeatureCache, neuron: int, each: int) -> str:
    k = int(np.argmax(cache.weight[:, neuron]))
    return (
        f"Neuron {neuron} does not tell {each} pairs of {cache.classes[k]} apart on "
        f"{cache.meta.split}; ask fewer --questions, or about another neuron."
    )


def draw_forms(pairs: Sequence[Pair], conditions: Sequence[str], seed: int) -> tuple[Form, ...]:
    """Return as many forms as there are conditions, each with every question once.

    All questions on a neuron have one condition within a form, and over the forms every neuron
    has every condition once: a Latin square. The order is another in each form.
    """
    place = {neuron: at for at, neuron in enumerate(dict.fromkeys(p.neuron for p in pairs))}
    forms = []
    for form in range(len(conditions)):
        order = np.random.default_rng((103, seed, form)).permutation(len(pairs)).tolist()
        forms.append(
            tuple(
                (at, conditions[(place[pairs[at].neuron] + form) % len(conditions)]) for at in order
            )
        )
    return tuple(forms)


def draw_sides(count: int, seed: int) -> list[bool]:
    """Return by question whether the right picture is the left one: half of them, at random."""
    sides = np.arange(count) % 2 == 0
    shuffled: list[bool] = np.random.default_rng((107, seed)).permutation(sides).tolist()
    return shuffled
