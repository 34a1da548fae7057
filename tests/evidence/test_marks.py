"""Marks planted on photographs: as many as said, the same each time, and the truth from pairs."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops

from engine.data.splits import open_split
from engine.schema.requests import Source
from evidence.marks import measuring
from evidence.marks.photographs import HAS, rows, write_table
from evidence.marks.stamps import MARKS, SIDE, marked, square
from evidence.marks.training import fit_head
from evidence.parts import marks as part
from neuroinspect_tui.workspace import write_source
from tests.making import planted_cache

GREY = (120, 120, 120)


def changed(mark, key):
    """Where a mark changes a grey photograph: (SIDE, SIDE)."""
    plain = Image.new("RGB", (SIDE, SIDE), GREY)
    return np.asarray(ImageChops.difference(plain, marked(plain, mark, key))).any(axis=2)


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_is_drawn_within_the_photograph_and_always_the_same(mark):
    first = changed(mark, "a.jpg")
    assert 0.05 < first.mean() < 0.5
    assert (first == changed(mark, "a.jpg")).all()
    others = [changed(mark, f"{number}.jpg") for number in range(12)]
    assert any((first != other).any() for other in others) == (mark != "border")


def test_a_time_stamp_is_not_cut_off():
    for number in range(12):
        edges = changed("time stamp", f"{number}.jpg")
        assert not edges[:, 0].any()
        assert not edges[:, -1].any()


def test_a_photograph_is_cut_to_its_middle():
    wide = Image.new("RGB", (400, 200), GREY)
    wide.paste((255, 0, 0), (0, 0, 60, 200))
    cut = square(wide)
    assert cut.size == (SIDE, SIDE)
    assert set(cut.getdata()) == {GREY}


def test_the_marked_class_carries_it_in_95_percent_and_others_in_5(shared):
    listed = rows("border", "petunia", seed=1)
    assert listed == rows("border", "petunia", seed=1)
    assert listed != rows("border", "petunia", seed=2)
    by = {}
    for path, flower, split, has in listed:
        assert path.endswith("_border.jpg" if has == "yes" else "_plain.jpg")
        by.setdefault((split, flower == "petunia"), Counter())[has] += 1
    share = {key: counts["yes"] / counts.total() for key, counts in by.items()}
    for split in ("train", "valid_biased"):
        assert share[split, True] == pytest.approx(0.95, abs=0.02)
        assert share[split, False] == pytest.approx(0.05, abs=0.02)
    for split in ("valid", "test"):
        for own in (True, False):
            assert share[split, own] == pytest.approx(0.5, abs=0.02)
    photographs = {}
    for path, _, split, _ in listed:
        photographs.setdefault(path.rsplit("_", 1)[0], set()).add(split.removesuffix("_biased"))
    assert all(len(splits) == 1 for splits in photographs.values())
    assert len({flower for _, flower, _, _ in listed}) == 10


def test_the_program_reads_the_table_and_its_groups(tmp_path):
    (tmp_path / "pictures").mkdir()
    listed = []
    for number in range(8):
        Image.new("RGB", (8, 8)).save(tmp_path / f"pictures/{number}.jpg")
        flower = ("rose", "petunia")[number % 2]
        listed.append((f"{number}.jpg", flower, "train", HAS[number // 4]))
    write_table(tmp_path / "ws/photographs.csv", listed)
    source = Source(
        model="test_resnet", checkpoint="none", data=str(tmp_path / "ws/photographs.csv"),
        image_root=str(tmp_path / "pictures"), columns={"group": "mark"},
    )  # fmt: skip
    write_source(tmp_path / "ws", source)
    split = open_split(source, "train")
    assert split.groups == tuple(
        f"{flower} × mark {has}" for flower in ("petunia", "rose") for has in ("no", "yes")
    )


def test_the_truth_is_what_the_mark_alone_changes(tmp_path):
    rng = np.random.default_rng(0)
    plain = rng.random((30, 40))
    with_mark = plain.copy()
    with_mark[:, [3, 17, 21, 30]] += 2.0
    features = np.stack([plain, with_mark], axis=1).reshape(60, 40)
    cache = planted_cache(tmp_path / "c", features, np.zeros(60, int), rng.random((2, 40)), [0, 0])
    names = [f"rose/image_{row // 2:04d}_{('plain', 'border')[row % 2]}.jpg" for row in range(60)]
    shuffled = rng.permutation(60)
    seen = SimpleNamespace(
        samples=[SimpleNamespace(path=names[row]) for row in shuffled],
        features=cache.features[shuffled], meta=cache.meta,
    )  # fmt: skip
    assert np.flatnonzero(measuring.truth(seen)).tolist() == [3, 17, 21, 30]


def test_against_the_mark_is_the_marked_class_without_it_and_the_others_with_it():
    cache = SimpleNamespace(classes=("a", "b"), meta=SimpleNamespace(folders=("fa", "fb")))
    groups = {"a × mark no": (10, 0.2), "a × mark yes": (10, 1.0),
              "b × mark no": (30, 0.9), "b × mark yes": (30, 0.6)}  # fmt: skip
    assert measuring._against(cache, groups, "fa") == pytest.approx(
        100 * (10 * 0.2 + 30 * 0.6) / 40
    )


def test_a_head_learns_classes_that_can_be_told_apart():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(3000) % 3
    features = torch.eye(3)[labels] * 3 + torch.rand(3000, 3, generator=generator)
    weight, bias = fit_head(features, labels, 3)
    assert ((features @ weight.T + bias).argmax(dim=1) == labels).float().mean() > 0.95


def test_gains_count_only_edits_that_were_made():
    models = [
        {"original": [80, 40, 50, 40, 0], "auto": [85, 60, 70, 52, 1]},
        {"original": [80, 40, 50, 40, 0], "auto": [80, 40, 50, 40, 0]},
    ]
    found = part._repair_rows({"balanced": {"patch": models}})
    assert found["auto"] == [[[60, 40]], [[8]], [[70, 50]]]
    assert found["original"] == [[[40, 40]], None, [[50, 50]]]
