"""The classes as they look."""

from engine.schema.records import Progress
from screens.classes.screen import ClassesScreen
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.erring import evaluate_until


def test_classes_on_a_small_terminal(wrong, snap_compare):
    assert snap_compare(Host(ClassesScreen(wrong)), terminal_size=(80, 24), run_before=settled)


def test_classes_on_a_wide_terminal(wrong, snap_compare):
    async def previewed(pilot):
        await settled(pilot)
        await until(pilot, lambda: "too strong" in shown(pilot) and "two kinds" in shown(pilot))
        await settled(pilot)

    assert snap_compare(Host(ClassesScreen(wrong)), terminal_size=(160, 48), run_before=previewed)


def test_classes_while_features_are_extracted(wrong, snap_compare):
    async def half(pilot):
        await settled(pilot)
        evaluate_until(wrong.planted, 40)
        wrong.last.feed(Progress(stage="extracting features of valid", done=41, total=72))
        await until(pilot, lambda: "40 of 72 images evaluated" in shown(pilot))

    wrong.cached = False
    assert snap_compare(Host(ClassesScreen(wrong)), terminal_size=(80, 24), run_before=half)
