"""The bounds of requests' numbers, stated once with `msgspec.Meta` and asked by all who check."""

import math
from typing import Any

import msgspec
from msgspec import Struct, structs

from engine.schema.errors import RequestError


def bounds(kind: type[Struct]) -> dict[str, tuple[float, float]]:
    """Return the least and the largest value of every bounded field, by its name."""
    found = {}
    for field in msgspec.inspect.type_info(kind).fields:  # type: ignore[attr-defined]
        variants = getattr(field.type, "types", (field.type,))
        for variant in variants:
            least, largest = getattr(variant, "ge", None), getattr(variant, "le", None)
            if least is not None and largest is not None:
                found[field.name] = (float(least), float(largest))
    return found


def check_bounds(request: Struct) -> None:
    """Refuse a request with a number out of its bounds.

    Raises:
        RequestError: Names the option and what it may be.
    """
    values: dict[str, Any] = structs.asdict(request)
    for name, (least, largest) in bounds(type(request)).items():
        value = values[name]
        if value is not None and (math.isnan(value) or not least <= value <= largest):
            option = name.replace("_", "-")
            raise RequestError(
                f"--{option} {value} is out of range; give {least:g} to {largest:g}."
            )
