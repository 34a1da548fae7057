"""Images set aside: they count nowhere, move no other image, and are not forgotten."""

import numpy as np
import pytest

from engine.ablation.ablation import Scaling, preview
from engine.attribution.evidence import gather
from engine.attribution.neurons import describe_neuron
from engine.evaluation.scores import correct_images, mistakes, outcome, score
from engine.features.aside import (
    FILE,
    Listed,
    bring_back,
    read_aside,
    rows_aside,
    set_aside,
)
from engine.features.halves import halves
from engine.grouping.cutting import by_neurons
from engine.grouping.laying import found_overlay
from engine.schema.errors import EngineError, StorageError
from tests.making import birds, logistic, planted_cache

ROSE = Listed("rose, 1.png", "valid", "rose", "looks like tulip")
TULIP = Listed("tulip.png", "valid", "tulip")


def test_the_list_is_a_table_that_anyone_can_read(tmp_path):
    assert read_aside(tmp_path) == ()
    set_aside(tmp_path, [TULIP, ROSE])
    set_aside(tmp_path, [Listed("tulip.png", "valid", "tulip", "another reason")])
    assert (tmp_path / FILE).read_text() == (
        'path,split,class,reason\n"rose, 1.png",valid,rose,looks like tulip\n'
        "tulip.png,valid,tulip,\n"
    )
    assert read_aside(tmp_path) == (ROSE, TULIP)
    bring_back(tmp_path, [ROSE.key, ("test", "tulip.png")])
    assert read_aside(tmp_path) == (TULIP,)


