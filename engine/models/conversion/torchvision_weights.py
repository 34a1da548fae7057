"""Which of timm's models are torchvision's networks, and what their published weights expect."""

import math
from dataclasses import dataclass
from typing import Any

from torchvision.models import get_model_weights
from torchvision.models._api import WeightsEnum

from engine.models.checkpoint import State

WIDE_EPS = 1e-3


@dataclass(frozen=True)
class Network:
    """A network of torchvision.

    Attributes:
        name: Its builder.
        weights: The published ones whose preprocessing is taken where a file's name tells none.
        bn_eps: What timm must be told of its batch norms; None: they are alike.
    """

    name: str
    weights: str = "IMAGENET1K_V1"
    bn_eps: float | None = None


_E2E, _LINEAR = "IMAGENET1K_SWAG_E2E_V1", "IMAGENET1K_SWAG_LINEAR_V1"
_SAME_NAMES = (
    "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d",
    "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2",
    "densenet121", "densenet161", "densenet169", "densenet201",
)  # fmt: skip
NETWORKS = {
    **{name: Network(name) for name in _SAME_NAMES},
    **{
        f"convnext_{size}": Network(f"convnext_{size}")
        for size in ("tiny", "small", "base", "large")
    },
    **{
        f"efficientnet_b{size}": Network(
            f"efficientnet_b{size}", bn_eps=WIDE_EPS if size > 4 else None
        )
        for size in range(8)
    },
    **{f"efficientnetv2_{s}": Network(f"efficientnet_v2_{s}", bn_eps=WIDE_EPS) for s in "sml"},
    "mobilenetv2_100": Network("mobilenet_v2"),
    "mobilenetv3_large_100": Network("mobilenet_v3_large", bn_eps=WIDE_EPS),
    "mobilenetv3_small_100": Network("mobilenet_v3_small", bn_eps=WIDE_EPS),
    "regnetx_004_tv": Network("regnet_x_400mf"),
    "regnetx_008": Network("regnet_x_800mf"),
    "regnetx_016": Network("regnet_x_1_6gf"),
    "regnetx_032": Network("regnet_x_3_2gf"),
    "regnetx_080": Network("regnet_x_8gf"),
    "regnetx_160": Network("regnet_x_16gf"),
    "regnetx_320": Network("regnet_x_32gf"),
    "regnety_004": Network("regnet_y_400mf"),
    "regnety_008_tv": Network("regnet_y_800mf"),
    "regnety_016": Network("regnet_y_1_6gf"),
    "regnety_032": Network("regnet_y_3_2gf"),
    "regnety_080_tv": Network("regnet_y_8gf"),
    "regnety_160": Network("regnet_y_16gf"),
    "regnety_320": Network("regnet_y_32gf"),
    "swin_tiny_patch4_window7_224": Network("swin_t"),
    "swin_small_patch4_window7_224": Network("swin_s"),
    "swin_base_patch4_window7_224": Network("swin_b"),
    "vit_base_patch16_224": Network("vit_b_16"),
    "vit_base_patch16_384": Network("vit_b_16", _E2E),
    "vit_base_patch32_224": Network("vit_b_32"),
    "vit_large_patch16_224": Network("vit_l_16"),
    "vit_large_patch32_224": Network("vit_l_32"),
    "vit_huge_patch14_224": Network("vit_h_14", _LINEAR),
}
"""By timm's names."""


def torchvision_arguments(model: str, state: State) -> dict[str, Any]:
    """Return arguments of timm.create_model with which its network is torchvision's.

    Args:
        model: timm's name, with or without a tag.
        state: The checkpoint's tensors, with any prefix. Where their names are not those that
            torchvision has and timm has not, nothing is returned.
    """
    network = NETWORKS.get(_base(model))
    if network is None or network.bn_eps is None:
        return {}
    theirs = any(key.endswith("features.0.0.weight") for key in state)
    return {"bn_eps": network.bn_eps} if theirs else {}


def torchvision_transform(model: str, file_name: str = "") -> dict[str, Any] | None:
    """Return the preprocessing of torchvision's weights as timm's data config.

    Its keys are input_size, interpolation, mean, std, crop_pct and crop_mode.

    Args:
        model: timm's name, with or without a tag.
        file_name: Of the checkpoint; that of published weights, such as `resnet50-11ad3fa6.pth`,
            tells which they are. Else it is the first published ones' preprocessing, on which
            torchvision's own training scripts for other data rely.

    Returns:
        None where torchvision does not have the network.
    """
    weights = _weights(model, file_name)
    if weights is None:
        return None
    preset = weights.transforms()
    (resized,), (side,) = preset.resize_size, preset.crop_size
    return {
        "input_size": (3, side, side),
        "interpolation": preset.interpolation.value,
        "mean": tuple(preset.mean),
        "std": tuple(preset.std),
        "crop_pct": crop_share(side, resized),
        "crop_mode": "center",
    }


def torchvision_weights(model: str, file_name: str = "") -> str | None:
    """Return the name of the weights that `torchvision_transform` speaks of."""
    weights = _weights(model, file_name)
    return None if weights is None else f"{type(weights).__name__}.{weights.name}"


def is_published(model: str, file_name: str) -> bool:
    """Return whether a file has the name of weights that torchvision publishes for the network."""
    network = NETWORKS.get(_base(model))
    return network is not None and any(
        one.url.endswith(f"/{file_name}") for one in get_model_weights(network.name)
    )


def crop_share(side: int, resized: int) -> float:
    """Return timm's crop_pct with which it resizes to exactly `resized` pixels before the crop."""
    share = side / resized
    return share if math.floor(side / share) == resized else side / (resized + 0.5)


def _weights(model: str, file_name: str) -> WeightsEnum | None:
    network = NETWORKS.get(_base(model))
    if network is None:
        return None
    published = list(get_model_weights(network.name))
    named = [one for one in published if file_name and one.url.endswith(f"/{file_name}")]
    return named[0] if named else next(w for w in published if w.name == network.weights)


def _base(model: str) -> str:
    return model.partition(".")[0]
