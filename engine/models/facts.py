"""What a checkpoint says of itself beside its weights: classes, preprocessing, model arguments."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from torch import Tensor

from engine.models.containers import Contents, mapping_of
from engine.models.inert import Inert
from engine.schema.requests import Interpolation

PLACES = (
    "args", "hyper_parameters", "hparams", "config", "cfg", "opt", "meta", "pretrained_cfg",
    "data_config", "model_args",
)  # fmt: skip
"""Where training scripts keep their arguments, beside the weights or in one another."""
ARCHITECTURE = ("model", "architecture")
DEEPEST = 3
LONGEST = 100_000
LISTS = ("class_names", "classes", "label_names")
TO_INDEX = ("class_to_idx",)
TO_NAME = ("id2label", "idx_to_class")


@dataclass(frozen=True)
class Facts:
    """What a checkpoint says of itself; None, or nothing, where it does not.

    Attributes:
        class_names: In the order of the outputs.
        transform: `mean`, `std`, `img_size`, `crop_pct`, `interpolation`, as far as they are said.
        model_args: Arguments of timm.create_model.
        model: The architecture.
        channels: Of the images.
        notes: What is there and cannot be used, in sentences.
    """

    class_names: tuple[str, ...] | None = None
    transform: Mapping[str, Any] = field(default_factory=dict)
    model_args: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    channels: int | None = None
    notes: tuple[str, ...] = ()


def read_facts(contents: Contents) -> Facts:
    """Return what a checkpoint says of itself, as far as it is well-formed."""
    places = list(_places(contents.rest))
    notes: list[str] = []
    said: dict[str, object] = {}
    for place in places:  # timm writes None for what is not set
        said |= {k: v for k, v in place.items() if v is not None and k not in said}
    size, channels = _size(said)
    transform = {
        "mean": _channels_of(said.get("mean"), 0.0, 1.0),
        "std": _channels_of(said.get("std"), 1e-6, 1.0),
        "img_size": size,
        "crop_pct": _number(said.get("crop_pct"), 1e-6, 4.0),
        "interpolation": _one_of(said.get("interpolation"), get_args(Interpolation)),
    }
    for key in ("mean", "std", "crop_pct", "img_size", "input_size"):
        kept = transform.get("img_size" if key == "input_size" else key)
        if _is_stated(said.get(key)) and kept is None:
            notes.append(f"The checkpoint's own {key} ({_shown(said[key])}) is not understood.")
    if None in (transform["mean"], transform["std"]):  # one without the other is another scale's
        transform["mean"] = transform["std"] = None
    names, problem = class_names(places)
    return Facts(
        names,
        {key: value for key, value in transform.items() if value is not None},
        _model_args(said),
        next(filter(None, (_text(p.get(key)) for p in places for key in ARCHITECTURE)), None),
        channels,
        (*notes, *problem),
    )


def class_names(
    places: Sequence[Mapping[str, object]],
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the classes in the order of the outputs, and what is wrong with them.

    Lists, {name: index} and {index: name} are understood; the indices are 0 to C-1, each once.
    """
    found: dict[tuple[str, ...], str] = {}
    notes = []
    for place in places:
        for key in (*TO_INDEX, *TO_NAME, *LISTS):
            value = plain(place.get(key))
            if not isinstance(value, (dict, list, tuple)) or not value:
                continue
            names = _in_order(key, value)
            if names is None:
                notes.append(f"The checkpoint's own {key} is no numbering of classes from 0.")
            else:
                found.setdefault(names, key)
    if len(found) > 1:
        keys = " and ".join(list(found.values())[:2])
        return None, (f"The checkpoint's own {keys} give different classes; neither is used.",)
    return next(iter(found), None), () if found else tuple(notes)


def plain(value: object, depth: int = 0) -> Any:
    """Return a value as dicts, lists, texts and numbers, out of objects that were not executed."""
    if depth > DEEPEST + 2 or isinstance(value, (str, int, float, bool, type(None))):
        return value
    if isinstance(value, Tensor):
        return value.tolist() if value.numel() <= LONGEST and not value.is_meta else None
    if isinstance(value, (list, tuple)) and not isinstance(value, Inert):
        return [plain(item, depth + 1) for item in value[:LONGEST]]
    named = mapping_of(value)
    for wrapped in ("_content", "_val"):  # of omegaconf
        if wrapped in named:
            return plain(named[wrapped], depth + 1)
    if isinstance(value, Inert) and not named:
        return None
    return {key: plain(item, depth + 1) for key, item in list(named.items())[:LONGEST]}


