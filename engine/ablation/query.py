"""Ablation previews asked for by neuron or by rank. No torch."""

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from engine.ablation.ablation import Scaling, curve, what_if
from engine.ablation.baselines import blame_signs
from engine.attribution.query import check_neurons, concerned, parse_top
from engine.attribution.ranking import gather, order
from engine.features.cache import Bank
from engine.schema.errors import RequestError
from engine.schema.records import WhatIf
from engine.schema.requests import By, Rows


def preview_ablation(
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
