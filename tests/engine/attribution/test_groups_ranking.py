"""The ranking by groups: the share of variance that a grouping explains, equal to a naive loop."""

import numpy as np
import pytest

from engine.ablation.interactive import InteractiveAblation
from engine.attribution.evidence import gather
from engine.attribution.explained import explained_by_groups
from engine.attribution.ranking import order, rank
from engine.editing.planning import make_plan
from engine.features.overlay import Overlay
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest
from tests.making import birds_cache, planted_cache


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return birds_cache(tmp_path_factory.mktemp("birds"))[0]


def naive_share(cache, k, j, rows):
    values = {}
    for i in rows:
        if cache.labels[i] == k and cache.groups[i] >= 0:
            values.setdefault(int(cache.groups[i]), []).append(float(cache.features[i, j]))
    everything = np.concatenate(list(values.values()))
    within = sum(((np.array(some) - np.mean(some)) ** 2).sum() for some in values.values())
    whole = ((everything - everything.mean()) ** 2).sum()
    return 1 - within / whole if whole else 0.0


def test_the_share_equals_a_naive_loop(cache, monkeypatch):
    monkeypatch.setattr("engine.features.parts.ROWS_AT_ONCE", 100)
    rows = np.arange(0, len(cache.labels), 3)
    found = explained_by_groups(cache, (0, 1), rows)
    wanted = [sum(naive_share(cache, k, j, rows) for k in (0, 1)) for j in range(0, 200, 7)]
    assert found[::7] == pytest.approx(wanted, abs=1e-6)
    assert found.max() > 2 * np.median(found)


def test_neurons_are_ranked_by_it_in_one_of_two_lists(cache):
    share = explained_by_groups(cache, (1,), None)
    evidence = gather(cache, 1)
    assert order(evidence, "groups").tolist() == [
        j for j in np.argsort(-share, kind="stable") if share[j] > 0
    ]
    found = rank(cache, evidence, by="groups", top=200)
    for side, sign in ((found.insufficient, -1), (found.excessive, 1)):
        assert side
        for some in side:
            assert some.score == pytest.approx(share[some.neuron])
            assert some.stability is None
            assert not some.ambiguous
            assert sign * (cache.weight[0, some.neuron] - cache.weight[1, some.neuron]) > 0


def test_without_groups_it_is_a_sentence_and_no_choice(tmp_path):
    rng = np.random.default_rng(0)
    cache = planted_cache(
        tmp_path / "f", rng.normal(size=(60, 12)), rng.integers(0, 2, 60), rng.normal(size=(2, 12)),
        [0, 0],
    )  # fmt: skip
    with pytest.raises(RequestError, match="needs groups"):
        order(gather(cache, 0), "groups")
    assert InteractiveAblation(cache, 0).rankings == ("contrast", "contribution", "votes")
    one = Overlay("one", "", np.zeros(60, dtype=np.int64), ("all",), np.zeros(0, dtype=np.int64))
    alone = rank(cache.with_groups(one), gather(cache.with_groups(one), 0), by="groups")
    assert (alone.insufficient, alone.excessive) == ((), ())
    assert "of one group" in alone.note


def test_images_of_no_group_do_not_count(cache):
    groups = np.where(np.arange(len(cache.labels)) % 2, cache.own_groups, -1)
    nothing = np.zeros(0, dtype=np.int64)
    laid = cache.with_groups(Overlay("half", "", groups, cache.groups_named, nothing))
    odd = np.arange(1, len(cache.labels), 2)
    assert explained_by_groups(laid, (0,), None) == pytest.approx(
        explained_by_groups(cache, (0,), odd)
    )


def test_an_edit_orders_by_the_selection_images_over_its_classes(cache):
    plan = make_plan(cache, EditRequest(classes=(0, 1), by="groups"), tested=False)
    share = explained_by_groups(cache, (0, 1), plan.selection)
    wanted = [j for j in np.argsort(-share, kind="stable") if share[j] > 0]
    assert [aim.neurons.tolist() for aim in plan.aims] == [wanted, wanted]
    everything = explained_by_groups(cache, (0, 1), None)
    assert np.argsort(-everything, kind="stable").tolist() != wanted  # it peeked at nothing else
