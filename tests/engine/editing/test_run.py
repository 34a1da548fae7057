import msgspec
import numpy as np
import pytest
import torch

from engine.editing.heads import EDIT, LAMBDA_0, ORIGINAL, PLACEBO, RETRAIN, SHIFT, Head
from engine.editing.losses import Stack, losses, terms
from engine.editing.methods import EDIT_METHODS
from engine.editing.planning import make_plan
from engine.editing.run import Caches, edit
from engine.editing.selection import SelectionScorer
from engine.editing.store import compare_edit, find_edit, list_edits, read_edit, read_head
from engine.editing.task import EditTask
from engine.editing.trainer import schedule, train
from engine.features.halves import halves
from engine.schema.edits import Edit, EditEpoch
from engine.schema.errors import EditError, RequestError
from engine.schema.records import Progress
from engine.schema.requests import EditRequest
from tests.making import birds, birds_cache, logistic, planted_cache


@pytest.fixture(scope="module")
def two_groups(tmp_path_factory):
    return Caches(*birds_cache(tmp_path_factory.mktemp("birds")))


@pytest.fixture(scope="module")
def prior(tmp_path_factory):
    """Four classes whose only fault is that one bias is 2.5 too low."""
    root = tmp_path_factory.mktemp("prior")

    def draw(seed, n=2400):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 4, n)
        means = 0.7 * (np.arange(80)[None] % 4 == labels[:, None])
        return np.maximum(means + rng.normal(0, 1, (n, 80)), 0), labels

    features, labels = draw(0)
    weight, bias = logistic(features, labels, 4, steps=300)
    bias = bias - np.array([2.5, 0, 0, 0], dtype=np.float32)
    training = planted_cache(root / "train", features, labels, weight, bias, split="train")
    features, labels = draw(1)
    return Caches(planted_cache(root / "valid", features, labels, weight, bias), [training])


def run(caches, root, **asked):
    *epochs, record = edit(caches, EditRequest(**asked), root, torch.device("cpu"))
    assert all(isinstance(some, (EditEpoch, Progress)) for some in epochs)
    assert isinstance(record, Edit)
    return record


def variant(record, name):
    return next(some for some in record.variants if some.name == name)


@pytest.mark.parametrize("method", ["zero", "ratio"])
def test_a_planted_shortcut_is_mended_beyond_the_edits_own_controls(two_groups, tmp_path, method):
    record = run(two_groups, tmp_path, classes=(0, 1), method=method, seeds=3, rows="all")
    worst = {some.name: some.worst_group.mean for some in record.variants}
    controls = [LAMBDA_0, PLACEBO, SHIFT]
    assert worst[EDIT] > worst[ORIGINAL] + 0.1
    assert all(worst[EDIT] > worst[control] + 0.05 for control in controls)
    assert {d.control for d in record.differences} == {*controls, RETRAIN}
    assert all(d.group_lo > 0 for d in record.differences if d.control != RETRAIN)
    # half of these images are of the rarer kinds: retraining on them mends the shortcut as well
    [retrained] = [d for d in record.differences if d.control == RETRAIN]
    assert retrained.group_lo <= 0
    assert "points over every control" not in record.verdict
    assert record.verdict.startswith("Plain retraining on the same images does")
    assert "worst group" in record.verdict


@pytest.mark.parametrize("method", ["zero", "weighted"])
def test_where_only_a_prior_is_wrong_the_verdict_names_the_bias_shift(prior, tmp_path, method):
    record = run(prior, tmp_path, classes=(0,), method=method, seeds=2, select="worst-class")
    assert variant(record, EDIT).target.mean > variant(record, ORIGINAL).target.mean + 0.05
    assert record.verdict.startswith("No better than shifting one bias")


def test_where_only_a_prior_is_wrong_the_ratio_beats_no_bias_shift(prior, tmp_path):
    record = run(prior, tmp_path, classes=(0,), method="ratio", seeds=2, select="worst-class")
    shift = next(d for d in record.differences if d.control == SHIFT)
    assert shift.lo <= 0
    assert "points over every control" not in record.verdict


