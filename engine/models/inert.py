"""Files of torch.save read without executing anything in them.

torch's own restricted unpickler builds tensors and plain containers only, and stops at any other
class or function. Here each of those is replaced by a class of ours that takes whatever it is
given and does nothing, so that what stands beside the weights (arguments, scores, optimizers)
does not stand in their way.
"""

import pickle
import re
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

MOST_NAMES = 500
_UNKNOWN = re.compile(r"Unsupported global: GLOBAL (\S+) was not an allowed global")
_one_at_a_time = threading.Lock()  # torch keeps the list of allowed names for the whole process


class _Settable(type):
    """Passes for `dict` where torch asks which class may be set items."""

    def __eq__(cls, other: object) -> bool:
        return cls is other or other is dict

    def __hash__(cls) -> int:
        return id(cls)


class Inert(list[Any], metaclass=_Settable):
    """Stands for an object of an unknown class, or for what an unknown function returns.

    A list, since torch appends to lists only.
    """

    def __new__(cls, *arguments: object, **named: object) -> "Inert":
        """Take any arguments."""
        del arguments, named
        made = super().__new__(cls)
        made.state = {}
        return made

    def __init__(self, *arguments: object, **named: object) -> None:
        """Ignore what a list would take for its elements."""

    state: dict[object, object]
    """Its attributes and items, as far as they have names."""

    def __setstate__(self, state: object) -> None:
        """Keep the named attributes, of slots too; nothing is called."""
        parts = state if isinstance(state, tuple) else (state,)
        for part in parts:
            if isinstance(part, Mapping):
                self.state.update(part)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep an item as a dict does."""
        self.state[key] = value

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:  # type: ignore[override]  # it may be a key
        return id(self)


def load_inert(path: Path, *, zipped: bool) -> object:
    """Return what torch.save stored, with `Inert` objects for all but tensors and containers.

    Args:
        path: The file.
        zipped: Whether it is a zip, as torch writes since 1.6; it is then read as it is needed.

    Raises:
        pickle.UnpicklingError: torch will not read it, such as a call of a module that it blocks.
    """
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, on how older torch wrote files
        names = get_unsafe_globals_in_checkpoint(str(path)) if zipped else []
        stand_ins = [(_stand_in(), name) for name in names]
        while len(stand_ins) <= MOST_NAMES:
            try:
                with safe_globals(stand_ins):  # type: ignore[arg-type]  # pairs are allowed
                    return _load(path, mapped=zipped)
            except pickle.UnpicklingError as error:
                name = _unknown_global(error)
                if name is None or name in {known for _, known in stand_ins}:
                    raise
                stand_ins.append((_stand_in(), name))
    raise pickle.UnpicklingError(f"it has over {MOST_NAMES} unknown classes")


def _load(path: Path, *, mapped: bool) -> object:
    if mapped and path.suffix != ".safetensors":  # by which torch goes
        return torch.load(str(path), map_location="cpu", weights_only=True, mmap=True)
    with path.open("rb") as file:
        return torch.load(file, map_location="cpu", weights_only=True)


def _stand_in() -> type[Inert]:
    class StandIn(Inert):
        """One a name, since torch forgets them by class and name."""

    return StandIn


def _unknown_global(error: Exception) -> str | None:
    found = _UNKNOWN.search(str(error))
    if found is None:
        return None
    return found[1] if "." in found[1] else f"builtins.{found[1]}"  # torch leaves that out
