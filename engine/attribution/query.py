"""Questions answered from the feature cache at once, without torch."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import structs

from engine.attribution.evidence import Evidence, gather
from engine.attribution.ranking import rank
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.errors import RequestError
from engine.schema.records import Neurons
from engine.schema.requests import Rows
from engine.visualization.store import core_sensitivities


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
        raise RequestError(f"{text!r} is not a number of neurons; give N or N%, such as 40 or 40%.")
    if not 1 <= number <= width:
        raise RequestError(
            f"{text} is {number} of {width} neurons; give 1 to {width}, or up to 100%."
        )
    return number


def find_image(cache: FeatureCache, path: str) -> int:
    """Return the row of an image, from its path as any command prints it, or its end.

    Raises:
        RequestError: No such image in the split, or several.
    """
    wanted = str(Path(path))
    for row, sample in enumerate(cache.samples):
        if wanted in (sample.path, cache.path(row)) or Path(wanted).resolve() == Path(
            cache.path(row)
        ):
            return row
    ends = [
        row
        for row, s in enumerate(cache.samples)
        if f"/{s.path}".endswith((f"/{wanted}", f"#{wanted}"))  # # before what lies in an archive
    ]
    if len(ends) == 1:
        return ends[0]
    found = (
        f"{len(ends)} images have paths that end like that" if ends else "see `mistakes` for paths"
    )
    raise RequestError(f"No single image {path!r} in {cache.meta.split}: {found}.")


def rank_neurons(
    cache: FeatureCache,
    class_index: int,
    *,
    by: str,
    top: int,
    seed: int,
    mistake: str | None = None,
    drawn: Path | None = None,
) -> Neurons:
    """Rank the neurons to blame for the mistakes of a class, or for one of them.

    With `drawn`, a folder of drawings, neurons that were drawn for the class have their core
    sensitivity.
    """
    if top < 1:
        raise RequestError(f"--top {top} lists nothing; give 1 or more.")
    if mistake is None:
        evidence = gather_drawn(cache, class_index, drawn)
        return rank(cache, evidence, by=by, top=top, seed=seed)
    row = find_image(cache, mistake)
    if cache.labels[row] < 0:
        raise RequestError(
            f"{mistake} is set aside; bring it back first (mistakes --bring-back PATH)."
        )
    if cache.labels[row] != class_index or cache.predicted[row] == class_index:
        raise RequestError(
            f"{mistake} is not a mistake of {cache.classes[class_index]}: its class is "
            f"{cache.classes[cache.labels[row]]}, the prediction "
            f"{cache.classes[cache.predicted[row]]}."
        )
    evidence = gather_drawn(cache, class_index, drawn, mistake=row)
    ranked = rank(cache, evidence, by=by, top=top, seed=seed)
    return structs.replace(ranked, mistake=cache.path(row))


def gather_drawn(
    cache: FeatureCache, class_index: int, drawn: Path | None, mistake: int | None = None
) -> Evidence:
    """Collect the evidence against neurons, with what a folder of drawings says of them."""
    found = {} if drawn is None else core_sensitivities(drawn, class_index, cache.meta.weights)
    return gather(cache, class_index, mistake=mistake, core_sensitivity=found)


def affected_classes(
    cache: FeatureCache, class_index: int, rows: Rows, among: Array | None = None
) -> Array:
    """Return the rows of W an edit may change: k and what its mistakes are predicted as, or all."""
    if rows == "all":
        return np.arange(len(cache.classes))
    wrong = np.asarray(cache.array("mistake_rows"))
    wrong = wrong[cache.labels[wrong] == class_index]
    if among is not None:
        wrong = wrong[np.isin(wrong, among)]
    return np.unique(np.append(cache.predicted[wrong], class_index))
