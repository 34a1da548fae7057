"""torchvision's state dicts under timm's names, where timm has the same network.

ResNet, ResNeXt, Wide ResNet and DenseNet have the same names in both, and need none of this.
"""

import re
from collections.abc import Iterator

from torch import nn

from engine.models.checkpoint import State
from engine.models.conversion.renames import Rules, natural, rename, shaped
from engine.models.conversion.settings import Settings

STEM = "features.0.0.weight"
_VIT_BLOCK = r"encoder\.layers\.encoder_layer_(\d+)\."
_DENSE = r"(features\.denseblock\d+\.denselayer\d+\.(?:norm|conv))\.([12]\..+)"
_REGNET = r"trunk_output\.block(\d+)\.block\d+-(\d+)\."

VIT: Rules = (
    (r"class_token", "cls_token"),
    (r"conv_proj\.(.+)", r"patch_embed.proj.\1"),
    (r"encoder\.pos_embedding", "pos_embed"),
    (_VIT_BLOCK + r"ln_([12])\.(.+)", r"blocks.\1.norm\2.\3"),
    (_VIT_BLOCK + r"self_attention\.in_proj_(weight|bias)", r"blocks.\1.attn.qkv.\2"),
    (_VIT_BLOCK + r"self_attention\.out_proj\.(.+)", r"blocks.\1.attn.proj.\2"),
    (_VIT_BLOCK + r"mlp\.(?:linear_1|0)\.(.+)", r"blocks.\1.mlp.fc1.\2"),
    (_VIT_BLOCK + r"mlp\.(?:linear_2|3)\.(.+)", r"blocks.\1.mlp.fc2.\2"),
    (r"encoder\.ln\.(.+)", r"norm.\1"),
    (r"heads\.head\.(.+)", r"head.\1"),
)
REGNET: Rules = (
    (r"stem\.0\.(.+)", r"stem.conv.\1"),
    (r"stem\.1\.(.+)", r"stem.bn.\1"),
    (_REGNET + r"f\.a\.0\.(.+)", r"s\1.b\2.conv1.conv.\3"),
    (_REGNET + r"f\.a\.1\.(.+)", r"s\1.b\2.conv1.bn.\3"),
    (_REGNET + r"f\.b\.0\.(.+)", r"s\1.b\2.conv2.conv.\3"),
    (_REGNET + r"f\.b\.1\.(.+)", r"s\1.b\2.conv2.bn.\3"),
    (_REGNET + r"f\.c\.0\.(.+)", r"s\1.b\2.conv3.conv.\3"),
    (_REGNET + r"f\.c\.1\.(.+)", r"s\1.b\2.conv3.bn.\3"),
    (_REGNET + r"f\.se\.(fc[12]\..+)", r"s\1.b\2.se.\3"),
    (_REGNET + r"proj\.0\.(.+)", r"s\1.b\2.downsample.conv.\3"),
    (_REGNET + r"proj\.1\.(.+)", r"s\1.b\2.downsample.bn.\3"),
    (r"fc\.(.+)", r"head.fc.\1"),
)
SWIN: Rules = (
    (r"features\.0\.0\.(.+)", r"patch_embed.proj.\1"),
    (r"features\.0\.2\.(.+)", r"patch_embed.norm.\1"),
    *(
        rule
        for stage in range(4)  # blocks and what halves the image take turns
        for rule in (
            (rf"features\.{2 * stage + 1}\.(\d+)\.mlp\.0\.(.+)",
             rf"layers.{stage}.blocks.\1.mlp.fc1.\2"),
            (rf"features\.{2 * stage + 1}\.(\d+)\.mlp\.3\.(.+)",
             rf"layers.{stage}.blocks.\1.mlp.fc2.\2"),
            (rf"features\.{2 * stage + 1}\.(\d+)\.(.+)", rf"layers.{stage}.blocks.\1.\2"),
            (rf"features\.{2 * stage + 2}\.(.+)", rf"layers.{stage + 1}.downsample.\1"),
        )
    ),
    (r"head\.(.+)", r"head.fc.\1"),
)  # fmt: skip
CONVNEXT: Rules = (
    (r"features\.0\.(.+)", r"stem.\1"),
    *(
        rule
        for stage in range(4)
        for rule in (
            *(
                (
                    rf"features\.{2 * stage + 1}\.(\d+)\.{theirs}",
                    rf"stages.{stage}.blocks.\1.{ours}",
                )
                for theirs, ours in (
                    (r"block\.0\.(.+)", r"conv_dw.\2"),
                    (r"block\.2\.(.+)", r"norm.\2"),
                    (r"block\.3\.(.+)", r"mlp.fc1.\2"),
                    (r"block\.5\.(.+)", r"mlp.fc2.\2"),
                    (r"layer_scale", r"gamma"),
                )
            ),
            (rf"features\.{2 * stage + 2}\.(.+)", rf"stages.{stage + 1}.downsample.\1"),
        )
    ),
    (r"classifier\.0\.(.+)", r"head.norm.\1"),
    (r"classifier\.2\.(.+)", r"head.fc.\1"),
)
SMALL_HEAD: Rules = ((r"classifier\.1\.(.+)", r"classifier.\1"),)
WIDE_HEAD: Rules = (
    (r"classifier\.0\.(.+)", r"conv_head.\1"),
    (r"classifier\.3\.(.+)", r"classifier.\1"),
)
_GELU, _RELU, _SILU = (frozenset({name}) for name in ("gelu", "relu", "silu"))
EFFICIENTNET_EPS = {1280: 1e-5, 1408: 1e-5, 1536: 1e-5, 1792: 1e-5,
                    2048: 1e-3, 2304: 1e-3, 2560: 1e-3}  # fmt: skip
