"""Which of a checkpoint's tensors are a model's weights.

One rule for all: wherever the names that the model asks for end a tensor's path, what comes before
is a prefix; the prefix under which all of the model's weights are, with their shapes, is taken.
Where there is none, the names are converted from other libraries'; then the head is looked for
under another name. What is left over is named, and refused where it shows another architecture.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.models.adopting import adopt_head
from engine.models.checkpoint import State
from engine.models.choosing import choose
from engine.models.containers import Contents
from engine.models.fit import Fit, best_prefixes, fit_under
from engine.models.renaming import converted
from engine.models.wanted import Wanted
from engine.schema.errors import CheckpointError
from engine.schema.requests import WeightsChoice

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
NAMED = 3  # of what is missing or left over


@dataclass(frozen=True)
class Fitted:
    """A checkpoint's weights under the model's own names.

    Attributes:
        state: As float32; counters that the checkpoint lacks are left out.
        classes: C of its head; 0 of a backbone alone.
        unbiased: Names of the heads that have no bias in the checkpoint.
        notes: What was chosen, converted and left over, in sentences.
        conversion: How the names were converted; None: they were not.
    """

    state: State
    classes: int
    unbiased: tuple[str, ...]
    notes: tuple[str, ...]
    conversion: str | None


def fit(
    contents: Contents, body: nn.Module, want: Wanted, weights: WeightsChoice = "auto"
) -> Fitted:
    """Find the weights that a model asks for in a checkpoint.

    Args:
        contents: Of the checkpoint.
        body: The model, for conversions of names that depend on it.
        want: What it asks for.
        weights: Which to take where a checkpoint has an average, too.

    Raises:
        CheckpointError: They are not all there, or not clearly these; or are not finite floats.
    """
    tensors = contents.tensors
    fits = [fit_under(p, tensors, want, prefix=p) for p in best_prefixes(tensors, want)]
    found = [one for one in fits if one.fits]
    if not found:
        renamed = list(converted(contents, body, want, fits))
        found = [one for one in renamed if one.fits]
        if not found:
            adopted = [adopt_head(one, want) for one in (*fits, *renamed)]
            found = [one for one in adopted if one.fits]
            if not found:
                raise _misfit(contents, adopted, want)
    chosen, notes = choose(found, fits, weights, contents.path)
    classes = _classes(chosen, want, contents)
    state = {key: _plain(value, key, want, contents) for key, value in chosen.state.items()}
    notes += [*_described(chosen), *_dtypes(chosen, want), *_left_over(chosen, found)]
    return Fitted(state, classes, chosen.unbiased, tuple(notes), chosen.conversion)


def outputs_of(contents: Contents, want: Wanted) -> int | None:
    """Return C of the head that a checkpoint has by its own name; None where it has none.

    A model built for as many classes fits where more of it depends on C than its heads.
    """
    for prefix in best_prefixes(contents.tensors, want)[:1]:
        for key in want.head_weights:
            if f"{prefix}{key}" in contents.tensors:
                return contents.tensors[f"{prefix}{key}"].shape[0]
    return None


def _classes(fit: Fit, want: Wanted, contents: Contents) -> int:
    sizes = {key: fit.state[key].shape[0] for key in want.head_keys if key in fit.used}
    if len(set(sizes.values())) > 1:
        named = ", ".join(f"{key} {size}" for key, size in sorted(sizes.items()))
        raise CheckpointError(
            f"The checkpoint {contents.path} has a head of unequal numbers of classes ({named})."
        )
    return next(iter(sizes.values()), 0)


def _plain(value: Tensor, key: str, want: Wanted, contents: Contents) -> Tensor:
    """Return a tensor as the model's: dense, float32, of its shape but for the classes."""
    if value.is_meta or value.is_complex() or value.layout != torch.strided:
        raise CheckpointError(
            f"The checkpoint {contents.path} has an unsupported tensor {key}; "
            "dense tensors of real numbers are required."
        )
    asked = {**want.weights, **want.counters}[key]
    if not asked.is_floating_point():
        return value.to(asked.dtype)
    if value.dtype not in FLOATS:
        raise CheckpointError(
            f"The checkpoint {contents.path} has {_name(value.dtype)} in {key}, where the model "
            "has floats; give the float weights that these were quantized from."
        )
    value = value.float()
    if not bool(torch.isfinite(value).all()):
        raise CheckpointError(
            f"The checkpoint {contents.path} has NaN or infinite values in {key}."
        )
    return value.reshape(value.shape[0], *asked.shape[1:]) if key in want.head_keys else value


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _described(fit: Fit) -> list[str]:
    notes = []
    if fit.prefix:
        notes.append(f"The weights are those under {fit.prefix} in the checkpoint.")
    if fit.conversion:
        notes.append(f"Their names were converted: {fit.conversion}.")
    if fit.adopted:
        notes.append(f"The head is the layer {fit.adopted} of the checkpoint.")
    if fit.unbiased:
        notes.append("The checkpoint's head has no bias, so the model's has none.")
    return notes