def test_no_epochs_change_nothing(two_groups, tmp_path):
    record = run(two_groups, tmp_path, classes=(0, 1), method="ratio", epochs=0, seeds=2)
    cache = two_groups.evaluation
    head, _ = read_head(tmp_path / record.id, 200, 2)
    assert np.array_equal(head.weight, cache.weight)
    assert np.array_equal(head.bias, cache.bias)
    assert record.after == record.before
    assert record.verdict.startswith("The edit changes no image")


def test_a_ratio_without_strength_is_its_own_control(two_groups, tmp_path):
    record = run(
        two_groups, tmp_path, classes=(0, 1), method="ratio", strength=0.0, epochs=2, seeds=2
    )
    assert variant(record, EDIT).overall == variant(record, LAMBDA_0).overall
    assert all(d.points == 0 for d in record.differences if d.control in (LAMBDA_0, PLACEBO))


def of_the_edit(plan):
    return terms(plan, EDIT_METHODS.get(plan.request.method))[:1]


def test_heads_in_a_stack_do_not_feel_each_other(two_groups, tmp_path):
    cache = two_groups.evaluation
    plan = make_plan(
        cache, EditRequest(classes=(0, 1), method="ratio", seeds=3, epochs=2), tested=False
    )
    scorer = SelectionScorer(cache, plan.selection, (0, 1), "accuracy")

    def last(seed, seeds):
        request = msgspec.structs.replace(plan.request, seed=seed, seeds=seeds)
        one = type(plan)(**{**plan.__dict__, "request": request})
        task = EditTask(
            cache, two_groups.training, one, scorer, torch.device("cpu"), tmp_path / f"{seed}"
        )
        job = train(task, EDIT_METHODS.get("ratio"))
        while True:
            try:
                next(job)
            except StopIteration as stop:
                return stop.value.variants

    together, alone = last(0, 3), last(2, 1)
    for name in (EDIT, LAMBDA_0, PLACEBO):
        assert np.allclose(together[name][2].weight, alone[name][0].weight, atol=1e-5)


def test_the_ratio_loss_is_the_published_formula(prior):
    cache = prior.evaluation
    request = EditRequest(
        classes=(1,), method="ratio", preset="paper", target=1.2, top="7", seeds=1
    )
    plan = make_plan(cache, request, tested=False)
    stack = Stack.of(Head.of(cache), 1, 1, torch.device("cpu"))
    f, y = torch.tensor(np.array(cache.features[:16])), torch.tensor(cache.labels[:16])
    found = losses(
        stack,
        terms(plan, EDIT_METHODS.get(plan.request.method))[:1],
        plan.recipe,
        (f[None], y[None]),
    )
    w, b = torch.tensor(np.array(cache.weight)), torch.tensor(np.array(cache.bias))
    masked = f.clone()
    masked[:, plan.aims[0].first(7).neurons] = 0
    p, q = (f @ w.T + b).softmax(1)[:, 1], (masked @ w.T + b).softmax(1)[:, 1]
    expected = torch.nn.functional.cross_entropy(f @ w.T + b, y)
    expected = expected + 0.01 * torch.linalg.vector_norm(p / (q + 1e-9) - 1.2)
    assert torch.allclose(found, expected, rtol=1e-5)


def test_the_bird_version_is_the_published_formula(two_groups):
    cache = two_groups.evaluation
    request = EditRequest(classes=(1,), method="ratio", preset="bird", top="7", seeds=1)
    plan = make_plan(cache, request, tested=False)
    assert (plan.recipe.lr, plan.recipe.batch_size, plan.recipe.weight_decay) == (5e-5, 32, 1e-4)
    stack = Stack.of(Head.of(cache), 1, 1, torch.device("cpu"))
    f, y = torch.tensor(np.array(cache.features[:16])), torch.tensor(cache.labels[:16])
    found = losses(
        stack,
        terms(plan, EDIT_METHODS.get(plan.request.method))[:1],
        plan.recipe,
        (f[None], y[None]),
    )
    w, b = torch.tensor(np.array(cache.weight)), torch.tensor(np.array(cache.bias))
    masked = f.clone()
    masked[:, plan.aims[0].first(7).neurons] = 0
    ratio = (f @ w.T + b).softmax(1) / ((masked @ w.T + b).softmax(1) + 1e-9)
    expected = torch.nn.functional.cross_entropy(f @ w.T + b, y) + 0.01 * (ratio.mean() - 1).abs()
    assert torch.allclose(found, expected, rtol=1e-5)


