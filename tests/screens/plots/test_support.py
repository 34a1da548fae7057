"""Accuracy against support: where the points are, and how one walks over them."""

import pytest

from engine.schema.records import ClassScore
from screens.plots.support import SupportPlot


def scored(*pairs):
    return [
        ClassScore(
            index=k, name=f"c{k}", n=n, correct=correct, accuracy=correct / n if n else None,
            ci=None, confused_with=(),
        )
        for k, (n, correct) in enumerate(pairs)
    ]  # fmt: skip


CLASSES = scored((10, 10), (100, 50), (1000, 0), (0, 0), (100, 50), (1, 1))


def test_points_lie_on_a_logarithmic_axis():
    lines = [line.plain for line in SupportPlot(CLASSES).lines(6 + 31, 12)]
    places = [(y, x - 6) for y, line in enumerate(lines[:11]) for x, c in enumerate(line)
              if c in "•●◎"]  # fmt: skip
    assert places == [(0, 0), (0, 10), (5, 20), (10, 30)]
    assert lines[5][26] == "●"  # two classes
    assert lines[10][36] == "◎"  # the cursor begins at the least accurate
    assert lines[0].startswith("100% ┤")
    assert lines[10].startswith("  0% ┤")
    assert lines[11].split() == ["n", "1", "n", "1,000"]


def test_arrows_reach_every_class_with_images():
    plot = SupportPlot(CLASSES)
    for across, down, way in ((-1, 0, (1, 0)), (0, 1, (0, -1))):
        plot.move(99 * across, 99 * down)
        seen = []
        for _ in range(len(CLASSES)):
            seen.append(plot.target().class_index)
            plot.move(*way)
        assert set(seen) == {0, 1, 2, 4, 5}
    assert plot.at_cursor().startswith("c0: 10 images, 100.0% right")
    assert plot.target().mistakes == 0


@pytest.mark.parametrize("width", [1, 7, 20, 78])
@pytest.mark.parametrize("height", [1, 2, 9])
def test_it_fits_any_size(width, height):
    for classes in (CLASSES, scored((5, 2)), scored((0, 0))):
        lines = SupportPlot(classes).lines(width, height)
        assert len(lines) <= height
        assert classes[0].n == 0 or max(line.cell_len for line in lines) <= width


def test_without_images_there_is_nothing_to_open():
    plot = SupportPlot(scored((0, 0)))
    plot.move(1, 0)
    plot.move(0, 1)
    assert plot.target() is None
    assert plot.at_cursor() == ""
