"""NeuronTune: ablate the neurons that all classes' mistakes share, then retrain.

Source: Zheng et al., ICML 2025, "NeuronTune: Towards Self-Guided Spurious Bias Mitigation".
"""

import numpy as np

from engine.editing.methods.base import EditMethod, Fitting, best_seed
from engine.editing.methods.retrain import check_two_classes
from engine.editing.task import EditTask
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.errors import RequestError

SHOWN = 20


class NeuronTune(EditMethod):
    """Ablates neurons whose median over the mistakes exceeds that over the right images.

    It must do so in every class that has both. Then the decision layer is retrained as `retrain`
    does. It needs no group labels.
    """

    title = "biased neurons ablated, retrained"
    help = "ablates neurons that mistakes of all classes fire, retrains (Zheng et al. 2025)"

    def fit(self, task: EditTask) -> Fitting:
        """Fit once a seed, which draws the halves that choose the strength."""
        from engine.editing.fits import Fits
        from engine.editing.retraining import fits_of, lost_classes, retrain

        check_two_classes(task, "neurontune")
        neurons = biased_neurons(task.cache, task.plan.selection)
        fits = Fits(task.directory, fits_of(task))
        found = yield from retrain(task, fits, name="neurontune", ablated=neurons)
        return best_seed(task, found.heads, (_said(neurons), *lost_classes(task)))


def biased_neurons(cache: FeatureCache, rows: Array) -> Array:
    """Return the neurons whose median over mistakes exceeds that over right images, in all classes.

    Classes without a mistake, or without a right image, among `rows` say nothing.

    Raises:
        RequestError: No class has both.
    """
    labels, wrong = cache.labels[rows], cache.predicted[rows] != cache.labels[rows]
    biased: Array | None = None
    for k in np.unique(labels):
        mine = labels == k
        if not (mine & wrong).any() or not (mine & ~wrong).any():
            continue
        mistakes, right = (
            np.median(np.asarray(cache.features[rows[mine & kind]], dtype=np.float64), axis=0)
            for kind in (wrong, ~wrong)
        )
        biased = mistakes > right if biased is None else biased & (mistakes > right)
    if biased is None:
        raise RequestError(
            "--method neurontune compares a class's mistakes with its right images; among the "
            "selection images no class has both."
        )
    return np.flatnonzero(biased)


def _said(neurons: Array) -> str:
    if not len(neurons):
        return "No neuron's median is higher over the mistakes of every class: none is ablated."
    more = f" and {len(neurons) - SHOWN} more" if len(neurons) > SHOWN else ""
    named = ", ".join(map(str, neurons[:SHOWN].tolist()))
    return f"Ablated for all classes, {len(neurons)} of the neurons: {named}{more}."


KIND = NeuronTune()
