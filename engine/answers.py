"""Questions answered from the bank at once, without torch."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import structs

from engine.bank import Array, Bank
from engine.errors import RequestError
from engine.ranking import gather, order, rank
from engine.records import Label, Neuron, NeuronImage, Neurons, NeuronUse, WhatIf
from engine.requests import By, Rows
from engine.whatif import Scaling, blame_signs, curve, what_if

USES = 8
IMAGES = 8


def check_neurons(neurons: Sequence[int], width: int) -> Array:
    """Return the neurons as an array without repeats.

    Raises:
        RequestError: One lies outside 0 to D - 1.
    """
    for neuron in neurons:
        if not 0 <= neuron < width:
            raise RequestError(f"No neuron {neuron}: this model's are 0 to {width - 1}.")
    return np.array(list(dict.fromkeys(neurons)), dtype=np.int64)


def parse_top(text: str, width: int) -> int:
    """Read `N` or `N%` of D neurons.

    Raises:
        RequestError: Neither, or outside 1 to D.
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)(%?)", text.strip())
    if match and match[2]:
        number = round(float(match[1]) / 100 * width)
    elif match and "." not in match[1]:
        number = int(match[1])
    else:
        raise RequestError(f"{text!r} is no number of neurons; give N or N%, such as 40 or 40%.")
    if not 1 <= number <= width:
        raise RequestError(
            f"{text} is {number} of {width} neurons; give 1 to {width}, or up to 100%."
        )
    return number


def find_image(bank: Bank, path: str) -> int:
    """Return the row of an image, from its path as any command prints it, or its end.

    Raises:
        RequestError: No such image in the split, or several.
    """
    wanted = str(Path(path))
    for row, sample in enumerate(bank.samples):
        if wanted in (sample.path, bank.path(row)) or Path(wanted).resolve() == Path(
            bank.path(row)
        ):
            return row
    ends = [row for row, s in enumerate(bank.samples) if f"/{s.path}".endswith(f"/{wanted}")]
    if len(ends) == 1:
        return ends[0]
    found = f"{len(ends)} images end so" if ends else "see `mistakes` for paths"
    raise RequestError(f"No single image {path!r} in {bank.meta.split}: {found}.")


def neurons(
    bank: Bank, class_index: int, *, by: By, top: int, seed: int, mistake: str | None = None
) -> Neurons:
    """Rank the neurons to blame for the mistakes of a class, or for one of them."""
    if top < 1:
        raise RequestError(f"--top {top} lists nothing; give 1 or more.")
    if mistake is None:
        return rank(bank, gather(bank, class_index), by=by, top=top, seed=seed)
    row = find_image(bank, mistake)
    if bank.labels[row] != class_index or bank.predicted[row] == class_index:
        raise RequestError(
            f"{mistake} is no mistake of {bank.classes[class_index]}: it is a "
            f"{bank.classes[bank.labels[row]]} taken for {bank.classes[bank.predicted[row]]}."
        )
    ranked = rank(bank, gather(bank, class_index, mistake=row), by=by, top=top, seed=seed)
    return structs.replace(ranked, mistake=bank.path(row))


def neuron(bank: Bank, index: int, class_index: int) -> Neuron:
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


def concerned(bank: Bank, class_index: int, rows: Rows, among: Array | None = None) -> Array:
    """Return the rows of W an edit may touch: k and what its mistakes are taken for, or all."""
    if rows == "all":
        return np.arange(len(bank.classes))
    wrong = np.asarray(bank.array("mistake_rows"))
    wrong = wrong[bank.labels[wrong] == class_index]
    if among is not None:
        wrong = wrong[np.isin(wrong, among)]
    return np.unique(np.append(bank.predicted[wrong], class_index))


def whatif(
    bank: Bank,
    class_index: int,
    *,
    chosen: Sequence[int] = (),
    top: str | None = None,
    by: By = "contrast",
    scale: float = 0.0,
    rows: Rows = "concerned",
    with_curve: bool = False,
    seed: int = 0,
) -> WhatIf:
    """Answer what scaling the `chosen` neurons, or the `top` of the order, would do."""
    if not np.isfinite(scale) or abs(scale) > 100:
        raise RequestError(f"--scale {scale} is out of range; give -100 to 100 (0 silences).")
    if bool(chosen) == (top is not None):
        raise RequestError("Say which neurons: either --neuron J (several times) or --top N.")
    scaling = Scaling(class_index, concerned(bank, class_index, rows), scale)
    if chosen and not with_curve:
        return what_if(bank, check_neurons(chosen, bank.meta.width), scaling)
    evidence = gather(bank, class_index)
    ranked = order(evidence, by)
    if chosen:
        picked = check_neurons(chosen, bank.meta.width)
    else:
        picked = ranked[: parse_top(str(top), bank.meta.width)]
    answer = what_if(bank, picked, scaling)
    if not with_curve:
        return answer
    signs = blame_signs(evidence.head[0], class_index, evidence.others)
    return structs.replace(answer, curve=curve(bank, ranked, scaling, signs, seed))
