"""Core sensitivity, the published automatic selection, from drawings of every neuron."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.attribution.evidence import gather
from engine.attribution.rankings import RANKINGS
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.requests import IllusionRequest
from engine.visualization.store import core_sensitivities
from evidence.kinds import precision_of_groups
from evidence.models import Model
from evidence.rankings import background_dependence, driven, last, precision, scores
from evidence.tables import Figures

STEPS = 64
"""Of a drawing: CLIP-Illusion's own drawings take 450; see docs/evidence.md."""
EVALUATION = "valid"


def measure(model: Model, k: int, check_time: Callable[[], None]) -> Figures:
    """Return by ranking precision@5, @10 and mean rank of background-driven neurons for a class.

    Core sensitivity ranks by drawings of every neuron for the class, with the model's own CLIP;
    `groups` by the groups found with that CLIP. All others are as in `evidence.rankings`.

    Args:
        model: Whose neurons. Its drawings stay in its workspace: a run that was stopped goes on.
        k: The class, 0 or 1.
        check_time: Called after every step of a drawing; raises to stop.
    """
    engine = model.engine(EVALUATION, model.plan.source.clip)
    cache = last(engine.ready_cache(EVALUATION))
    drawn = model.home / "drawings"
    request = IllusionRequest(class_index=k, neurons=tuple(range(cache.meta.width)), steps=STEPS)
    for _ in engine.illusion(request.as_published, str(drawn)):
        check_time()
    truth = np.zeros(cache.meta.width, dtype=bool)
    truth[driven(background_dependence(engine.classifier, model.seed))] = True
    ranked = scores(cache, k, engine.classifier, model.seed)
    ranked["core sensitivity"] = _by_sensitivity(cache, k, drawn)
    figures = {name: list(precision(scored, truth)) for name, scored in ranked.items()}
    groups = precision_of_groups(model, EVALUATION, model.plan.source.clip)
    return figures if groups is None else figures | {"groups found, own CLIP": groups}


def _by_sensitivity(cache: FeatureCache, k: int, drawn: Path) -> Array:
    """Score every neuron (D,); the least sensitive is ranked first, as published."""
    found = core_sensitivities(drawn, k, cache.meta.weights)
    return RANKINGS.get("core-sensitivity").strength(gather(cache, k, core_sensitivity=found))
