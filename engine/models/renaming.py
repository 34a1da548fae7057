"""The names of other libraries and of older timm, brought to those of the model."""

import sys
from collections import Counter
from collections.abc import Iterator

from torch import Tensor, nn

from engine.models.checkpoint import State
from engine.models.containers import Contents
from engine.models.conversion import conversions
from engine.models.fit import Fit, fit_under
from engine.models.wanted import Wanted

MOST_GROUPS = 8
MOST_STRIPS = 4
SHARED = 0.8  # of a group's tensors, which begin with the same name
MOST_BEST = 2


def converted(
    contents: Contents, body: nn.Module, want: Wanted, direct: list[Fit]
) -> Iterator[Fit]:
    """Yield how a checkpoint's tensors fit a model once their names are converted.

    Args:
        contents: Of the checkpoint.
        body: The model; timm's conversions belong to its module.
        want: What it asks for.
        direct: How the tensors fit by their own names, the best first.
    """
    prefixes = [fit.prefix for fit in direct[:MOST_BEST]]
    for group in _largest(contents):
        prefixes += _strips(contents.tensors, group)
    for prefix in dict.fromkeys(prefixes):
        state = {
            key.removeprefix(prefix): value
            for key, value in contents.tensors.items()
            if key.startswith(prefix)
        }
        for description, found in _conversions(state, body):
            yield fit_under("", found, want, prefix=prefix, conversion=description)


def _largest(contents: Contents) -> list[str]:
    sizes = {g: sum(key.startswith(g) for key in contents.tensors) for g in contents.groups[:1000]}
    return sorted(sizes, key=lambda group: -sizes[group])[:MOST_GROUPS]


def _strips(tensors: State, group: str) -> list[str]:
    """Return a group's prefix, and those longer ones that nearly all of its tensors share."""
    found = [group]
    keys = [key for key in tensors if key.startswith(group)]
    while len(found) <= MOST_STRIPS:
        firsts = Counter(key[len(found[-1]) :].partition(".")[0] for key in keys)
        first, count = firsts.most_common(1)[0]
        longer = f"{found[-1]}{first}."
        keys = [key for key in keys if key.startswith(longer)]
        if count < SHARED * sum(firsts.values()) or not keys:
            break
        found.append(longer)
    return found


def _conversions(state: State, body: nn.Module) -> Iterator[tuple[str, State]]:
    filtered = _by_timm(state, body)
    if filtered is not None:
        yield "timm's own rules for this architecture", filtered
    yield from conversions(state, body)


def _by_timm(state: State, body: nn.Module) -> State | None:
    """Return what timm's filter for downloaded weights makes of them; None where it cannot."""
    rename = getattr(sys.modules[type(body).__module__], "checkpoint_filter_fn", None)
    if rename is None:
        return None
    try:
        found = rename(dict(state), body)
        found = {key: value for key, value in found.items() if isinstance(value, Tensor)}
    except Exception:  # noqa: BLE001  it is written for its own files, and raises anything on others
        return None
    return found if found and _only_renamed(state, found) else None


def _only_renamed(before: State, after: State) -> bool:
    """Return whether no weights were resized or dropped, only renamed, reshaped and joined.

    timm's filters fit position embeddings to the model's image size, and some drop what the model
    lacks: neither is the network that was trained.
    """
    own = {value.data_ptr() for value in before.values()}
    made = {key: value.numel() for key, value in after.items() if value.data_ptr() not in own}
    resized = any(key in before and before[key].numel() != size for key, size in made.items())
    kept = {value.data_ptr() for value in after.values()}
    gone = {key: value.numel() for key, value in before.items() if value.data_ptr() not in kept}
    weights = sum(
        size
        for key, size in gone.items()
        if key.endswith("weight") and before[key].ndim > 1 and before[key].is_floating_point()
    )
    return not resized and weights <= sum(made.values()) <= sum(gone.values())