"""By the width of the last layer, B0 to B7. All of V2 have 1e-3."""
VIT_HEADS = {768: 12, 1024: 16, 1280: 16}
"""By width, of B, L and H."""
Found = tuple[str, State, Settings]


def from_torchvision(state: State, model: nn.Module) -> Iterator[Found]:
    """Yield (network, state under timm's names, what torchvision's network is), where it is known.

    Args:
        state: Under the names that torchvision gives, without a prefix.
        model: timm's; torchvision only numbers some layers, which are matched in order.
    """
    if "conv_proj.weight" in state and "class_token" in state:
        yield _vit_name(state, model), rename(state, VIT), Settings(1e-6, _GELU)
    elif any(key.startswith("trunk_output.block1.") for key in state):
        yield "RegNet", _from_one(rename(state, REGNET)), Settings(1e-5, _RELU)
    elif any(".denselayer1.norm.1." in key for key in state):
        yield "older DenseNet", rename(state, ((_DENSE, r"\1\2"),)), Settings(1e-5, _RELU)
    elif STEM not in state:
        return
    elif "features.1.0.attn.qkv.weight" in state:
        kept = {k: v for k, v in state.items() if not k.endswith("relative_position_index")}
        yield "Swin", rename(kept, SWIN), Settings(1e-5, _GELU)
    elif "features.1.0.layer_scale" in state:
        yield "ConvNeXt", shaped(rename(state, CONVNEXT), model), Settings(1e-6, _GELU)
    else:
        yield from _mobile(state, model)


def _vit_name(state: State, model: nn.Module) -> str:
    """Name the network, and what its weights do not show where it is not a published one."""
    heads = {getattr(module, "num_heads", None) for module in model.modules()} - {None}
    published = heads == {VIT_HEADS.get(state["class_token"].shape[-1])}
    return "ViT" if published else "ViT (with as many heads as this model has)"


def _mobile(state: State, model: nn.Module) -> Iterator[Found]:
    """Yield the networks whose layers timm has in the same order, in blocks of its own."""
    first = state.get("features.1.0.block.0.0.weight")
    if "features.1.conv.0.0.weight" in state:
        found = rename(_in_order(state, model), SMALL_HEAD)
        yield "MobileNetV2", found, Settings(1e-5, frozenset({"relu6"}))
    elif "features.1.block.0.0.weight" in state:
        found = shaped(rename(_in_order(state, model), WIDE_HEAD), model)
        yield "MobileNetV3", found, Settings(1e-3, frozenset({"hardswish", "relu"}))
    elif first is not None:
        separable = first.shape[1] == 1  # V2 begins with whole convolutions
        eps = EFFICIENTNET_EPS.get(_last_width(state)) if separable else 1e-3
        if eps is not None:
            found = rename(_in_order(state, model), SMALL_HEAD)
            yield "EfficientNet" + ("" if separable else " V2"), found, Settings(eps, _SILU)


def _last_width(state: State) -> int:
    last = max((key for key in state if key.startswith("features.")), key=natural)
    return state[last.rpartition(".")[0] + ".weight"].shape[0]


def _in_order(state: State, model: nn.Module) -> State:
    """Rename the layers of `features` to timm's, both in the order in which an image meets them."""
    layers = {key.rpartition(".")[0] for key in state if key.startswith("features.")}
    theirs = sorted(layers, key=natural)
    ours = [
        name
        for name, module in model.named_modules()
        if next(module.parameters(recurse=False), None) is not None
        and not name.startswith(("conv_head", "classifier"))
    ]
    if hasattr(model, "bn2"):  # timm's EfficientNet has the last convolution outside of its blocks
        ours.insert(-1, "conv_head")
    if len(ours) != len(theirs):
        return state
    by_name = dict(zip(theirs, ours, strict=True))
    return {
        f"{by_name[layer]}.{last}" if (layer := key.rpartition(".")[0]) in by_name else key: value
        for key, value in state.items()
        for last in [key.rpartition(".")[2]]
    }


def _from_one(state: State) -> State:
    """Count RegNet's blocks from 1, as timm does."""
    block = re.compile(r"^(s\d+\.b)(\d+)(?=\.)")
    return {block.sub(lambda m: f"{m[1]}{int(m[2]) + 1}", k): v for k, v in state.items()}
