"""The confusion matrix in cells."""

import numpy as np
import pytest

from engine.schema.records import ConfusionMatrix, Label
from screens.plots.confusions import ConfusionPlot


def matrix(size=12, images=40):
    counts = np.random.default_rng(0).multinomial(images, [1 / (size + 1)] * (size + 1), size)
    return ConfusionMatrix(
        classes=tuple(Label(k, f"a rather long name {k}") for k in range(size)),
        n=(images,) * size,
        counts=tuple(tuple(row) for row in counts[:, :size].tolist()),
    )


@pytest.mark.parametrize("width", [20, 40, 78, 118, 200])
@pytest.mark.parametrize("height", [2, 5, 13, 40])
def test_it_shows_what_fits_and_every_row_adds_up(width, height):
    plot = ConfusionPlot(matrix())
    lines = plot.lines(width, height)
    assert len(lines) <= height
    assert max(line.cell_len for line in lines) <= width
    size = len(lines) - 1
    for row, line in enumerate(lines[1:]):
        figures = line.plain.translate(dict.fromkeys(map(ord, "░▒▓█"), " ")).split()[-size - 2 :]
        *counts, rest, n = (0 if figure == "·" else int(figure) for figure in figures)
        assert sum(counts) + rest == n == 40
        assert tuple(counts) == plot.matrix.counts[row][:size]


def test_twelve_classes_fit_120_columns_and_ten_fit_80():
    assert len(ConfusionPlot(matrix()).lines(118, 30)) == 13
    assert len(ConfusionPlot(matrix()).lines(78, 17)) >= 10


def test_the_cursor_begins_at_the_worst_confusion_and_stays_in_what_is_shown():
    found = ConfusionMatrix(
        classes=(Label(3, "bee"), Label(0, "ant"), Label(5, "cat")),
        n=(10, 4, 1),
        counts=((2, 3, 5), (0, 4, 0), (0, 0, 1)),
    )
    plot = ConfusionPlot(found)
    plot.lines(78, 20)
    assert plot.at_cursor() == "bee → cat: 5 of 10 images (50.0%)"
    target = plot.target()
    assert (target.class_index, target.predicted, target.mistakes) == (3, 5, 8)
    plot.move(-2, 0)
    assert plot.at_cursor() == "bee 2 right of 10 images (20.0%)"
    assert plot.target().predicted is None
    plot.move(9, 9)
    assert plot.at_cursor() == "cat 1 right of 1 image (100.0%)"
    plot.lines(78, 3)  # two classes fit
    assert plot.at_cursor() == "ant 4 right of 4 images (100.0%)"
    plot.move(0, -9)
    assert plot.at_cursor() == "bee → ant: 3 of 10 images (30.0%)"


def test_shades_tell_shares_without_colour():
    found = ConfusionMatrix(
        classes=(Label(0, "ant"), Label(1, "bee")), n=(100, 100), counts=((85, 4), (55, 20))
    )
    lines = [line.plain for line in ConfusionPlot(found).lines(78, 20)]
    assert "85█   4 " in lines[1]
    assert "55▓  20▒" in lines[2]


def test_without_mistakes_there_is_nothing_to_open():
    plot = ConfusionPlot(ConfusionMatrix(classes=(), n=(), counts=()))
    assert plot.lines(78, 20)[0].plain == "No image is predicted as another class."
    plot.move(1, 1)
    assert plot.target() is None
    assert plot.at_cursor() == ""
