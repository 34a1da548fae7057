"""Edits of images set aside: neither chosen on, reported on nor trained on, and said."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.editing.planning import divide
from engine.editing.run import Caches, _key, edit
from engine.editing.store import compare_edit, find_edit, read_head
from engine.schema.requests import EditRequest
from tests.making import birds_cache

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    return Caches(*birds_cache(tmp_path_factory.mktemp("birds")))


@pytest.fixture(scope="module")
def aside(caches):
    return np.sort(caches.evaluation.array("mistake_rows")[::5])


def masked(caches, aside):
    some = np.arange(0, 2000, 7)
    training = [cache.without(some) for cache in caches.training]
    return replace(caches, evaluation=caches.evaluation.without(aside), training=training)


def asked(method):
    more = {"epochs": 1} if method == "ratio" else {}
    return EditRequest(classes=(0, 1), method=method, seeds=2, **more)


@pytest.mark.parametrize("method", ["zero", "ratio", "afr", "dfr"])
def test_they_neither_choose_nor_report(caches, aside, tmp_path, method):
    *_, record = edit(masked(caches, aside), asked(method), tmp_path, CPU)
    cache = caches.evaluation
    _, rows = read_head(find_edit(tmp_path, record.id), cache.meta.width, 2)
    selection, _ = divide(masked(caches, aside).evaluation, 0, tested=False)
    assert not np.isin(aside, [*rows, *selection]).any()
    assert len(rows) + len(selection) == 1200 - len(aside)
    assert record.n_report == len(rows)
    assert f"{len(aside)} of valid" in " ".join(record.notes)
    assert record.provenance["set_aside"]
    right = cache.predicted[rows] == cache.labels[rows]
    assert record.before.overall == pytest.approx(right.mean())


def test_the_record_stays_what_it_was(caches, aside, tmp_path):
    *_, record = edit(caches, asked("zero"), tmp_path, CPU)
    assert "set_aside" not in record.provenance
    assert not any("set aside" in note for note in record.notes)
    directory = find_edit(tmp_path, record.id)
    before = compare_edit(caches.evaluation, directory)
    assert compare_edit(caches.evaluation.without(aside), directory) == before
    assert before.after == record.after


def test_an_interrupted_edit_goes_on_only_with_the_same_set_aside(caches, aside):
    keys = {
        _key(some, asked("zero"), CPU)
        for some in (caches, masked(caches, aside), masked(caches, aside[1:]))
    }
    assert len(keys) == 3
    assert _key(masked(caches, aside), asked("zero"), CPU) in keys


def test_what_an_edit_kept_back_stays_kept_back(caches, aside):
    _, kept = divide(caches.evaluation, 0, tested=False)
    selection, held_out = divide(caches.evaluation.without(aside), 0, tested=False, kept_back=kept)
    assert (held_out == np.setdiff1d(kept, aside)).all()
    assert not np.isin(selection, [*kept, *aside]).any()


def test_a_test_split_goes_without_its_own(caches, aside, tmp_path):
    test = caches.evaluation.without(aside)
    *_, record = edit(replace(caches, test=test), asked("zero"), tmp_path, CPU)
    assert record.n_report == 1200 - len(aside)
