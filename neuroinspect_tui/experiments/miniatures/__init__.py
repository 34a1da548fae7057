"""Miniatures: generated pictures in the exact layouts of published data sets."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import msgspec

from engine.schema.errors import RequestError
from neuroinspect_tui.experiments.miniatures.kit import Generator, Kit, key

__all__ = ["GENERATORS", "Generator", "Kit", "generator_of"]

GENERATORS = ("birds", "faces", "flowers", "foods", "scenes")
"""Modules of this package, each with `Sizes`, `make` and `OF`, the other modules that its pictures
are made of."""


def generator_of(name: str, sizes: Mapping[str, int]) -> Generator:
    """Return a generator with its sizes.

    Raises:
        RequestError: There is none of that name, or it has no such size.
    """
    if name not in GENERATORS:
        raise RequestError(f"There is no generator {name!r}; choose from {', '.join(GENERATORS)}.")
    module: Any = import_module(f"{__name__}.{name}")
    try:
        settled = msgspec.convert(dict(sizes), module.Sizes)
    except msgspec.ValidationError as error:
        raise RequestError(f"The sizes of the generator {name} are wrong: {error}.") from error
    return Generator(f"{name}-{key(settled, (module, *module.OF))}", settled, module.make)
