"""Edits on a filled feature cache: every epoch, every seed, every control."""

from unittest import mock

from benchmarks.setting import Figure, Setting
from engine.editing import trainer as head_training
from engine.schema.edits import EditEpoch
from engine.schema.requests import EditRequest

LIMIT = 60.0
EPOCHS = 20
SEEDS = 5
TIMES = 3


def measure(setting: Setting) -> list[Figure]:
    """Time a ratio edit with no early stop, and a zero edit with its number chosen."""
    setting.cache("valid")
    setting.cache("train")
    aimed = (setting.target,)

    def ratio(seeds: int) -> None:
        request = EditRequest(classes=aimed, method="ratio", epochs=EPOCHS, seeds=seeds)
        found = list(setting.engine.edit(request))
        ran = sum(isinstance(some, EditEpoch) for some in found)
        assert ran == EPOCHS, f"{ran} epochs of {EPOCHS}: stopped early"

    def one_by_one() -> None:
        for _ in range(SEEDS):
            ratio(1)

    def zero() -> None:
        list(setting.engine.edit(EditRequest(classes=aimed)))

    # else it stops after 5 epochs without a better one, and the figure is of fewer than 20
    with mock.patch.object(head_training, "PATIENCE", 10**9):
        stacked, alone = setting.pairs(lambda: ratio(SEEDS), one_by_one, TIMES)
    zeroed = setting.median(zero, TIMES)
    return [
        Figure(
            f"edit, ratio, {EPOCHS} epochs, {SEEDS} seeds, all controls",
            f"{stacked:.1f} s",
            f"{alone:.1f} s, {SEEDS} edits of one seed",
            f"{alone / stacked:.2f}x",
            f"< {LIMIT:g} s",
            stacked < LIMIT,
        ),
        Figure(
            "edit, zero, N chosen of 12", f"{zeroed:.1f} s", "", "", f"< {LIMIT:g} s",
            zeroed < LIMIT,
        ),
    ]  # fmt: skip
