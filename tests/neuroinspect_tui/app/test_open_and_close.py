"""Every pair of screens, opened and closed as fast as keys come over a slow link: nothing ends."""

from typing import Any

import pytest
from textual.message import Message
from textual.pilot import Pilot

from neuroinspect_tui.app.app import NeuroinspectApp
from screens.messages import (
    ToCompare,
    ToEdit,
    ToIllusions,
    ToMistakes,
    ToNeurons,
    ToPlots,
    ToWhatIf,
)
from tests.neuroinspect_tui.app.test_app import Recorded, app, elsewhere, names  # noqa: F401
from tests.screens.conftest import (  # noqa: F401
    log,
    planted,
    settled,
    still,
    unfailing,
    workspace,
)

GAPS = (0.0, 0.02, 0.08, 0.25)
"""Seconds between keys."""
OPENS: dict[str, str | Message] = {
    "mistakes": ToMistakes(1), "neurons": ToNeurons(1), "illusions": ToIllusions(1, (2, 3)),
    "whatif": ToWhatIf(1, (2,)), "edit": ToEdit(1, (2,)), "compare": ToCompare("0001"),
    "plots": ToPlots(), "jobs": "J",
    "help": "question_mark", "start": "ctrl+o", "palette": "ctrl+p",
}  # fmt: skip


def fresh(how: Any) -> Any:
    """Return a message that was not sent yet."""
    return how if isinstance(how, str) else type(how)(**vars_of(how))


def vars_of(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__dataclass_fields__}


def gap_of(first: str, second: str) -> float:
    """Return the gap that a pair is tried with: they take turns."""
    order = list(OPENS)
    return GAPS[(order.index(first) + order.index(second)) % len(GAPS)]


async def press(pilot: Pilot[Any], how: str | Message, gap: float) -> None:
    how = fresh(how)
    if isinstance(how, str):
        pilot.app.simulate_key(how)
    else:
        pilot.app.screen.post_message(how)
    if gap:
        await pilot.pause(gap)


@pytest.mark.long
@pytest.mark.parametrize("first", OPENS)
async def test_screens_opened_and_closed(app: NeuroinspectApp, first: str) -> None:  # noqa: F811
    """Anything unexpected would be in the log, and then the fixture `unfailing` fails."""
    async with app.run_test() as pilot:
        await settled(pilot)
        for second in OPENS:
            gap = gap_of(first, second)
            for how in (OPENS[first], OPENS[second], "escape"):
                await press(pilot, how, gap)
            for _ in range(3):
                app.simulate_key("escape")
        await settled(pilot)
        for _ in range(9):
            app.simulate_key("escape")
        await settled(pilot)
        assert names(pilot) == ["ClassesScreen"]
    assert not app.return_code
