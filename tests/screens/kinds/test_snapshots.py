"""Both ends of a class's images, and the dialog that makes groups, as they look."""

import pytest

from screens.kinds.screen import KindsScreen
from tests.screens.conftest import Host, settled, shown, until
from tests.screens.planted_kinds import ANT, plant_kinds


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_both_ends(tmp_path, snap_compare, size):
    app = Host(KindsScreen(plant_kinds(tmp_path), ANT))
    assert snap_compare(app, terminal_size=size, run_before=settled)


def test_a_new_grouping(tmp_path, snap_compare):
    async def asked(pilot):
        await settled(pilot)
        await pilot.press("right", "g")
        await until(pilot, lambda: "the features of train are not extracted" in shown(pilot))
        await settled(pilot)

    app = Host(KindsScreen(plant_kinds(tmp_path, training=False), ANT))
    assert snap_compare(app, terminal_size=(100, 30), run_before=asked)
