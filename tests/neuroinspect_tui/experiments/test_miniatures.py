"""Generated data go through the readers of the real ones, and say what was drawn."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from engine.data.readers import READERS
from engine.data.readers.base import Options
from engine.grouping.store import load
from engine.schema.errors import RequestError
from engine.schema.requests import Source
from neuroinspect_tui.experiments.declaration import Shift
from neuroinspect_tui.experiments.miniatures import (
    birds,
    faces,
    flowers,
    foods,
    generator_of,
    scenes,
)
from neuroinspect_tui.experiments.miniatures.animals import KINDS
from neuroinspect_tui.experiments.miniatures.contexts import CONTEXTS
from neuroinspect_tui.experiments.scenario import BANK, GROUPING, open_scenes, write_scenario

SPLITS = ("train", "valid", "test")
SHIFT = Shift(kind="dog", context="chair", kinds=KINDS, train=12, valid=14, test=10)


def made(job):
    while True:
        try:
            next(job)
        except StopIteration as stop:
            return stop.value


def listed(reader, root, split, **columns):
    kind = READERS.get(reader)
    assert kind.matches(root)
    found = kind.list(root, split, Options(columns=columns))
    assert not found.skipped
    for sample in found.samples[:2]:
        assert (root / sample.path).is_file() or any(root.glob(f"*/{sample.path}"))
    return found


def counts(split):
    return Counter(split.classes[sample.label] for sample in split.samples)


def test_flowers_round_trip(tmp_path):
    sizes = flowers.Sizes(classes=5, train=2, valid=3, test=4)
    kit = made(flowers.make(tmp_path, sizes, 1, "cpu"))
    for split, count in zip(SPLITS, (2, 3, 4), strict=True):
        found = listed("flowers102", kit.data, split)
        assert len(found.classes) == 102
        assert counts(found)["sweet pea"] == count
        assert set(counts(found).values()) == {count}
        assert len(counts(found)) == 5


def test_foods_round_trip(tmp_path):
    kit = made(foods.make(tmp_path, foods.Sizes(train=20, test=3), 1, "cpu"))
    for split, count in zip(SPLITS, (17, 3, 3), strict=True):
        found = counts(listed("food101", kit.data, split))
        assert found["Steak"] == count
        assert set(found.values()) == {count}
        assert len(found) == len(foods.DISHES)


def test_faces_round_trip(tmp_path):
    kit = made(faces.make(tmp_path, faces.Sizes(train=200, valid=20, test=20), 1, "cpu"))
    found = listed("celeba", kit.data, "train")
    assert found.classes == ("not blond hair", "blond hair")
    groups = Counter(found.groups[sample.group] for sample in found.samples)
    assert sum(groups.values()) == 200
    assert groups["blond hair × male"] < 12 < groups["blond hair × not male"]
    assert groups["not blond hair × male"] > 40
    assert len(listed("celeba", kit.data, "test", label="Smiling").samples) == 20


def test_birds_round_trip(tmp_path):
    for _ in birds._draw(tmp_path, birds.Recipe(train=40, valid=12, test=8), 1):
        pass
    for split, count in zip(SPLITS, (40, 12, 8), strict=True):
        found = listed("waterbirds", tmp_path, split)
        assert len(found.samples) == count
        assert set(counts(found)) == {"landbird", "waterbird"}
    valid = listed("waterbirds", tmp_path, "valid")
    assert set(Counter(sample.group for sample in valid.samples).values()) == {3}


@pytest.fixture(scope="module")
def metashift(tmp_path_factory):
    root = tmp_path_factory.mktemp("metashift")
    for _ in scenes._draw(root, scenes.Sizes(each=4, shifted=14), 1):
        pass
    return root


def test_scenes_round_trip(metashift):
    found = [listed("metashift", metashift, split) for split in SPLITS]
    groups = Counter(s.groups[sample.group] for s in found for sample in s.samples)
    assert groups["dog(chair)"] == 14
    assert groups["elephant(snow)"] == 4
    assert len(groups) == len(KINDS) * len(CONTEXTS)


def test_a_scenario_trains_in_the_context_and_tests_outside_of_it(metashift, tmp_path):
    source = Source(model="x", checkpoint="untrained", data=str(metashift))
    table = tmp_path / "scenario.csv"
    one = write_scenario(source, SHIFT, table, 3)
    text = table.read_bytes()
    assert write_scenario(source, SHIFT, table, 4) == one
    assert table.read_bytes() == text  # drawn once
    grouping = load(tmp_path, GROUPING)
    reader = READERS.get("csv")
    options = Options(image_root=one.image_root)
    everywhere, inside = {}, open_scenes(metashift, SHIFT)
    for split, count in zip(SPLITS, (12, 14, 10), strict=True):
        found = reader.list(table, split, options)
        assert not found.skipped
        assert counts(found) == dict.fromkeys(KINDS, count)
        paths = [s.path for s in found.samples if found.classes[s.label] == "dog"]
        assert inside.has("chair", paths).all() == (split == "train")
        assert inside.has("chair", paths).any() == (split == "train")
        assert not {s.path for s in found.samples} & everywhere.keys()
        everywhere |= {s.path: split for s in found.samples}
        assert found.groups == ()  # the context is no label that edits would see
        of_dogs = {m.value for m in grouping.members if (m.class_, m.split) == ("dog", split)}
        assert of_dogs == {"chair" if split == "train" else "no chair"}
    bank = {s.path for s in reader.list(table, BANK, options).samples}
    assert not {path for path in bank if everywhere.get(path) in ("valid", "test")}


def test_contexts_and_kinds_can_be_told_from_pixels():
    """A nearest mean of small images tells contexts far above chance, and they differ by kind."""
    rng = np.random.default_rng(0)
    seen = {}
    for context in CONTEXTS:
        drawn = [scenes.Scene("dog", context, int(rng.integers(1e9))).render() for _ in range(8)]
        seen[context] = np.stack([np.asarray(i.resize((16, 16)), float).ravel() for i in drawn])
    means = {context: rows[:4].mean(axis=0) for context, rows in seen.items()}
    hits = [
        min(means, key=lambda name: np.linalg.norm(row - means[name])) == context
        for context, rows in seen.items() for row in rows[4:]
    ]  # fmt: skip
    assert np.mean(hits) > 0.5
    same = [np.asarray(scenes.Scene(kind, "sand", 7).render()) for kind in KINDS]
    assert all((a != b).any() for a, b in pairwise(same))


def test_sizes_are_read_strictly():
    with pytest.raises(RequestError, match=r"birds are wrong.*`tain`"):
        generator_of("birds", {"tain": 3})
    with pytest.raises(RequestError, match="no generator 'fish'"):
        generator_of("fish", {})
