"""Plots: from Classes by a key, one after another, and into the images."""

import pytest

from engine.evaluation.calibration import split_calibration
from engine.evaluation.confusions import confusion_matrix
from engine.evaluation.scores import score
from engine.schema.requests import FeaturesRequest
from screens.classes.screen import ClassesScreen
from screens.messages import Copied, ToMistakes, ToPlots
from screens.mistakes.screen import MistakesScreen, Pictures
from screens.plots.screen import PLOTS, PlotsScreen
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.erring import erring

SIZES = [(80, 24), (120, 40)]


@pytest.fixture
def wrong(planted):
    """A workspace with many mistakes."""
    return erring(planted)


async def test_p_in_classes_plots(wrong):
    app = Host(ClassesScreen(wrong))
    async with app.run_test(message_hook=app.hear) as pilot:
        await settled(pilot)
        await pilot.press("p")
        await pilot.pause()
        assert len(app.posted(ToPlots)) == 1


@pytest.mark.parametrize("size", SIZES)
async def test_the_worst_confusion_opens_its_mistakes(wrong, size):
    matrix = confusion_matrix(wrong.cache())
    app = Host(PlotsScreen(wrong))
    async with app.run_test(size=size, message_hook=app.hear) as pilot:
        await settled(pilot)
        said = shown(pilot)
        for label in matrix.classes:
            assert label.name in said
        worst = max(matrix.counts[0][1:])
        other = matrix.classes[matrix.counts[0].index(worst, 1)]
        assert f"{matrix.classes[0].name} → {other.name}: {worst} of 12 images" in said
        await pilot.press("enter", "y")
        await pilot.pause()
        [move] = app.posted(ToMistakes)
        assert (move.class_index, move.predicted) == (matrix.classes[0].index, other.index)
        assert "classes --confusions -w" in app.posted(Copied)[0].text
        await pilot.press("j", "l", "h", "up", "down")
        await pilot.pause()
        assert f"{matrix.classes[1].name} " in shown(pilot).splitlines()[-2]
        assert app.first.max_scroll_y == 0


@pytest.mark.parametrize("size", SIZES)
async def test_p_goes_on_to_the_calibration_and_round(wrong, size):
    found = split_calibration(wrong.cache())
    app = Host(PlotsScreen(wrong))
    async with app.run_test(size=size, message_hook=app.hear) as pilot:
        await settled(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "calibration error" in shown(pilot))
        said = shown(pilot)
        assert f"expected calibration error {100 * found.ece:.1f}%" in said
        lines = [line for line in said.splitlines() if "┃" in line and "–" in line]
        filled = [some for some in found.bins if some.n]
        assert [line.split()[3] for line in lines] == [str(some.n) for some in filled]
        for line, some in zip(lines, filled, strict=True):
            assert line.split()[-1] == f"{100 * (some.accuracy - some.confidence):+.1f}"
        await pilot.press("enter", *["up"] * 15, "y")  # a bin is of no one class
        await pilot.pause()
        assert "confidence 0.00 to 0.07: 0 images" in shown(pilot)
        assert not app.posted(ToMistakes)
        assert "classes --calibration -w" in app.posted(Copied)[0].text
        assert app.first.max_scroll_y == 0
        await pilot.press("p")
        await until(pilot, lambda: "n 12" in shown(pilot))
        assert "right [" in shown(pilot).splitlines()[-2]
        await until(pilot, lambda: "n 12" in shown(pilot).splitlines()[-3])  # to the last line
        await pilot.press("enter")
        await pilot.pause()
        accuracies = score(wrong.cache()).classes
        worst = min(accuracies, key=lambda some: (some.accuracy, some.index))
        assert app.posted(ToMistakes)[0].class_index == worst.index
        await pilot.press(*["p"] * (len(PLOTS) - 2))
        await until(pilot, lambda: "→" in shown(pilot).splitlines()[-2])


async def test_mistakes_begin_at_the_confusion(wrong):
    matrix = confusion_matrix(wrong.cache())
    row = next(i for i, counts in enumerate(matrix.counts) if sum(c > 0 for c in counts) > 2)
    counts = {
        j: count for j, count in enumerate(matrix.counts[row]) if count and j != row
    }  # of several, the one that does not come first by itself
    rarest = min(counts, key=lambda j: (counts[j], -j))
    app = Host(MistakesScreen(wrong, matrix.classes[row].index, matrix.classes[rarest].index))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.first.image is not None)
        image = app.first.image
        assert image.predicted.index == matrix.classes[rarest].index
        assert app.first.query_one(Pictures).index != 0
        await pilot.press("home", "t")
        await until(pilot, lambda: "all 12" in shown(pilot))
        assert app.first.image.predicted.index != matrix.classes[rarest].index  # only at first


async def test_features_are_extracted_first(wrong):
    wrong.cached = False
    app = Host(PlotsScreen(wrong))
    async with app.run_test() as pilot:
        await until(pilot, lambda: bool(wrong.made))
        assert wrong.last.request == FeaturesRequest(split="valid")
        await pilot.press("p", "enter", "j")
        wrong.last.end("failed", "The disk is full.")
        await until(pilot, lambda: "✗ The disk is full." in shown(pilot))
        await pilot.press("R")
        wrong.cached = True
        wrong.last.end()
        await until(pilot, lambda: "→" in shown(pilot).splitlines()[-2])


async def test_what_is_set_aside_meanwhile_is_counted_no_more(wrong):
    cache = wrong.cache()
    matrix = confusion_matrix(cache)
    app = Host(PlotsScreen(wrong))
    async with app.run_test() as pilot:
        await settled(pilot)
        row = next(
            row for row in range(cache.meta.n)
            if cache.labels[row] == matrix.classes[0].index
            and cache.predicted[row] != cache.labels[row]
        )  # fmt: skip
        app.push_screen(MistakesScreen(wrong, matrix.classes[0].index))
        await settled(pilot)
        wrong.set_aside(cache.path(row))
        app.pop_screen()
        await settled(pilot)
        assert "of 11 images" in shown(pilot)
