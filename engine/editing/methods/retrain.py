"""The decision layer retrained on the selection images, class-balanced.

Source: LaBonte et al. 2023, "Towards Last-layer Retraining for Group Robustness with Fewer
Annotations".
"""

import numpy as np

from engine.editing.heads import SHIFT
from engine.editing.methods.base import EditMethod, Fitting, best_seed
from engine.editing.task import EditTask
from engine.schema.errors import RequestError


class Retrain(EditMethod):
    """L2 logistic regression with every class weighing the same; it needs no group labels.

    The strength is chosen on one half of the selection images by `--select` on the other. It is
    also the control `retrain` of every other edit.
    """

    title = "plain retraining"
    help = "retrains the decision layer, class-balanced, on the selection images (LaBonte 2023)"
    usual_controls = (SHIFT,)

    def fit(self, task: EditTask) -> Fitting:
        """Fit once a seed, which draws the halves that choose the strength."""
        from engine.editing.fits import Fits
        from engine.editing.retraining import fits_of, lost_classes, retrain

        check_two_classes(task, "retrain")
        fits = Fits(task.directory, fits_of(task))
        found = yield from retrain(task, fits)
        return best_seed(task, found.heads, lost_classes(task))


def check_two_classes(task: EditTask, method: str) -> None:
    """Refuse to fit a decision layer where there is nothing to tell apart.

    Raises:
        RequestError: The selection images are of one class.
    """
    if len(np.unique(task.cache.labels[task.plan.selection])) < 2:
        raise RequestError(
            f"--method {method} needs selection images of two classes or more; "
            f"{task.cache.meta.split} has them of one."
        )


KIND = Retrain()
