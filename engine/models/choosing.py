"""Which of a checkpoint's sets of weights is taken where it has several: the choice is said."""

from pathlib import Path

import torch

from engine.models.fit import Fit
from engine.schema.errors import CheckpointError
from engine.schema.requests import WeightsChoice


def choose(
    found: list[Fit], all_of_them: list[Fit], weights: WeightsChoice, path: Path
) -> tuple[Fit, list[str]]:
    """Return the set of weights to take, and what is to be said of the choice.

    Args:
        found: The sets that fit, at least one.
        all_of_them: Those that do not, too.
        weights: `auto` takes the average where there is one.
        path: Of the checkpoint, for errors.

    Raises:
        CheckpointError: There is none of the kind asked for, or several that differ.
    """
    averages = [fit for fit in found if fit.average]
    others = [fit for fit in found if not fit.average]
    pool = {"ema": averages, "model": others, "auto": averages or others}[weights]
    partial = [fit for fit in all_of_them if fit.average and not fit.fits and _mostly(fit)]
    if not pool:
        raise CheckpointError(f"The checkpoint {path} {_absent(found[0], weights, partial)}.")
    chosen = pool[0]
    for other in pool[1:]:
        if not _equal(chosen, other):
            raise CheckpointError(
                f"The checkpoint {path} has two sets of weights that fit, under "
                f"{_place(chosen)} and {_place(other)}; save the one you mean as a state dict."
            )
    if averages and others:
        taken, left = (averages, others) if chosen.average else (others, averages)
        kind = "the average is" if chosen.average else "the weights themselves are"
        other_choice = "model" if chosen.average else "ema"
        note = (
            f"The checkpoint has weights and their average: {kind} used ({_place(taken[0])}), not "
            f"{_place(left[0])}; --weights {other_choice} takes the other."
        )
        return chosen, [note]
    if partial and not averages:
        lacking = _lacking(partial[0])
        return chosen, [f"The average under {_place(partial[0])} is not used: it lacks {lacking}."]
    return chosen, []


def _absent(there: Fit, weights: WeightsChoice, partial: list[Fit]) -> str:
    if weights == "model":
        return f"has an average of weights only ({_place(there)}); leave out --weights model"
    if partial:
        return (
            f"has an average of weights ({_place(partial[0])}) that lacks {_lacking(partial[0])}; "
            "use --weights model"
        )
    return f"has no average of weights beside those under {_place(there)}; leave out --weights ema"


def _place(fit: Fit) -> str:
    return fit.prefix.rstrip(".") or "its top level"


def _mostly(fit: Fit) -> bool:
    return len(fit.used) >= len(fit.missing)


def _lacking(fit: Fit) -> str:
    keys = fit.missing or fit.mismatched or fit.foreign
    return f"{len(keys)} of the model's weights, such as {keys[0]}"


def _equal(left: Fit, right: Fit) -> bool:
    one, other = left.state, right.state
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
