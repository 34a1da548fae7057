from dataclasses import replace

import numpy as np
import pytest

from engine.words.naming_neurons import name_neurons
from engine.words.neuron_store import path_of, ready_names, stored
from tests.engine.words.planted import space
from tests.engine.words.test_neurons import finished
from tests.making import planted_cache


@pytest.fixture
def named(tmp_path):
    base = space(per_class=40, mistakes=8, words=60)
    features = base.images.astype(np.float32)[:, :6]
    cache = planted_cache(
        tmp_path / "features", features, base.labels, np.ones((2, 6)), np.zeros(2)
    )
    return tmp_path, cache, base


def test_names_are_computed_once(named):
    home, cache, base = named
    first = list(ready_names(home, cache, base))
    assert len(first) > 2
    assert list(ready_names(home, cache, base)) == []  # read, nothing to report
    found = stored(path_of(home, cache, base))
    assert found == finished(ready_names(home, cache, base))
    assert found == finished(name_neurons(base, cache.features))


def test_other_words_or_images_are_other_names(named):
    home, cache, base = named
    paths = {
        path_of(home, cache, base),
        path_of(home, cache, replace(base, words=("x", *base.words[1:]))),
        path_of(home, cache, replace(base, images=base.images[::-1])),
    }
    assert len(paths) == 3


def test_damaged_names_are_made_anew(named):
    home, cache, base = named
    path = path_of(home, cache, base)
    path.parent.mkdir()
    path.write_text("{")
    assert finished(ready_names(home, cache, base)) == stored(path)


def test_some_rows_only(named):
    _, cache, base = named
    rows = np.arange(0, 80, 2)
    some = finished(name_neurons(base.among(rows), cache.features))
    assert some.images == 40
    apart = replace(base.among(rows), rows=np.arange(40))
    assert some == finished(name_neurons(apart, cache.features[rows]))