def _places(rest: object) -> Iterator[dict[str, object]]:
    """Yield the mappings in which a checkpoint may speak of itself, the outermost first."""
    waiting: list[tuple[object, int]] = [(rest, 0)]
    while waiting:
        value, depth = waiting.pop(0)
        named = mapping_of(value)
        named = mapping_of(named.get("_content")) or named
        place = {key: item for key, item in named.items() if isinstance(key, str)}
        if place:
            yield place
        if depth < DEEPEST:
            waiting += [(place[key], depth + 1) for key in PLACES if key in place]


def _in_order(key: str, value: Any) -> tuple[str, ...] | None:
    if isinstance(value, dict):
        pairs = (
            value.items() if key in TO_INDEX else [(name, index) for index, name in value.items()]
        )
        numbered = {_index(index): name for name, index in pairs}
        if set(numbered) != set(range(len(value))):
            return None
        value = [numbered[index] for index in range(len(value))]
    names = tuple(name for name in value if isinstance(name, str) and name)
    return names if len(names) == len(value) == len(set(names)) else None


def _index(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _size(said: Mapping[str, object]) -> tuple[int | tuple[int, int] | None, int | None]:
    """Return pixels a side, or (height, width) where they differ, and the channels."""
    channels = _whole(plain(said.get("in_chans")))
    for key in ("input_size", "img_size"):
        value = plain(said.get(key))
        if isinstance(value, list) and value and all(_whole(item) for item in value):
            if len(value) == 3:
                channels = channels or value[0]
            sides = value[-2:] if len(value) > 1 else value * 2
            return (sides[0] if sides[0] == sides[1] else (sides[0], sides[1])), channels
        if _whole(value):
            return _whole(value), channels
    return None, channels


def _channels_of(value: object, low: float, high: float) -> tuple[float, ...] | None:
    """Return three numbers, of one for all channels or one each, of pixels in 0 to 1."""
    numbers = plain(value)
    if not isinstance(numbers, list) or len(numbers) not in (1, 3):
        return None
    found = tuple(_number(number, low, high) for number in numbers)
    if None in found:
        return None
    return tuple(number for number in found if number is not None) * (3 // len(found))


def _number(value: object, low: float, high: float) -> float | None:
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value) if low <= value <= high else None


def _whole(value: object) -> int | None:
    right = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 8192
    return int(value) if right else None  # type: ignore[call-overload]


def _one_of(value: object, choices: tuple[str, ...]) -> str | None:
    return value if isinstance(value, str) and value in choices else None


def _text(value: object) -> str | None:
    value = plain(value)
    return value if isinstance(value, str) and value else None


def _is_stated(value: object) -> bool:
    value = plain(value)
    return value is not None and value not in ([], "", 0)


def _shown(value: object) -> str:
    text = str(plain(value))
    return text if len(text) <= 40 else f"{text[:40]}..."


def _model_args(said: Mapping[str, object]) -> dict[str, Any]:
    """Return those of timm's training script: `gp` and `model_kwargs`, those that are set."""
    further = plain(said.get("model_kwargs"))
    found = {
        key: value
        for key, value in (further.items() if isinstance(further, dict) else ())
        if isinstance(key, str) and isinstance(value, (str, int, float, bool))
    }
    pool = _text(said.get("gp")) or _text(said.get("global_pool"))
    return found if pool is None else {"global_pool": pool, **found}


def metadata(
    classes: Sequence[str], transform: Mapping[str, Any], model_args: Mapping[str, Any]
) -> dict[str, str]:
    """Return what `read_facts` reads back, for the metadata of a safetensors file.

    Args:
        classes: As folders spell them, in the order of the outputs.
        transform: As `Classifier.resolved` gives it.
        model_args: Further arguments of timm.create_model.
    """
    said: dict[str, Any] = {**transform, "class_names": list(classes)}
    if model_args:
        said["model_kwargs"] = dict(model_args)
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()
    }
