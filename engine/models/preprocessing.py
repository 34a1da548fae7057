"""How pixels become a model's input: what is stated, else the checkpoint's own, else timm's."""

from typing import Any

import timm
from timm.data import resolve_model_data_config
from torch import nn

from engine.models.facts import Facts
from engine.schema.errors import CheckpointError, ModelError
from engine.schema.requests import Source

FIELDS = ("mean", "std", "img_size", "crop_pct", "interpolation")
CLOSE = 1e-6


def data_config(body: nn.Module, source: Source, facts: Facts) -> tuple[dict[str, Any], list[str]]:
    """Return timm's data config of a model, and what is to be said of it.

    Raises:
        CheckpointError: The checkpoint takes images that are not square or not RGB.
    """
    chosen: dict[str, Any] = {}
    notes = []
    taken = []
    for name in FIELDS:
        stated, own = getattr(source, name), facts.transform.get(name)
        if stated is not None:
            chosen[name] = stated
            if own is not None and not _same(stated, own):
                notes.append(
                    f"{name} is {_text(stated)} as stated; the checkpoint's own is {_text(own)}."
                )
        elif own is not None:
            chosen[name] = own
            taken.append(f"{name} {_text(own)}")
    if taken:
        notes.insert(0, f"As the checkpoint's own arguments say: {', '.join(taken)}.")
    size = chosen.get("img_size", source.model_args.get("img_size"))
    if isinstance(size, tuple):
        raise CheckpointError(
            f"The checkpoint {source.checkpoint} takes images of {size[0]} x {size[1]} pixels; "
            "only square ones are read: give one trained so, or state --img-size."
        )
    if facts.channels not in (None, 3):
        raise CheckpointError(
            f"The checkpoint {source.checkpoint} takes images of {facts.channels} "
            f"channel{'s' if facts.channels != 1 else ''}; only RGB, with 3, is read."
        )
    if "crop_mode" in facts.transform:
        chosen["crop_mode"] = facts.transform["crop_mode"]
    chosen = {key: list(v) if isinstance(v, tuple) else v for key, v in chosen.items()}
    return resolve_model_data_config(body, args={**chosen, "img_size": size}), notes


def create_arguments(source: Source, facts: Facts) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments of timm.create_model, and what is to be said of them.

    Raises:
        ModelError: The model is to take images that are not RGB.
    """
    stated = dict(source.model_args)
    if stated.get("in_chans", 3) != 3:
        raise ModelError("in_chans must be 3: images are read as RGB.")
    own = {key: value for key, value in facts.model_args.items() if key != "in_chans"}
    notes = [
        f"{key} is {stated[key]} as stated; the checkpoint's own is {value}."
        for key, value in own.items()
        if key in stated and stated[key] != value
    ]
    taken = [f"{key} {value}" for key, value in own.items() if key not in stated]
    if taken:
        notes.append(f"Model arguments as the checkpoint's own say: {', '.join(taken)}.")
    if facts.model is not None and _differs(facts.model, source.model):
        notes.append(f"The checkpoint says that it is of {facts.model}, not of {source.model}.")
    return {**own, **stated}, notes


def size_of(source: Source, facts: Facts) -> int | None:
    """Return the pixels a side that are stated or the checkpoint's own."""
    if source.img_size is not None:
        return source.img_size
    own = facts.transform.get("img_size")
    return own if isinstance(own, int) else None


def _differs(own: str, asked: str) -> bool:
    """Return whether both name an architecture of timm, and not the same; tags apart."""
    return timm.is_model(own) and timm.is_model(asked) and _base(own) != _base(asked)


def _base(model: str) -> str:
    return model.partition(".")[0]


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, (tuple, list)) and isinstance(right, (tuple, list)):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return abs(left - right) <= CLOSE
    return bool(left == right)


def _text(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return " ".join(f"{item:.4g}" for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
