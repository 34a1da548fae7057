"""Edits on a filled bank: every epoch, every seed, every control."""

from unittest import mock

from benchmarks.setting import Figure, Setting
from engine import head_training
from engine.requests import EditRequest

LIMIT = 60.0


def measure(setting: Setting) -> list[Figure]:
    """Time a ratio edit with no early stop, and a zero edit with its number chosen."""
    setting.bank("valid")
    setting.bank("train")

    def run(request: EditRequest) -> float:
        return setting.seconds(lambda: list(setting.engine.edit(request)))

    ratio = EditRequest(classes=(setting.target,), method="ratio", epochs=20, seeds=5)
    with mock.patch.object(head_training, "PATIENCE", 10**9):
        stacked = run(ratio)
        alone = run(EditRequest(classes=(setting.target,), method="ratio", epochs=20, seeds=1))
    zero = run(EditRequest(classes=(setting.target,)))
    return [
        Figure(
            "edit, ratio, 20 epochs, 5 seeds, all controls",
            f"{stacked:.0f} s",
            f"{5 * alone:.0f} s, five runs of one seed",
            f"{5 * alone / stacked:.2f}x",
            "< 60 s",
            stacked < LIMIT,
        ),
        Figure("edit, zero, N chosen of 12", f"{zero:.1f} s", "", "", "< 60 s", zero < LIMIT),
    ]