@pytest.mark.parametrize(
    "content",
    [b"", b"path,split\n", b"path,split,class,reason\na,b\n", b'path,split,class,reason\n"a,b,c,d',
     b"path,split,class,reason\n,valid,rose,\n", b"\xff\xfe\x00"],
)  # fmt: skip
def test_a_damaged_list_is_refused_and_kept(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    for act in (read_aside, lambda home: set_aside(home, [ROSE])):
        with pytest.raises(StorageError, match=r"set_aside\.csv is damaged \(.*move it away"):
            act(tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


def test_a_workspace_that_is_gone_is_not_made_again(tmp_path):
    with pytest.raises(EngineError, match="is gone"):
        set_aside(tmp_path / "gone", [ROSE])
    assert not (tmp_path / "gone").exists()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Birds with their places, of which a third are predicted wrongly."""
    features, labels, groups = birds(300, 0.5, seed=2)
    head = logistic(*birds(600, 0.98, seed=3)[:2], 2)
    return planted_cache(
        tmp_path_factory.mktemp("aside") / "features", features, labels, *head,
        groups=groups, group_names=("ll", "lw", "wl", "ww"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def aside(cache):
    """Some mistakes, and some images that are none."""
    wrong = cache.array("mistake_rows")
    return np.sort([*wrong[::4], *np.setdiff1d(np.arange(300), wrong)[::9]])


@pytest.fixture(scope="module")
def smaller(cache, aside, tmp_path_factory):
    """A feature cache that never had them: what everything must agree with."""
    kept = np.setdiff1d(np.arange(300), aside)
    return planted_cache(
        tmp_path_factory.mktemp("smaller") / "features", cache.features[kept], cache.labels[kept],
        cache.weight, cache.bias, groups=cache.groups[kept], group_names=cache.groups_named,
    )  # fmt: skip


def plain(scored):
    """Scores without the count of what is set aside."""
    return [(c.name, c.n, c.correct, c.ci, c.confused_with) for c in scored.classes]


def test_it_counts_as_if_they_had_never_been_there(cache, aside, smaller):
    masked = cache.without(aside)
    ours, theirs = score(masked), score(smaller)
    assert plain(ours) == plain(theirs)
    assert ours.groups == theirs.groups
    assert (ours.n, ours.accuracy, ours.worst_group_accuracy, ours.mean_class_accuracy) == (
        theirs.n, theirs.accuracy, theirs.worst_group_accuracy, theirs.mean_class_accuracy
    )  # fmt: skip
    assert ours.set_aside == len(aside) == sum(c.set_aside for c in ours.classes)
    assert ours.accuracy != score(cache).accuracy
    for k in (0, 1):
        one, other = mistakes(masked, k), mistakes(smaller, k)
        assert [(m.steps, m.excessive) for m in one.mistakes] == [
            (m.steps, m.excessive) for m in other.mistakes
        ]
        # a product of fewer rows may round another way
        p_true = [[m.p_true for m in some.mistakes] for some in (one, other)]
        np.testing.assert_allclose(*p_true, rtol=1e-5)
        assert (one.n, len(correct_images(masked, k))) == (
            other.n, len(correct_images(smaller, k))
        )  # fmt: skip
        rows = [row for row in aside.tolist() if cache.labels[row] == k]
        assert [seen.path for seen in one.set_aside] == [cache.path(row) for row in rows]
        assert {seen.true.index for seen in one.set_aside} == {k}
        a, b = gather(masked, k), gather(smaller, k)
        np.testing.assert_allclose(a.excessive, b.excessive)
        np.testing.assert_allclose(a.importance, b.importance, rtol=1e-5)
        assert (a.votes[0] == b.votes[0]).all()
        neurons = np.arange(10, 30)
        a, b = (preview(c, neurons, Scaling(k, np.array([0, 1]))) for c in (masked, smaller))
        assert (a.before, a.after, a.bias_shift) == (b.before, b.after, b.bias_shift)
        assert (a.classes, a.groups) == (b.classes, b.groups)
        assert len(a.fixed) + len(a.broken) == len(b.fixed) + len(b.broken) > 0


def test_outcomes_of_rows_go_without_them(cache, aside, smaller):
    masked = cache.without(aside)
    right = cache.predicted == cache.labels
    assert outcome(masked, right, [0]) == outcome(smaller, right[masked.counted], [0])


def test_the_top_images_of_a_neuron_go_without_them(cache):
    top = cache.array("strongest_rows")[5][:2]
    shown = describe_neuron(cache.without(np.sort(top)), 5, 0).top_images
    assert shown == describe_neuron(cache, 5, 0).top_images[2:] + shown[-2:]


def test_no_other_image_moves_between_the_halves(cache, aside):
    for seed in range(3):
        for whole, masked in zip(
            halves(cache, seed), halves(cache.without(aside), seed), strict=True
        ):
            assert (masked == np.setdiff1d(whole, aside)).all()
            assert len(masked) < len(whole)


def test_an_image_brought_back_has_its_group(cache, aside):
    masked = cache.without(aside)
    assert (masked.groups[aside] == -1).all()
    selection, _ = halves(masked, 0)
    found = by_neurons(masked, selection, [0, 1], [50])
    laid = masked.with_groups(found_overlay(found, masked, selection))
    assert (laid.groups[aside] == -1).all()
    assert (laid.whole.groups[aside] >= 0).all()
    assert (laid.whole.groups[laid.counted] == laid.groups[laid.counted]).all()


def test_masking_leaves_the_whole_alone(cache, aside):
    before = cache.mean.copy(), cache.labels.copy()
    masked = cache.without(aside)
    assert (masked.labels[aside] == -1).all()
    assert not np.allclose(masked.mean, before[0], rtol=1e-9)
    assert (masked.whole.labels == before[1]).all()
    assert (masked.whole.mean == before[0]).all()
    assert masked.whole.counted.tolist() == list(range(300))


def test_not_every_image_can_be_set_aside(cache):
    with pytest.raises(StorageError, match="Every image of valid is set aside"):
        cache.without(np.arange(300))


def test_rows_and_what_is_listed_in_vain(cache):
    listed = [
        Listed("valid/7.png", "valid", ""), Listed("valid/2.png", "valid", ""),
        Listed("valid/gone.png", "valid", ""), Listed("valid/3.png", "train", ""),
    ]  # fmt: skip
    rows, lacking = rows_aside(listed, "valid", cache.samples)
    assert (rows.tolist(), lacking) == ([2, 7], ("valid/gone.png",))
