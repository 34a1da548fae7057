"""One neuron: the classes that use it, and the real images that activate it. No torch."""

from collections.abc import Sequence

import numpy as np

from engine.attribution.query import check_neurons
from engine.features.cache import Bank
from engine.schema.arrays import Array
from engine.schema.records import Label, Neuron, NeuronImage, NeuronUse

USES = 8


IMAGES = 8


def describe_neuron(bank: Bank, index: int, class_index: int) -> Neuron:
    """Describe one neuron: the classes that use it and the real images that fire it."""
    check_neurons([index], bank.meta.width)
    weights = np.asarray(bank.weight[:, index])
    ranked = np.argsort(-weights, kind="stable")
    rows = np.asarray(bank.array("strongest_rows")[index])
    values = np.asarray(bank.array("strongest_values")[index])
    wrong = np.asarray(bank.array("mistake_rows"))
    wrong = wrong[bank.labels[wrong] == class_index]
    fired = np.asarray(bank.features[wrong, index], dtype=np.float32)
    by_fire = np.argsort(-fired, kind="stable")

    def uses(classes: Sequence[int]) -> tuple[NeuronUse, ...]:
        return tuple(NeuronUse(int(c), bank.classes[c], float(weights[c])) for c in classes)

    return Neuron(
        neuron=index,
        class_=Label(class_index, bank.classes[class_index]),
        weight=float(weights[class_index]),
        largest_activation=float(values[0]) if len(values) else 0.0,
        used_by=uses([c for c in ranked[:USES] if weights[c] > 0]),
        opposed_by=uses([c for c in ranked[::-1][:USES] if weights[c] < 0]),
        top_images=_images(bank, rows[:IMAGES], values[:IMAGES]),
        mistakes=_images(bank, wrong[by_fire], fired[by_fire]),
    )


def _images(bank: Bank, rows: Array, values: Array) -> tuple[NeuronImage, ...]:
    return tuple(
        NeuronImage(
            path=bank.path(row),
            true=Label(int(bank.labels[row]), bank.classes[bank.labels[row]]),
            predicted=Label(int(bank.predicted[row]), bank.classes[bank.predicted[row]]),
            activation=value,
        )
        for row, value in zip(rows.tolist(), values.tolist(), strict=True)
    )
