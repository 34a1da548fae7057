"""Which network of timm, built with which arguments, computes what transformers' does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import timm

from engine.models.conversion.hub_config import HubConfig

WRAPPER = "timm_wrapper"
_VIT_SIZES = {192: "tiny", 384: "small", 768: "base", 1024: "large"}
_RESNETS: Mapping[str, tuple[int, Mapping[tuple[int, ...], str]]] = {
    "basic": (1, {(2, 2, 2, 2): "resnet18", (3, 4, 6, 3): "resnet34"}),
    "bottleneck": (
        4,
        {(3, 4, 6, 3): "resnet50", (3, 4, 23, 3): "resnet101", (3, 8, 36, 3): "resnet152"},
    ),
}


@dataclass(frozen=True)
class HubNetwork:
    """timm's network.

    Attributes:
        model: timm's name.
        model_args: What makes it this one; the classes and the image's size are set elsewhere.
        eps: Epsilons of layer norms by patterns of their names.
        image_size: Pixels a side that it has positions for; None: any.
        sized: Whether timm builds it for one image size.
    """

    model: str
    model_args: Mapping[str, Any]
    eps: Mapping[str, float] = field(default_factory=dict)
    image_size: int | None = None
    sized: bool = False


def vit(config: HubConfig) -> HubNetwork:
    """ViT; DeiT, whose second token has a head of its own (with teacher) or none."""
    hidden, heads = config.get("hidden_size", 768), config.get("num_attention_heads", 12)
    config.require("head_dim", hidden // heads, hidden // heads)
    size = _VIT_SIZES.get(hidden, "base")
    names = {
        "ViTForImageClassification": (f"vit_{size}_patch16_224", {}),
        "DeiTForImageClassification": (f"vit_{size}_patch16_224", {"reg_tokens": 1}),
        "DeiTForImageClassificationWithTeacher": (
            f"deit_{'base' if size == 'large' else size}_distilled_patch16_224",
            {},
        ),
    }
    name, tokens = names[config.kind]
    return HubNetwork(
        name,
        {
            "patch_size": config.side("patch_size", 16),
            "embed_dim": hidden,
            "depth": config.get("num_hidden_layers", 12),
            "num_heads": heads,
            "mlp_ratio": _ratio(config.get("intermediate_size", 3072), hidden),
            "qkv_bias": config.get("qkv_bias", True),
            "act_layer": config.activation(),
            **tokens,
        },
        {"*": config.get("layer_norm_eps", 1e-12)},
        config.side("image_size", 224),
        sized=True,
    )


def swin(config: HubConfig) -> HubNetwork:
    """Swin, the first version."""
    config.require("use_absolute_embeddings", False, False)
    config.require("hidden_act", "gelu", "gelu")
    width = config.get("embed_dim", 96)
    size = {96: "tiny", 128: "base", 192: "large"}.get(width, "tiny")
    return HubNetwork(
        f"swin_{size}_patch4_window7_224",
        {
            "patch_size": config.side("patch_size", 4),
            "embed_dim": width,
            "depths": _whole(config.get("depths", (2, 2, 6, 2))),
            "num_heads": _whole(config.get("num_heads", (3, 6, 12, 24))),
            "window_size": config.get("window_size", 7),
            "mlp_ratio": config.get("mlp_ratio", 4.0),
            "qkv_bias": config.get("qkv_bias", True),
        },
        # transformers leaves these two at torch's default
        {
            "*": config.get("layer_norm_eps", 1e-5),
            "patch_embed.norm": 1e-5,
            "layers.*.downsample.norm": 1e-5,
        },
        sized=True,
    )


def convnext(config: HubConfig) -> HubNetwork:
    """ConvNeXt and its second version."""
    depths = _whole(config.get("depths", (3, 3, 9, 3)))
    config.require("num_stages", 4, len(depths))
    second = config.model_type == "convnextv2"
    # of timm's, only the second version is without scales: create_model takes None for unsaid
    scaled = not second and config.get("layer_scale_init_value", 1e-6) > 0
    return HubNetwork(
        "convnext_tiny" if scaled else "convnextv2_tiny",
        {
            "depths": depths,
            "dims": _whole(config.get("hidden_sizes", (96, 192, 384, 768))),
            "patch_size": config.side("patch_size", 4),
            "use_grn": second,
            "act_layer": config.activation(),
        },
        {"*": 1e-6, "head.norm": config.get("layer_norm_eps", 1e-12)},
    )


def resnet(config: HubConfig) -> HubNetwork:
    """ResNet, whose bottlenecks halve the image in their 3 x 3 convolution, as timm's do."""
    config.require("embedding_size", 64, 64)
    config.require("downsample_in_first_stage", False, False)
    config.require("downsample_in_bottleneck", False, False)
    config.require("hidden_act", "relu", "relu")
    layer = config.get("layer_type", "bottleneck")
    expansion, names = _RESNETS[layer]
    depths = _whole(config.get("depths", (3, 4, 6, 3)))
    widths = _whole(config.get("hidden_sizes", (256, 512, 1024, 2048)))
    if any(width % expansion for width in widths):
        raise config.unlike(f"its widths {widths} do not divide by {expansion}")
    return HubNetwork(
        names.get(tuple(depths), next(iter(names.values()))),
        {"layers": depths, "channels": [width // expansion for width in widths]},
    )


def timm_wrapper(config: HubConfig) -> HubNetwork:
    """A model of timm itself."""
    name = str(config.get("architecture", "resnet50"))
    if not timm.is_model(name.partition(".")[0]):
        raise config.unlike(f"timm {timm.__version__} has no model {name!r}")
    return HubNetwork(name, dict(config.get("model_args", None) or {}))


NETWORKS: Mapping[str, tuple[Sequence[str], Callable[[HubConfig], HubNetwork]]] = {
    "vit": (["ViTForImageClassification"], vit),
    "deit": (["DeiTForImageClassification", "DeiTForImageClassificationWithTeacher"], vit),
    "swin": (["SwinForImageClassification"], swin),
    "convnext": (["ConvNextForImageClassification"], convnext),
    "convnextv2": (["ConvNextV2ForImageClassification"], convnext),
    "resnet": (["ResNetForImageClassification"], resnet),
    WRAPPER: (["TimmWrapperForImageClassification"], timm_wrapper),
}
"""By model type: the classes that are classifiers, and how they are built."""


def network(config: HubConfig) -> HubNetwork:
    """Return the network that a folder describes.

    Raises:
        ModelError: It is no image classifier, or timm does not have the same network.
    """
    if config.model_type not in NETWORKS:
        raise config.unlike(f"its model type {config.model_type!r} is not read")
    kinds, build = NETWORKS[config.model_type]
    if config.kind not in kinds:
        raise config.unlike(f"its classifiers are {' and '.join(kinds)}")
    config.require("num_channels", 3, 3)
    return build(config)


def _whole(values: Sequence[int]) -> list[int]:
    return [int(value) for value in values]


def _ratio(inner: int, outer: int) -> float:
    """Return what timm multiplies `outer` by, and cuts to a whole number, to get `inner`."""
    ratio = inner / outer
    return ratio if int(outer * ratio) == inner else (inner + 0.5) / outer
