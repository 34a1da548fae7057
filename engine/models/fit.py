"""How a checkpoint's tensors under one prefix fit a model."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.models.checkpoint import State
from engine.models.wanted import Wanted, is_counter

MOST_PREFIXES = 16
_AVERAGE = re.compile(r"(?<![a-z])(ema|swa)(?![a-z])|averag|shadow")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Fit:
    """How tensors fit a model.

    Attributes:
        prefix: What comes before the names, in the file.
        tensors: All those of the file, or of a part of it with converted names.
        start: What comes before the names in `tensors`: `prefix`, or nothing once converted.
        used: Keys of `tensors` by the model's.
        missing: The model's keys without a tensor.
        mismatched: Those whose tensor has another shape.
        conversion: How the names were converted; None: they were not.
        adopted: The layer in the file that is the head, where it has another name.
        problem: Why what is there cannot be the head.
    """

    prefix: str
    tensors: State
    start: str
    used: dict[str, str]
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]
    foreign: tuple[str, ...]
    """Keys of weights inside the model's own modules that the model has not."""
    unbiased: tuple[str, ...]
    """Names of the heads without a bias in the checkpoint."""
    conversion: str | None = None
    adopted: str | None = None
    problem: str | None = None

    @property
    def fits(self) -> bool:
        """Whether all of the model's weights are there and no others of its modules."""
        return not (self.missing or self.mismatched or self.foreign or self.problem)

    @property
    def average(self) -> bool:
        """Whether the names say that these are averages of weights over the training."""
        parts = self.prefix.split(".")[:-1]
        paths = [".".join(parts[:count]) for count in range(len(parts) + 1)]
        if not self.conversion and any(
            f"{path}.n_averaged".lstrip(".") in self.tensors for path in paths
        ):
            return True
        return _AVERAGE.search(_CAPITAL.sub("_", self.prefix).lower()) is not None

    @property
    def state(self) -> State:
        """The tensors under the model's names."""
        return {key: self.tensors[source] for key, source in self.used.items()}

    @property
    def leftovers(self) -> list[str]:
        """Keys of `tensors` that are not used."""
        used = set(self.used.values())
        return [key for key in self.tensors if key not in used]


def fit_under(
    start: str, tensors: State, want: Wanted, *, prefix: str, conversion: str | None = None
) -> Fit:
    """Compare the tensors whose keys begin with `start` with what a model asks for."""
    keys = {**want.weights, **want.counters}
    used = {key: f"{start}{key}" for key in keys if f"{start}{key}" in tensors}
    wrong = [key for key in want.weights if key in used and not want.takes(key, tensors[used[key]])]
    lacking = [key for key in want.weights if key not in used]
    unbiased = tuple(
        name for name in want.heads if f"{name}.bias" in lacking and f"{name}.weight" in used
    )
    missing = tuple(key for key in lacking if key.removesuffix(".bias") not in unbiased)
    fit = Fit(prefix, tensors, start, used, missing, tuple(wrong), (), unbiased, conversion)
    return replace(fit, foreign=foreign(fit, want))


def foreign(fit: Fit, want: Wanted) -> tuple[str, ...]:
    """Return the unused weights that are inside the model's own top-level modules."""
    names = (
        (key, key.removeprefix(fit.start))
        for key in fit.leftovers
        if key.startswith(fit.start) and fit.tensors[key].is_floating_point()
    )
    return tuple(
        key
        for key, name in names
        if name.partition(".")[0] in want.tops
        and not is_counter(name)
        and not name.startswith(want.ignored)
    )


def best_prefixes(tensors: State, want: Wanted) -> list[str]:
    """Return the prefixes under which most of the model's weights are, the best first.

    They are found from their ends: any path whose last names are a name that the model asks for.
    """
    found: Counter[str] = Counter()
    for key, value in tensors.items():
        for prefix, name in splits(key):
            if name in want.weights and want.takes(name, value):
                found[prefix] += 1
    ordered = sorted(found, key=lambda prefix: (-found[prefix], len(prefix)))
    return ordered[:MOST_PREFIXES]


def splits(key: str) -> Iterable[tuple[str, str]]:
    """Return every division of a path into a prefix, with its dot, and a name."""
    parts = key.split(".")
    return [
        ("".join(f"{part}." for part in parts[:count]), ".".join(parts[count:]))
        for count in range(len(parts))
    ]
