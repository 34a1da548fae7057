"""Ablation previews asked for by neuron or by rank. No torch."""

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from engine.ablation.ablation import Scaling, preview
from engine.ablation.baselines import blame_signs
from engine.ablation.curve import curve
from engine.attribution.evidence import gather
from engine.attribution.query import affected_classes, check_neurons, parse_top
from engine.attribution.ranking import order
from engine.features.cache import FeatureCache
from engine.schema.errors import RequestError
from engine.schema.records import AblationPreview
from engine.schema.requests import Rows


def preview_ablation(
    cache: FeatureCache,
    class_index: int,
    *,
    chosen: Sequence[int] = (),
    top: str | None = None,
    by: str = "contrast",
    scale: float = 0.0,
    rows: Rows = "affected",
    with_curve: bool = False,
    seed: int = 0,
) -> AblationPreview:
    """Answer what scaling the `chosen` neurons, or the `top` of a ranking, would do."""
    if not np.isfinite(scale) or abs(scale) > 100:
        raise RequestError(f"--scale {scale} is out of range; give -100 to 100 (0 ablates).")
    if bool(chosen) == (top is not None):
        raise RequestError("Name the neurons either by --neuron J (may be repeated) or by --top N.")
    scaling = Scaling(class_index, affected_classes(cache, class_index, rows), scale)
    if chosen and not with_curve:
        return preview(cache, check_neurons(chosen, cache.meta.width), scaling)
    evidence = gather(cache, class_index)
    ranked = order(evidence, by)
    if chosen:
        picked = check_neurons(chosen, cache.meta.width)
    else:
        picked = ranked[: parse_top(str(top), cache.meta.width)]
    answer = preview(cache, picked, scaling)
    if not with_curve:
        return answer
    signs = blame_signs(evidence.head[0], class_index, evidence.others)
    return structs.replace(answer, curve=curve(cache, ranked, scaling, signs, seed))