def test_the_schedule_warms_up_and_ramps_down_once_over_the_whole_run():
    assert schedule(0.0) == 0
    assert schedule(0.025) == pytest.approx(0.5)
    assert schedule(0.05) == schedule(0.4) == schedule(0.75) == 1
    assert schedule(0.875) == pytest.approx(0.5)
    assert schedule(1.0) == 0


def test_the_halves_share_every_stratum_and_no_image(two_groups):
    cache = two_groups.evaluation
    selection, held_out = halves(cache, seed=0)
    assert sorted([*selection, *held_out]) == list(range(len(cache.labels)))
    right = cache.predicted == cache.labels
    for group in range(4):
        for kind in (True, False):
            inside = (cache.groups == group) & (right == kind)
            assert abs(int(inside[selection].sum()) - int(inside[held_out].sum())) <= 1
    assert not np.array_equal(selection, halves(cache, seed=1)[0])
    assert np.array_equal(selection, halves(cache, seed=0)[0])


def test_reporting_images_choose_nothing(two_groups, tmp_path):
    """Spoiling the reporting half leaves the neurons, their number and the head as they were."""
    cache = two_groups.evaluation
    request = EditRequest(classes=(0, 1), seeds=1)
    plan = make_plan(cache, request, tested=False)
    spoilt = np.array(cache.features)
    generator = np.random.default_rng(9)
    # shuffled within what the strata see, so that the halves stay the same
    right = cache.predicted == cache.labels
    for group in range(4):
        for kind in (True, False):
            some = plan.held_out[
                (cache.groups[plan.held_out] == group) & (right[plan.held_out] == kind)
            ]
            spoilt[some] = spoilt[generator.permutation(some)]
    other = planted_cache(
        tmp_path / "spoilt", spoilt, cache.labels, cache.weight, cache.bias,
        groups=cache.groups, group_names=cache.groups_named,
    )  # fmt: skip
    found = [
        run(Caches(some, []), tmp_path / str(number), classes=(0, 1), seeds=1)
        for number, some in enumerate((cache, other))
    ]
    assert found[0].neurons == found[1].neurons
    heads = [read_head(tmp_path / str(n) / some.id, 200, 2)[0] for n, some in enumerate(found)]
    assert np.array_equal(heads[0].weight, heads[1].weight)
    assert np.array_equal(heads[0].bias, heads[1].bias)


def test_a_test_split_reports_and_frees_the_whole_evaluation_split(two_groups, tmp_path):
    cache = two_groups.evaluation
    features, labels, groups = birds(400, 0.5, seed=5)
    test = planted_cache(
        tmp_path / "test", features, labels, cache.weight, cache.bias,
        groups=groups, group_names=cache.groups_named, split="test",
    )  # fmt: skip
    record = run(
        Caches(cache, two_groups.training, test), tmp_path / "e", classes=(0, 1), seeds=2,
        test_split="test",
    )  # fmt: skip
    assert (record.selected_on, record.reported_on, record.n_report) == ("valid", "test", 400)
    found = compare_edit(test, tmp_path / "e" / record.id)
    assert found.after == record.after


def test_compare_reproduces_what_was_reported(two_groups, tmp_path):
    record = run(two_groups, tmp_path, classes=(0, 1), seeds=2)
    found = compare_edit(two_groups.evaluation, tmp_path / record.id)
    assert (found.before, found.after) == (record.before, record.after)
    n = record.n_report
    assert len(found.fixed) - len(found.broken) == round(
        (found.after.overall - found.before.overall) * n
    )
    assert sum(c.fixed for c in found.classes) == len(found.fixed)
    assert sum(c.broken for c in found.classes) == len(found.broken)
    assert sum(c.n for c in found.groups) == n


