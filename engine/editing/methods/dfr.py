"""Deep feature reweighting: logistic regression on group-balanced draws.

Source: Kirichenko et al. 2023, "Last Layer Re-Training is Sufficient for Robustness to Spurious
Correlations".
"""

import warnings
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import numpy as np

from engine.editing.heads import Head
from engine.editing.methods.base import EditMethod, Fitting, Need, best_seed, rngs
from engine.editing.selection import SelectionScorer
from engine.editing.task import EditTask
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import Progress

if TYPE_CHECKING:
    from engine.editing.fits import Fits

DRAWS = 10
PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01)


class Dfr(EditMethod):
    """Group-balanced L1 logistic regression on held-out features, standardised.

    The penalty is chosen on one half of the selection images by the worst group of the other, then
    ten group-balanced draws of all of them are averaged.
    """

    title = "deep feature reweighting"
    help = "logistic regression on group-balanced draws (Kirichenko et al. 2023); needs groups"
    needs: frozenset[Need] = frozenset({"groups"})
    decides = "the worst group of one half decides"

    def fit(self, task: EditTask) -> Fitting:
        """Fit once a seed."""
        from engine.editing.fits import Fits

        fits = Fits(task.directory, task.plan.request.seeds * (len(PENALTIES) + DRAWS))
        heads = []
        for seed, rng in rngs(task).items():
            heads.append((yield from _fit(task, rng, fits, seed)))
        return best_seed(task, heads)


def _fit(
    task: EditTask, rng: np.random.Generator, fits: "Fits", seed: int
) -> Generator[Progress, None, Head]:
    cache, selection = task.cache, task.plan.selection
    rows = rng.permutation(selection)
    half, judged = rows[::2], rows[1::2]
    features = np.asarray(cache.features[selection], dtype=np.float64)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    regression = _regression(cache, (mean, scale), rng)
    by_worst_group = SelectionScorer(cache, judged, task.scorer.classes, "worst-group")
    scores = []
    for c in PENALTIES:
        head = yield from fits.head(f"dfr-{seed}-penalty-{c:g}", regression(half, c))
        scores.append(by_worst_group.score(head.predict(cache, judged)))
    best = PENALTIES[scores.index(max(scores))]
    heads = []
    for draw in range(DRAWS):
        fit = regression(selection, best)
        heads.append((yield from fits.head(f"dfr-{seed}-draw-{draw}", fit)))
    return Head(
        np.mean([head.weight for head in heads], axis=0),
        np.mean([head.bias for head in heads], axis=0),
    )


def _regression(
    cache: FeatureCache, standard: tuple[Array, Array], rng: np.random.Generator
) -> Callable[[Array, float], Callable[[], Head]]:
    """Return what draws balanced rows at once, and fits them when it is called."""
    mean, scale = standard

    def regression(rows: Array, penalty: float) -> Callable[[], Head]:
        assert cache.groups is not None  # asked for before
        groups = cache.groups[rows]
        present = np.unique(groups[groups >= 0])
        least = min(int((groups == g).sum()) for g in present)
        drawn = np.concatenate([rng.permutation(rows[groups == g])[:least] for g in present])
        return lambda: fit(drawn, penalty)

    def fit(drawn: Array, penalty: float) -> Head:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        from engine.editing.retraining import to_head

        x = (np.asarray(cache.features[drawn], dtype=np.float64) - mean) / scale
        solver = "liblinear" if len(np.unique(cache.labels[drawn])) == 2 else "saga"
        # it shuffles: without a seed by numpy's global state, another way at every run
        model = LogisticRegression(
            C=penalty, l1_ratio=1.0, solver=solver, max_iter=200, tol=1e-3, random_state=0
        )
        with warnings.catch_warnings():
            # saga cut short is a little less sparse; ten of them are averaged
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(x, cache.labels[drawn])
        return to_head(cache, model, mean, scale)

    return regression


KIND = Dfr()
