"""What-ifs answered from what is kept equal those worked out afresh."""

import numpy as np
import pytest
from msgspec import structs

from engine.ablation.interactive import InteractiveAblation, Question
from engine.ablation.query import preview_ablation
from engine.schema.errors import RequestError
from tests.making import planted_cache

WIDTH = 300


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 400)
    hint = np.arange(WIDTH) % 5
    features = np.maximum(rng.normal(0, 1, (400, WIDTH)) + 0.2 * (hint == labels[:, None]), 0)
    weight = 0.2 * (hint[None] == np.arange(5)[:, None]) + rng.normal(0, 0.1, (5, WIDTH))
    return planted_cache(
        tmp_path_factory.mktemp("ablation") / "features", features, labels, weight,
        rng.normal(0, 0.1, 5), groups=labels % 2, group_names=("a", "b"),
    )  # fmt: skip


@pytest.mark.parametrize("rows", ["affected", "all"])
@pytest.mark.parametrize("by", ["contrast", "votes", "contribution"])
def test_sliding_in_any_order_equals_whatif_to_the_bit(cache, rows, by):
    ablation = InteractiveAblation(cache, 2)
    most = len(ablation.order(by))
    for top in (1, 3, 2, 64, 65, 200, 7, 300):
        question = Question(top=min(top, most), by=by, scale=0.3, rows=rows)
        found = ablation.answer(question).whatif
        alone = preview_ablation(cache, 2, top=str(question.top), by=by, scale=0.3, rows=rows)
        assert found == alone


def test_toggling_equals_whatif_to_the_bit(cache):
    ablation = InteractiveAblation(cache, 1)
    for picked in ((5, 9, 200, 40), (5, 200), (40,), (5, 9, 200, 40), (7, 5)):
        found = ablation.answer(Question(picked=picked)).whatif
        assert found == preview_ablation(cache, 1, chosen=picked)
    nothing = ablation.answer(Question(picked=())).whatif
    assert nothing.after == nothing.before
    assert nothing.fixed == nothing.broken == ()


def test_a_curve_and_its_random_neurons_are_whatifs(cache):
    ablation = InteractiveAblation(cache, 3)
    points = ablation.curve("contrast", 0.0, "affected")
    whole = preview_ablation(cache, 3, top="4", with_curve=True)
    assert whole.curve == points
    point = points[60]
    placebo = structs.asdict(ablation.random(Question(top=point.n)))
    assert placebo == pytest.approx(structs.asdict(point.placebo), abs=0.003)


def test_a_class_without_mistakes_is_one_sentence(tmp_path):
    labels = np.arange(3)
    cache = planted_cache(tmp_path / "features", np.eye(3), labels, np.eye(3), np.zeros(3))
    with pytest.raises(RequestError, match="has no mistakes"):
        InteractiveAblation(cache, 0)
