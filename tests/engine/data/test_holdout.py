import random

import pytest

from engine.data.holdout import held_out


def named(*counts):
    """Paths and labels of classes with so many images."""
    pairs = [
        (f"{label}/{n}.jpg", label) for label, count in enumerate(counts) for n in range(count)
    ]
    return [path for path, _ in pairs], [label for _, label in pairs]


def test_each_class_gives_its_share_and_keeps_one():
    paths, labels = named(100, 10, 3, 2, 1)
    held = held_out(paths, labels, 0.15)
    of_class = [
        sum(h for h, label in zip(held, labels, strict=True) if label == k) for k in range(5)
    ]
    assert of_class == [15, 2, 1, 1, 0]  # 1.5 is rounded up
    assert sum(held_out(*named(2), 0.9)) == 1


def test_the_choice_is_the_same_on_every_machine():
    paths, labels = named(8, 8)
    held = held_out(paths, labels, 0.25)
    assert [path for path, h in zip(paths, held, strict=True) if h] == [
        "0/5.jpg",
        "0/6.jpg",
        "1/5.jpg",
        "1/7.jpg",
    ]


def test_neither_order_nor_other_classes_change_it():
    paths, labels = named(40, 40, 40)
    held = {path for path, h in zip(paths, held_out(paths, labels, 0.2), strict=True) if h}
    pairs = list(zip(paths, labels, strict=True))
    random.Random(0).shuffle(pairs)
    pairs = [pair for pair in pairs if pair[1] != 1]
    other = held_out(*zip(*pairs, strict=True), 0.2)
    assert {path for (path, _), h in zip(pairs, other, strict=True) if h} == {
        path for path in held if not path.startswith("1/")
    }


def test_no_images_and_odd_names():
    assert held_out([], [], 0.15) == []
    assert sum(held_out(["a\udcff.jpg", "b.jpg"], [0, 0], 0.5)) == 1


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_a_share_must_leave_something_on_both_sides(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        held_out(["a", "b"], [0, 0], share)


def test_as_many_labels_as_paths():
    with pytest.raises(ValueError, match="zip"):
        held_out(["a", "b"], [0], 0.5)
