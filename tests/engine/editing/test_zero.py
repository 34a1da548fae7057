"""`zero` takes the order of the groups where it goes by groups, and that order does better."""

import numpy as np
import pytest
import torch

from engine.attribution.evidence import gather
from engine.attribution.ranking import order
from engine.editing.grouped import grouped
from engine.editing.run import Caches, edit
from engine.features.overlay import Overlay
from engine.schema.requests import EditRequest
from tests.making import birds_cache


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    evaluation, _ = birds_cache(tmp_path_factory.mktemp("birds"))
    return Caches(evaluation, [])


def made(caches, home, **fields):
    request = EditRequest(classes=(0, 1), seeds=1, **fields)
    *_, record = edit(grouped(caches, request, home), request, home / "edits", torch.device("cpu"))
    return record


def order_note(record):
    return next((note for note in record.notes if note.startswith("Neurons in the order")), "")


def test_by_groups_both_orders_are_tried_and_the_better_is_made(caches, tmp_path):
    chosen = made(caches, tmp_path, select="worst-group")
    alone = {
        by: made(caches, tmp_path, select="worst-group", by=by) for by in ("contrast", "groups")
    }
    assert all(order_note(record) == "" for record in alone.values())
    said = order_note(chosen)
    assert "contrast" in said
    assert "groups" in said
    by = said.removeprefix("Neurons in the order of ").split(",")[0]
    assert chosen.neurons == alone[by].neurons
    assert chosen.after == alone[by].after
    selection = np.setdiff1d(np.arange(caches.evaluation.meta.n), rows_of(tmp_path, chosen))
    evidence = gather(caches.evaluation, 0, rows=selection, classes=(0, 1))
    count = len(chosen.neurons["0"])
    assert list(chosen.neurons["0"]) == order(evidence, by)[:count].tolist()


def rows_of(home, record):
    from engine.editing.store import read_head

    return read_head(home / "edits" / record.id, 200, 2)[1]


def test_the_data_s_groups_are_not_read_where_nothing_asks_for_groups(caches, tmp_path):
    evaluation = caches.evaluation
    shuffled = np.random.default_rng(0).permutation(evaluation.own_groups)
    nothing = np.zeros(0, dtype=np.int64)
    other = Overlay("other", "", shuffled, evaluation.groups_named, nothing)
    free = made(caches, tmp_path, select="accuracy")
    assert order_note(free) == ""
    laid = Caches(evaluation.with_groups(other), [])
    assert order_note(made(laid, tmp_path, select="accuracy")) != ""


def test_an_order_or_a_number_that_is_given_is_kept(caches, tmp_path):
    assert order_note(made(caches, tmp_path, select="worst-group", top="20")) == ""
    assert order_note(made(caches, tmp_path, select="worst-group", neurons=(3, 5))) == ""
    assert order_note(made(caches, tmp_path, select="worst-group", by="contrast")) == ""
