"""Edits on extracted features: all epochs, seeds and controls."""

from unittest import mock

from benchmarks.setting import Result, Setting
from engine.editing import trainer as head_training
from engine.schema.edits import EditEpoch
from engine.schema.requests import EditRequest

LIMIT = 60.0
EPOCHS = 20
SEEDS = 5
TIMES = 3


def measure(setting: Setting) -> list[Result]:
    """Time a ratio edit without early stopping, and a zero edit that selects N."""
    setting.cache("valid")
    setting.cache("train")
    target = (setting.target,)

    def ratio(seeds: int) -> None:
        request = EditRequest(classes=target, method="ratio", epochs=EPOCHS, seeds=seeds)
        records = list(setting.engine.edit(request))
        epochs = sum(isinstance(record, EditEpoch) for record in records)
        assert epochs == EPOCHS, f"stopped early, after {epochs} of {EPOCHS} epochs"

    def one_by_one() -> None:
        for _ in range(SEEDS):
            ratio(1)

    def zero() -> None:
        list(setting.engine.edit(EditRequest(classes=target)))

    # early stopping after 5 epochs without improvement would measure fewer than 20
    with mock.patch.object(head_training, "PATIENCE", 10**9):
        stacked, alone = setting.pairs(lambda: ratio(SEEDS), one_by_one, TIMES)
    zeroed = setting.median(zero, TIMES)
    return [
        Result(
            f"edit, ratio, {EPOCHS} epochs, {SEEDS} seeds, all controls",
            f"{stacked:.1f} s",
            f"{alone:.1f} s, {SEEDS} edits of one seed",
            f"{alone / stacked:.2f}x",
            f"< {LIMIT:g} s",
            stacked < LIMIT,
        ),
        Result(
            "edit, zero, N selected of 12", f"{zeroed:.1f} s", "", "", f"< {LIMIT:g} s",
            zeroed < LIMIT,
        ),
    ]  # fmt: skip
