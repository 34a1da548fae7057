"""The curve against one preview after another, where logits tie and some images do not count."""

import numpy as np
import pytest

from engine.ablation import curve as module
from engine.ablation.ablation import Scaling, preview
from engine.ablation.curve import curve
from tests.making import planted_cache

CLASSES, WIDTH, N = 6, 20, 240


@pytest.fixture(params=["with groups", "without groups"])
def tied(request, tmp_path):
    """Whole numbers, so that products are exact, and few of them, so that many logits are equal."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, CLASSES, N)
    features = rng.integers(0, 3, (N, WIDTH)).astype(np.float32)
    weight = rng.integers(-1, 2, (CLASSES, WIDTH)).astype(np.float32)
    weight[4] = weight[1]  # two classes that are always equal: the first is predicted
    named = {"groups": rng.integers(-1, 3, N), "group_names": ("a", "b", "c")}
    cache = planted_cache(
        tmp_path / "features", features, labels, weight, np.zeros(CLASSES),
        **(named if request.param == "with groups" else {}),
    )  # fmt: skip
    return cache.without(np.array([0, 7, 100]))


@pytest.mark.parametrize("rows", [[1], [1, 4], [0, 2, 5], list(range(CLASSES))])
@pytest.mark.parametrize("scale", [0.0, 2.0, -1.0])
def test_points_equal_previews_where_logits_tie(tied, rows, scale, monkeypatch):
    monkeypatch.setattr(module, "LOGITS_AT_ONCE", 64)  # blocks end inside classes and groups
    ranked = np.random.default_rng(5).permutation(WIDTH)
    scaling = Scaling(1, np.array(rows), scale)
    points = curve(tied, ranked, scaling, np.where(np.arange(WIDTH) % 2, 1, -1), seed=0)
    assert [point.n for point in points] == list(range(WIDTH + 1))
    for point in points:
        alone = preview(tied, ranked[: point.n], scaling)
        assert point.edit == alone.after
        assert (point.fixed, point.broken) == (len(alone.fixed), len(alone.broken))
        assert point.bias_shift == alone.bias_shift


def test_the_logits_do_tie(tied):
    top = np.sort(np.asarray(tied.logits), axis=1)
    assert (top[:, -1] == top[:, -2]).mean() > 0.2
