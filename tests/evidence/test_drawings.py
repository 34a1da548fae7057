"""How drawings are judged: by words, and by another CLIP that looks for their neuron."""

import itertools

import msgspec
import numpy as np
import pytest
import torch

from engine.schema.requests import IllusionRequest
from engine.visualization.objectives import OBJECTIVES
from engine.visualization.parameterizations import PARAMETERIZATIONS
from evidence import drawings, retrieval
from evidence.models import Model
from evidence.parts import drawings as part
from evidence.parts.base import Work


def planted(noise, neurons=40, width=16):
    """Embeddings of each neuron's eight images about a direction of its own, and queries."""
    generator = torch.Generator().manual_seed(1)

    def about(directions, amount):
        found = directions + amount * torch.randn(directions.shape, generator=generator)
        return torch.nn.functional.normalize(found, dim=-1)

    own = torch.nn.functional.normalize(torch.randn(neurons, width, generator=generator), dim=1)
    top = about(own[:, None].expand(-1, 8, -1), 0.1)
    return about(own, noise), top, torch.arange(neurons)


def test_a_judge_finds_the_neuron_of_a_drawing_that_is_like_its_images():
    queries, top, own = planted(0.05)
    assert retrieval.shares(queries, top, own) == [1.0] * 40
    lost = retrieval.shares(*planted(50.0))  # nothing of the neuron is left: one in ten by chance
    assert len(lost) == 40
    assert np.mean(lost) < 0.3


def test_a_drawing_that_is_like_every_neuron_equally_is_of_none():
    _, top, own = planted(0.05)
    same = top[:1].expand(40, -1, -1)
    assert retrieval.shares(top[:, 0], same, own) == [0.0] * 40


def test_all_choices_of_the_others_count():
    queries, top, own = planted(1.0, neurons=12)
    likeness = torch.einsum("aie,ne->na", top, queries)
    expected = []
    for one in range(12):
        others = [j for j in range(12) if j != one]
        wins = [
            float(likeness[one, one] > likeness[one, list(nine)].max())
            for nine in itertools.combinations(others, 9)
        ]
        expected.append(np.mean(wins))
    assert 0 < sum(expected) < 12
    assert retrieval.shares(queries, top, own) == pytest.approx(expected)


@pytest.mark.parametrize("name", drawings.SETTINGS)
def test_every_setting_is_a_request_of_kinds_there_are(name):
    request = IllusionRequest(class_index=0, neurons=(1,), **drawings.SETTINGS[name])
    assert request.parameterization in PARAMETERIZATIONS.names()
    assert request.objective in OBJECTIVES.names()
    assert msgspec.json.decode(msgspec.json.encode(request), type=IllusionRequest) == request


def test_the_published_setting_and_the_other_are_what_they_are_called():
    published, other = (
        IllusionRequest(class_index=0, neurons=(1,), **drawings.SETTINGS[name])
        for name in (drawings.AS_PUBLISHED, drawings.CHOSEN)
    )
    assert published == other.as_published != other
    assert (other.parameterization, other.objective) == ("maco", "neuron-first")


def test_the_table_has_wilsons_interval_and_a_bootstraps_of_the_gain(tmp_path, monkeypatch):
    monkeypatch.setattr("evidence.result_files.FOLDER", tmp_path)
    model = Model("pretrained", 21, tmp_path)
    judged = [
        {name: [0.3, 0.1] * 15 for name in retrieval.SHOWN} | {drawings.CHOSEN: [share] * 30}
        for share in (0.3, 0.4)
    ]
    part.publish_retrieval(Work("drawings-pretrained", tmp_path, [model, model]), judged)
    [path] = tmp_path.glob("retrieval-pretrained.json")
    rows = msgspec.json.decode(path.read_bytes())["rows"]
    [[share], [gain]] = rows[drawings.CHOSEN]
    assert share["mean"] == pytest.approx(35)
    assert (share["lo"], share["hi"]) == pytest.approx((24.2, 47.6), abs=0.1)
    assert gain["mean"] == pytest.approx(15)
    assert 10 < gain["lo"] < 15 < gain["hi"] < 20
    assert rows[drawings.AS_PUBLISHED][1] is None