def _dtypes(fit: Fit, want: Wanted) -> list[str]:
    used = {v.dtype for k, v in fit.state.items() if k in want.weights and v.is_floating_point()}
    other = sorted(_name(dtype) for dtype in used - {torch.float32})
    return [f"Weights of {' and '.join(other)} are used as float32."] if other else []


def _left_over(chosen: Fit, found: list[Fit]) -> list[str]:
    """Name what is left over, without the other copies of the weights, which are told apart."""
    copies = {key for fit in found if fit.tensors is chosen.tensors for key in fit.used.values()}
    left = [key for key in chosen.leftovers if key not in copies]
    if not left:
        return []
    more = ", ..." if len(left) > NAMED else ""
    tensors = "1 tensor" if len(left) == 1 else f"{len(left)} tensors"
    return [f"Not used: {tensors} of the checkpoint ({', '.join(left[:NAMED])}{more})."]


def _misfit(contents: Contents, fits: list[Fit], want: Wanted) -> CheckpointError:
    """Say why the fit that comes nearest is none."""
    start = f"The checkpoint {contents.path} does not fit the model"
    for fit in fits:
        if fit.problem:
            return CheckpointError(f"{start}: {fit.problem}; give one with a linear head.")
    if not fits:
        some = ", ".join(list(contents.tensors)[:NAMED])
        return CheckpointError(
            f"{start}: none of its {len(contents.tensors)} tensors ({some}) has a name and shape "
            "of the model's; check --model."
        )
    best = max(fits, key=lambda fit: len(fit.used) - len(fit.mismatched) - len(fit.foreign))
    if not best.missing and not best.mismatched:
        return CheckpointError(
            f"{start}: it has more weights in the model's own modules, so it is of another "
            f"architecture ({len(best.foreign)}: {', '.join(best.foreign[:NAMED])}); check --model."
        )
    return CheckpointError(
        f"{start}: {_differences(best, want)}; check --model{_hint(best, want)}."
    )


def _differences(fit: Fit, want: Wanted) -> str:
    shapes = [
        f"{key} is {tuple(fit.state[key].shape)} in the file, {tuple(want.weights[key].shape)} "
        "in the model"
        for key in fit.mismatched
    ]
    parts = {
        "mismatched shapes": shapes,
        "missing weights": list(fit.missing),
        "unknown weights": [fit.prefix + key.removeprefix(fit.start) for key in fit.foreign],
    }
    return ", ".join(
        f"{what}: {len(names)} ({'; '.join(names[:NAMED])})"
        for what, names in parts.items()
        if names
    )


def _hint(fit: Fit, want: Wanted) -> str:
    for key in fit.mismatched:
        theirs, ours = fit.state[key].shape, want.weights[key].shape
        if len(theirs) == 4 and ours[1] == 3 != theirs[1] and theirs[0] == ours[0]:
            return f", and that its images have {theirs[1]} channels: only RGB, with 3, is read"
    if any("pos_embed" in key or "relative_position" in key for key in fit.mismatched):
        return ", and --img-size if it was trained at another size"
    return ""
