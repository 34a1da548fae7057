"""The evidence script's statistics, on data whose truth is planted."""

import numpy as np
import pytest
import torch

from engine.attribution.evidence import gather
from engine.editing.run import Caches, edit
from engine.schema.requests import EditRequest
from evidence.edits import figures
from evidence.flowers import balance
from evidence.parts.edits import gains
from evidence.rankings import (
    activation_vector,
    concept_amounts,
    dependence,
    driven,
    precision,
)
from evidence.tables import best_control, beyond, columns
from tests.making import BACKGROUND, CORE, NOISE, birds_cache

WIDTH = CORE + BACKGROUND + NOISE


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return Caches(*birds_cache(tmp_path_factory.mktemp("birds")))


@pytest.fixture(scope="module")
def zeroed(planted, tmp_path_factory):
    request = EditRequest(classes=(0, 1), seeds=3, rows="all")
    *_, found = edit(planted, request, tmp_path_factory.mktemp("edits"), torch.device("cpu"))
    return found


def test_dependence_is_the_share_of_variance_within_pairs():
    rng = np.random.default_rng(0)
    place, bird = rng.integers(0, 2, 4000), rng.normal(0, 0.5, 4000)
    here = np.stack([place, bird, place + bird, np.zeros(4000)], axis=1)
    there = np.stack([1 - place, bird, 1 - place + bird, np.zeros(4000)], axis=1)
    assert dependence(here, there) == pytest.approx([1.0, 0.0, 0.5, 0.0], abs=0.02)


def test_the_driven_tenth_is_the_top_tenth():
    share = np.linspace(0, 1, 40)
    assert sorted(driven(share)) == [36, 37, 38, 39]


def test_a_rankings_precision_counts_the_true_neurons_at_its_top():
    truth = np.zeros(21, dtype=bool)
    truth[[0, 3, 20]] = True
    scored = -np.arange(21.0)
    assert precision(scored, truth) == pytest.approx((0.4, 0.2, (0 + 3 + 20) / 3 / 20))


def test_contribution_finds_the_planted_background_and_a_constant_does_not(planted):
    cache = planted.evaluation
    truth = np.zeros(WIDTH, dtype=bool)
    truth[CORE : CORE + BACKGROUND] = True
    found = [precision(gather(cache, k).contribution.mean(axis=0), truth)[1] for k in (0, 1)]
    assert min(found) == 1.0
    assert precision(np.zeros(WIDTH), truth)[1] == 0.0  # ties go by index: the first forty are core


def test_a_concept_vector_points_where_the_concept_is():
    rng = np.random.default_rng(0)
    has = rng.integers(0, 2, 600).astype(bool)
    features = rng.normal(0, 1, (600, 8))
    features[:, 5] += 3 * has
    vector = activation_vector(features, has)
    assert np.argmax(np.abs(vector)) == 5
    assert vector[5] > 0.9


def test_concept_amounts_name_the_missing_concept():
    head = (np.array([[0.0, 2.0, 0.0], [0.0, -2.0, 0.0]]), np.array([-1.0, 1.0]))
    mistakes = np.zeros((4, 3))
    amounts = concept_amounts(mistakes, 0, np.eye(3), head)
    assert (amounts[:, 1] > 0.3).all()
    assert amounts[:, [0, 2]] == pytest.approx(0)
    logits = (mistakes + amounts) @ head[0].T + head[1]
    assert (logits.argmax(axis=1) == 0).all()


def test_an_edits_gain_counts_against_the_best_control(zeroed):
    found = {name: list(pair) for name, pair in figures("zero", zeroed).items()}
    control = best_control("zero", columns([found]))
    worst = {name: pair[1] for name, pair in found.items() if name.startswith("zero: ")}
    assert control == max(worst, key=worst.get)
    (gain,) = beyond([found], "zero", control)
    assert gain == pytest.approx(100 * (found["zero"][1] - worst[control]))
    # the shortcut is planted, and half the selection images are without it: the edit gains by its
    # neurons, and retraining on such images gains as much without them
    (own,) = beyond([found], "zero", "zero: lambda 0")
    assert own > 5
    assert worst["zero: retrain"] > found["original"][1] + 0.05
    assert best_control("original", columns([found])) is None


def test_a_row_has_average_and_worst_group_in_percent_and_the_gain_over_the_best_control():
    models = [
        {"original": [0.8, 0.3], "zero": [0.8, 0.7], "zero: placebo": [0.8, 0.5],
         "zero: retrain": [0.9, 0.4]},
        {"original": [0.8, 0.3], "zero": [0.9, 0.6], "zero: placebo": [0.8, 0.4],
         "zero: retrain": [0.9, 0.4]},
    ]  # fmt: skip
    rows = gains(models)
    assert rows["original"] == [[[80, 80], [30, 30]], None, None]
    both, gained, over = rows["zero"]
    assert both == [[80, 90], [70, 60]]
    assert gained == [[pytest.approx(20), pytest.approx(20)]]
    assert over == "placebo"
    assert set(rows) == {"original", "zero"}


def test_balance_counts_points_gained_in_the_class_and_lost_elsewhere(planted, tmp_path):
    request = EditRequest(classes=(0,), seeds=2)
    *_, found = edit(planted, request, tmp_path, torch.device("cpu"))
    variants = {variant.name: variant for variant in found.variants}
    original, edited = variants["original"], variants["edit"]
    gain, loss = balance("zero", found)["zero"]
    assert gain == pytest.approx(100 * (edited.target.mean - original.target.mean))
    share = found.n_target / found.n_report
    overall = edited.overall.mean - original.overall.mean
    assert share * gain - (1 - share) * loss == pytest.approx(100 * overall)
    assert set(balance("zero", found)) == {
        "zero",
        *(f"zero: {n}" for n in variants if n not in ("original", "edit")),
    }
