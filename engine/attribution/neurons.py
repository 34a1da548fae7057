"""One neuron: the classes that use it, and the real images that activate it. No torch."""

from collections.abc import Sequence

import numpy as np

from engine.attribution.query import check_neurons
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import Label, Neuron, NeuronImage, NeuronUse

USES = 8


IMAGES = 8


def describe_neuron(cache: FeatureCache, index: int, class_index: int) -> Neuron:
    """Describe one neuron: the classes that use it and the real images that activate it."""
    check_neurons([index], cache.meta.width)
    weights = np.asarray(cache.weight[:, index])
    ranked = np.argsort(-weights, kind="stable")
    rows = np.asarray(cache.array("strongest_rows")[index])
    values = np.asarray(cache.array("strongest_values")[index])
    largest = float(values[0]) if len(values) else 0.0  # of any image: no label is part of it
    counts = cache.labels[rows] >= 0
    rows, values = rows[counts], values[counts]
    wrong = np.asarray(cache.array("mistake_rows"))
    wrong = wrong[cache.labels[wrong] == class_index]
    activation = np.asarray(cache.features[wrong, index], dtype=np.float32)
    by_activation = np.argsort(-activation, kind="stable")

    def uses(classes: Sequence[int]) -> tuple[NeuronUse, ...]:
        return tuple(NeuronUse(int(c), cache.classes[c], float(weights[c])) for c in classes)

    return Neuron(
        neuron=index,
        class_=Label(class_index, cache.classes[class_index]),
        weight=float(weights[class_index]),
        largest_activation=largest,
        used_by=uses([c for c in ranked[:USES] if weights[c] > 0]),
        opposed_by=uses([c for c in ranked[::-1][:USES] if weights[c] < 0]),
        top_images=_images(cache, rows[:IMAGES], values[:IMAGES]),
        mistakes=_images(cache, wrong[by_activation], activation[by_activation]),
    )


def _images(cache: FeatureCache, rows: Array, values: Array) -> tuple[NeuronImage, ...]:
    return tuple(
        NeuronImage(
            path=cache.path(row),
            true=Label(int(cache.labels[row]), cache.classes[cache.labels[row]]),
            predicted=Label(int(cache.predicted[row]), cache.classes[cache.predicted[row]]),
            activation=value,
        )
        for row, value in zip(rows.tolist(), values.tolist(), strict=True)
    )
