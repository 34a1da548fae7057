"""Kinds of images by a direction that is given: neurons, or texts in CLIP's space. No torch."""

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from engine.features.cache import FeatureCache
from engine.grouping.described import FEATURES, Described, by_features
from engine.grouping.directions import otsu
from engine.grouping.finding import Found, of_class
from engine.schema.arrays import Array
from engine.schema.errors import RequestError


def by_neurons(
    cache: FeatureCache, selection: Array, classes: Sequence[int], neurons: Sequence[int]
) -> Found:
    """Divide classes by how strongly some neurons fire: the mean of their z-scores, by Otsu.

    Raises:
        RequestError: There is no such neuron.
    """
    width = cache.meta.width
    for neuron in neurons:
        if not 0 <= neuron < width:
            raise RequestError(f"There is no neuron {neuron}; there are 0 to {width - 1}.")
    images = by_features(cache)
    mean, scale = images.standard(selection)
    direction = np.zeros(width)
    direction[list(neurons)] = 1 / len(set(neurons))
    named = "+".join(map(str, neurons))
    rule = Found((f"{named} strong", f"{named} weak"), FEATURES, mean, scale, {}, ())
    return _cut(rule, cache, images, selection, classes, direction, "neurons")


def by_texts(
    cache: FeatureCache,
    images: Described,
    selection: Array,
    classes: Sequence[int],
    direction: Array,
    values: tuple[str, str],
) -> Found:
    """Divide classes by how much more like one text than another their images are, by Otsu.

    Args:
        cache: Of the evaluation split.
        images: By CLIP's features.
        selection: The rows that thresholds are chosen on.
        classes: Those to divide.
        direction: (E,): the one text's embedding minus the other's, or a single one's.
        values: Of the images above and below the threshold.
    """
    width = len(direction)
    rule = Found(values, images.space, np.zeros(width), np.ones(width), {}, ())
    return _cut(rule, cache, images, selection, classes, direction, "texts")


def _cut(
    rule: Found,
    cache: FeatureCache,
    images: Described,
    selection: Array,
    classes: Sequence[int],
    direction: Array,
    by: str,
) -> Found:
    cuts, kinds = {}, []
    for k in classes:
        rows = images.having(selection[cache.labels[selection] == k])
        told = of_class(cache, k, rows)
        along = np.zeros(0)
        if len(rows):
            parts = images.parts(rows)
            along = np.concatenate([(f - rule.mean) / rule.scale @ direction for _, f in parts])
        if len(along) < 2 or np.ptp(along) == 0:
            few = f"too few images to divide ({len(along)})"
            why_not = few if len(along) < 2 else "its images do not differ there"
            kinds.append(structs.replace(told, why_not=why_not))
            continue
        cuts[k] = (direction, float(otsu(along[:, None])[0]))
        kinds.append(structs.replace(told, by=by))
    return Found(rule.values, rule.space, rule.mean, rule.scale, cuts, tuple(kinds))