def test_focal_and_weighted_losses_are_their_formulas(prior):
    cache = prior.evaluation
    f, y = torch.tensor(np.array(cache.features[:32])), torch.tensor(cache.labels[:32])
    w, b = torch.tensor(np.array(cache.weight)), torch.tensor(np.array(cache.bias))
    entropy = torch.nn.functional.cross_entropy(f @ w.T + b, y, reduction="none")
    share = torch.tensor([0.9, 1.0])[(y == 2).long()]
    expected = {
        "focal": ((1 - (-entropy).exp()) ** 2 * entropy).mean(),
        "weighted": (share * entropy).sum() / share.sum(),
    }
    for method, value in expected.items():
        plan = make_plan(cache, EditRequest(classes=(2,), method=method, seeds=1), tested=False)
        stack = Stack.of(Head.of(cache), 1, 1, torch.device("cpu"))
        found = losses(
            stack,
            terms(plan, EDIT_METHODS.get(plan.request.method))[:1],
            plan.recipe,
            (f[None], y[None]),
        )
        assert torch.allclose(found, value, rtol=1e-5)


def test_each_class_brings_its_own_neurons_and_those_without_mistakes_are_left(prior, tmp_path):
    record = run(prior, tmp_path, classes=(0, 1, 2, 3), top="5", seeds=1)
    assert len({*record.neurons.values()}) == len(record.neurons) >= 2
    left = 4 - len(record.neurons)
    assert any("stay as they are" in note for note in record.notes) == (left > 0)


def test_edits_are_found_by_the_beginning_of_their_id(two_groups, tmp_path):
    first = run(two_groups, tmp_path, classes=(0,), seeds=1)
    second = run(two_groups, tmp_path, classes=(1,), seeds=1)
    assert {some.id for some in list_edits(tmp_path)} == {first.id, second.id}
    assert read_edit(find_edit(tmp_path, second.id)).classes == second.classes
    with pytest.raises(EditError, match="start with"):
        find_edit(tmp_path, first.id[:4])
    with pytest.raises(EditError, match="No edit"):
        find_edit(tmp_path, "../..")


def test_an_edit_of_other_weights_is_refused(two_groups, prior, tmp_path):
    record = run(two_groups, tmp_path, classes=(0,), seeds=1)
    with pytest.raises(EditError, match="other weights or images"):
        compare_edit(prior.training[0], tmp_path / record.id)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"classes": ()}, "No class"),
        ({"classes": (0,), "neurons": (3,), "top": "5"}, "either"),
        ({"classes": (0,), "neurons": (200,)}, "No neuron 200"),
        ({"classes": (0,), "seeds": 0}, "--seeds 0"),
        ({"classes": (0,), "method": "ratio", "lr": float("nan")}, "--lr nan"),
        ({"classes": (0,), "strength": 0.1}, "belongs to --method ratio"),
        ({"classes": (0,), "top": "many"}, "not a number of neurons"),
    ],
)
def test_senseless_requests_are_refused(two_groups, tmp_path, asked, said):
    with pytest.raises(RequestError, match=said):
        run(two_groups, tmp_path, **asked)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("method", ["dfr", "direction", "afr", "retrain", "neurontune"])
def test_strong_last_layer_methods_mend_the_shortcut_too(two_groups, tmp_path, method):
    record = run(two_groups, tmp_path, classes=(0, 1), method=method, seeds=2, select="worst-group")
    worst = {some.name: some.worst_group.mean for some in record.variants}
    assert set(worst) == {ORIGINAL, EDIT, RETRAIN, SHIFT} - ({RETRAIN} & {method})
    assert worst[EDIT] > worst[ORIGINAL] + 0.1
    assert record.neurons == {}
    assert compare_edit(two_groups.evaluation, tmp_path / record.id).after == record.after


@pytest.mark.parametrize("method", ["dfr", "direction"])
def test_methods_that_need_groups_say_so(prior, tmp_path, method):
    with pytest.raises(RequestError, match="needs group labels"):
        run(prior, tmp_path, classes=(0,), method=method)


def test_mistake_aware_choice_weighs_few_mistakes_as_much_as_the_rest(two_groups):
    cache = two_groups.evaluation
    rows = np.arange(len(cache.labels))
    scorer = SelectionScorer(cache, rows, (0,), "mistake-aware")
    labels, before = cache.labels, cache.predicted
    mine, wrong = labels == 0, before != labels
    assert scorer.score(before)[0] == pytest.approx(2 / 3)  # none mended, all others kept
    flipped = np.where(mine & wrong, 0, before)
    assert scorer.score(flipped)[0] == 1
    flipped = np.where(mine, np.where(wrong, 0, 1), before)
    assert scorer.score(flipped)[0] == pytest.approx(2 / 3)
