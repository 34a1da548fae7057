"""The plan of a quiz: pairs that a neuron tells apart, and forms that balance."""

from collections import Counter

import numpy as np
import pytest

from engine.schema.errors import RequestError
from neuroinspect_tui.study.conditions import CONDITIONS, chosen
from neuroinspect_tui.study.design import draw_forms, draw_pairs, draw_sides
from tests.neuroinspect_tui.study.conftest import WIDTH


def test_a_pair_is_of_the_neurons_class_and_no_reference(cache):
    pairs = draw_pairs(cache, (), 6, 12, seed=1)
    assert len(pairs) == 12
    assert sorted(Counter(pair.neuron for pair in pairs).values()) == [2] * 6
    assert len({(pair.neuron, pair.goes) for pair in pairs}) == 12
    for pair in pairs:
        assert pair.class_index == np.argmax(cache.weight[:, pair.neuron])
        assert {cache.labels[pair.goes], cache.labels[pair.does_not]} == {pair.class_index}
        more, less = (cache.features[row, pair.neuron] for row in (pair.goes, pair.does_not))
        assert pair.activations == pytest.approx((more, less))
        assert more > less
        strongest = np.argsort(-cache.features[:, pair.neuron])[:4].tolist()
        assert sorted(pair.references) == sorted(strongest)
        assert not {pair.goes, pair.does_not} & set(pair.references)


def test_the_seed_decides_and_nothing_else(cache):
    assert draw_pairs(cache, (), 6, 6, seed=3) == draw_pairs(cache, (), 6, 6, seed=3)
    assert draw_pairs(cache, (), 6, 6, seed=3) != draw_pairs(cache, (), 6, 6, seed=4)


def test_a_neuron_that_tells_nothing_apart_is_passed_over_or_refused(cache):
    everyone = draw_pairs(cache, (), WIDTH - 1, WIDTH - 1, seed=0)
    assert WIDTH - 1 not in {pair.neuron for pair in everyone}
    with pytest.raises(RequestError, match=f"Neuron {WIDTH - 1} does not tell 1 pairs"):
        draw_pairs(cache, (WIDTH - 1,), 1, 1, seed=0)
    with pytest.raises(RequestError, match="Only 11 neurons"):
        draw_pairs(cache, (), WIDTH, WIDTH, seed=0)
    with pytest.raises(RequestError, match="does not tell 40 pairs"):
        draw_pairs(cache, (0,), 1, 40, seed=0)
    with pytest.raises(RequestError, match="No neuron 12"):
        draw_pairs(cache, (12,), 1, 1, seed=0)


def test_forms_are_a_latin_square(cache):
    names = list(CONDITIONS)[:5]
    pairs = draw_pairs(cache, (), 10, 20, seed=0)
    forms = draw_forms(pairs, names, seed=0)
    assert len(forms) == len(names)
    for form in forms:
        assert sorted(at for at, _ in form) == list(range(20))
        by_neuron = {}
        for at, name in form:
            by_neuron.setdefault(pairs[at].neuron, set()).add(name)
        assert all(len(met) == 1 for met in by_neuron.values())
        assert set(Counter(name for _, name in form).values()) == {20 // len(names)}
    for at in range(20):
        assert {name for form in forms for q, name in form if q == at} == set(names)
    assert len({tuple(at for at, _ in form) for form in forms}) == len(names)


def test_half_of_the_right_answers_are_left():
    for count in (1, 2, 9, 40):
        assert sum(draw_sides(count, seed=5)) == -(-count // 2)
    assert draw_sides(40, seed=5) != draw_sides(40, seed=6)


def test_conditions_that_need_a_clip_are_left_out_or_refused():
    assert chosen((), clip=True) == list(CONDITIONS)
    assert chosen((), clip=False) == [n for n in CONDITIONS if not CONDITIONS[n].needs_clip]
    assert chosen(("heat", "none"), clip=False) == ["none", "heat"]
    with pytest.raises(RequestError, match="names none"):
        chosen(("published",), clip=False)
    with pytest.raises(RequestError, match="No condition 'x'"):
        chosen(("x",), clip=True)
