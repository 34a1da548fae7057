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

    The arguments are those of `evidence_of` and `rank_by`.

    Raises:
        RequestError: As `evidence_of`, or `top` lists nothing.
    """
    if top < 1:
        raise RequestError(f"--top {top} lists nothing; give 1 or more.")
    evidence = evidence_of(cache, class_index, mistake, drawn)
    return rank_by(cache, evidence, by=by, top=top, seed=seed, mistake=mistake)


def evidence_of(
    cache: FeatureCache, class_index: int, mistake: str | None = None, drawn: Path | None = None
) -> Evidence:
    """Collect the evidence against neurons of the mistakes of a class, or of one of them.

    Args:
        cache: Of the split.
        class_index: The class.
        mistake: The path of one mistake; None: all.
        drawn: A folder of drawings: neurons that were drawn for the class have their core
            sensitivity.

    Raises:
        RequestError: There are no mistakes, or the image is none.
    """
    found = {} if drawn is None else core_sensitivities(drawn, class_index, cache.meta.weights)
    row = None if mistake is None else _mistake_row(cache, class_index, mistake)
    return gather(cache, class_index, mistake=row, core_sensitivity=found)


def rank_by(
    cache: FeatureCache,
    evidence: Evidence,
    *,
    by: str,
    top: int,
    seed: int,
    mistake: str | None = None,
) -> Neurons:
    """Rank neurons by what `evidence_of` collected.

    Args:
        cache: Of the split.
        evidence: Against them.
        by: A ranking's name.
        top: Neurons a list.
        seed: Of the bootstrap.
        mistake: The path of the one mistake that the evidence is of; None: all.
    """
    ranked = rank(cache, evidence, by=by, top=top, seed=seed)
    if mistake is None:
        return ranked
    return structs.replace(ranked, mistake=cache.path(find_image(cache, mistake)))


def _mistake_row(cache: FeatureCache, class_index: int, mistake: str) -> int:
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
    return row


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
