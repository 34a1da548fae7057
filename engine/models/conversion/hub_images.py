"""transformers' image processors as timm's evaluation transform."""

import math
from collections.abc import Mapping
from typing import Any

from timm.data import IMAGENET_INCEPTION_MEAN, IMAGENET_INCEPTION_STD, resolve_data_config

from engine.models.conversion.hub_config import HubConfig, read_json
from engine.models.conversion.hub_networks import WRAPPER, HubNetwork
from engine.models.conversion.torchvision_weights import crop_share
from engine.schema.errors import ModelError

FILE = "preprocessor_config.json"
INTERPOLATIONS = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")  # as PIL counts
WHOLE_FROM = 384  # pixels: ConvNeXt's processor shows such images whole, as squares
_STANDARD = {"image_mean": IMAGENET_INCEPTION_MEAN, "image_std": IMAGENET_INCEPTION_STD}
_USUAL = {"do_resize": True, "do_rescale": True, "do_normalize": True, "rescale_factor": 1 / 255}
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "ViT": {**_USUAL, **_STANDARD, "size": 224, "resample": 2},
    "DeiT": {**_USUAL, **_STANDARD, "size": 256, "resample": 3,
             "do_center_crop": True, "crop_size": 224},
    "ConvNext": {**_USUAL, **_STANDARD, "size": 384, "resample": 3, "crop_pct": 224 / 256},
}  # fmt: skip
"""By processor: what it does where its file does not say."""
OF_NETWORK = {
    "deit": "DeiT",
    "convnext": "ConvNext",
    "convnextv2": "ConvNext",
    "resnet": "ConvNext",
}
Notes = tuple[str, ...]


def preprocessing(config: HubConfig, network: HubNetwork) -> tuple[dict[str, Any], Notes]:
    """Return timm's data config of a folder, and what is to be said of it.

    The config is empty where the folder does not say how images are prepared.

    Raises:
        ModelError: The file cannot be read, or its images do not go into the network.
    """
    if config.model_type == WRAPPER:
        own = config.get("pretrained_cfg", None)
        if not own:
            return {}, (_absent(f"pretrained_cfg in {config.folder / 'config.json'}"),)
        return dict(resolve_data_config(own, model=None)), ()
    content = read_json(config.folder / FILE)
    if content is None:
        return {}, (_absent(f"{FILE} in {config.folder}"),)
    kind = _kind(content) or OF_NETWORK.get(config.model_type, "ViT")
    values = {**DEFAULTS.get(kind, {}), **{k: v for k, v in content.items() if v is not None}}
    if not values.get("do_resize", False) or _is_old(kind, values):
        return {}, (f"How {config.folder / FILE} resizes images is not said in a way that is read; "
                    "timm's preprocessing is used: compare it with the training's.",)  # fmt: skip
    side, resized, mode, notes = _geometry(config, kind, values)
    if network.image_size not in (None, side):
        raise ModelError(
            f"The network in {config.folder} takes images of {network.image_size} pixels a side, "
            f"and {FILE} makes them {side}; give the {FILE} that it was trained with."
        )
    mean, std = _scale(values)
    resample = values.get("resample", 2)
    if resample not in range(len(INTERPOLATIONS)):
        raise _unread(config, "resample", resample, "a number of 0 to 5")
    return {
        "input_size": (3, side, side),
        "interpolation": INTERPOLATIONS[resample],
        "mean": mean,
        "std": std,
        "crop_pct": crop_share(side, resized),
        "crop_mode": mode,
    }, notes


def _absent(what: str) -> str:
    return f"There is no {what}, so timm's preprocessing is used: compare it with the training's."


def _unread(config: HubConfig, key: str, value: object, expected: str) -> ModelError:
    return ModelError(f"{key} is {value} in {config.folder / FILE}, and {expected} is expected.")


def _is_old(kind: str, values: Mapping[str, Any]) -> bool:
    """Return whether one number is the size, which by processor is of a square or of an edge."""
    return kind not in DEFAULTS and not isinstance(values.get("size"), Mapping)


def _kind(content: Mapping[str, Any]) -> str:
    """Return a processor's family: `ViT` of ViTImageProcessorFast and ViTFeatureExtractor."""
    name = str(content.get("image_processor_type") or content.get("feature_extractor_type") or "")
    for ending in ("ImageProcessor", "FeatureExtractor"):
        name = name.partition(ending)[0]
    return name


def _geometry(
    config: HubConfig, kind: str, values: Mapping[str, Any]
) -> tuple[int, int, str, Notes]:
    """Return (pixels a side, pixels resized to before the crop, timm's crop mode, notes)."""
    size, crop = values.get("size"), values.get("crop_size")
    if kind == "ConvNext":
        side = _edge(config, size)
        if side >= WHOLE_FROM:
            return side, side, "squash", ()
        resized = int(side / values["crop_pct"])
        return side, resized, "center", _margin("center", side, resized)
    edge = size.get("shortest_edge") if isinstance(size, Mapping) else None
    mode = "squash" if edge is None else "center"
    resized = _square(config, "size", size) if edge is None else _edge(config, size)
    if not values.get("do_center_crop", False):
        uncut = (f"{config.folder / FILE} resizes images and keeps their proportions; here their "
                 "middle is cut out, a square.",)  # fmt: skip
        return resized, resized, mode, uncut if mode == "center" else ()
    side = _square(config, "crop_size", crop)
    return side, resized, mode, _margin(mode, side, resized)


def _margin(mode: str, side: int, resized: int) -> Notes:
    margin = (resized - side) / 2
    if mode == "squash" and math.floor(margin) == round(margin):
        return ()
    return ("Where the margin around the cut-out middle is odd, it may lie one pixel beside "
            "transformers'.",)  # fmt: skip


def _edge(config: HubConfig, size: Any) -> int:
    """Return pixels of the shorter side."""
    if isinstance(size, Mapping) and set(size) == {"shortest_edge"}:
        size = size["shortest_edge"]
    if not isinstance(size, int):
        raise _unread(config, "size", size, "a shortest edge")
    return size


def _square(config: HubConfig, key: str, size: Any) -> int:
    if isinstance(size, Mapping) and set(size) == {"height", "width"}:
        size = size["height"] if size["height"] == size["width"] else size
    if not isinstance(size, int):
        raise _unread(config, key, size, "a square")
    return size


def _scale(values: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and std of pixels in 0 to 1."""
    mean, std = _three(0.0), _three(1.0)
    if values.get("do_normalize", False):
        mean, std = (_three(values[key]) for key in ("image_mean", "image_std"))
    factor = 255 * values.get("rescale_factor", 1 / 255) if values.get("do_rescale", False) else 255
    return tuple(m / factor for m in mean), tuple(s / factor for s in std)


def _three(value: Any) -> tuple[float, ...]:
    numbers = value if isinstance(value, (list, tuple)) else [value] * 3
    return tuple(float(number) for number in numbers)
