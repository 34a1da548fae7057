"""transformers' state dicts of image classifiers under timm's names.

Files hold the names that transformers 4 gave; those of transformers 5 in memory are read, too.
"""

from collections.abc import Iterator

from torch import nn

from engine.models.checkpoint import State
from engine.models.conversion.renames import Rules, join_qkv, rename, shaped

_VIT = r"(?:vit|deit)\."
_VIT_BLOCK = _VIT + r"(?:encoder\.layer|layers)\.(\d+)\."
_SWIN_BLOCK = r"swin\.encoder\.layers\.(\d+)\.blocks\.(\d+)\."
_CONVNEXT = r"convnext(?:v2)?\."
_CONVNEXT_BLOCK = _CONVNEXT + r"encoder\.stages\.(\d+)\.layers\.(\d+)\."
_RESNET_BLOCK = r"resnet\.encoder\.stages\.{stage}\.layers\.(\d+)\."
_STAGES = 8  # more than any has

VIT: Rules = (
    (_VIT + r"embeddings\.cls_token", "cls_token"),
    (_VIT + r"embeddings\.distillation_token", "dist_token"),
    (_VIT + r"embeddings\.position_embeddings", "pos_embed"),
    (_VIT + r"embeddings\.patch_embeddings\.projection\.(.+)", r"patch_embed.proj.\1"),
    *(
        (_VIT_BLOCK + rf"attention\.(?:attention\.{theirs}|{theirs[0]}_proj)\.(.+)",
         rf"blocks.\1.attn.{theirs[0]}.\2")
        for theirs in ("query", "key", "value")
    ),
    (_VIT_BLOCK + r"attention\.(?:output\.dense|o_proj)\.(.+)", r"blocks.\1.attn.proj.\2"),
    (_VIT_BLOCK + r"layernorm_before\.(.+)", r"blocks.\1.norm1.\2"),
    (_VIT_BLOCK + r"layernorm_after\.(.+)", r"blocks.\1.norm2.\2"),
    (_VIT_BLOCK + r"(?:intermediate\.dense|mlp\.fc1)\.(.+)", r"blocks.\1.mlp.fc1.\2"),
    (_VIT_BLOCK + r"(?:output\.dense|mlp\.fc2)\.(.+)", r"blocks.\1.mlp.fc2.\2"),
    (_VIT + r"layernorm\.(.+)", r"norm.\1"),
    (r"(?:cls_)?classifier\.(.+)", r"head.\1"),
    (r"distillation_classifier\.(.+)", r"head_dist.\1"),
)  # fmt: skip
SWIN: Rules = (
    (r"swin\.embeddings\.patch_embeddings\.projection\.(.+)", r"patch_embed.proj.\1"),
    (r"swin\.embeddings\.norm\.(.+)", r"patch_embed.norm.\1"),
    *(
        (_SWIN_BLOCK + rf"attention\.(?:self\.{theirs}|{theirs[0]}_proj)\.(.+)",
         rf"layers.\1.blocks.\2.attn.{theirs[0]}.\3")
        for theirs in ("query", "key", "value")
    ),
    (_SWIN_BLOCK + r"attention\.(?:self|relative_position_bias)\.relative_position_bias_table",
     r"layers.\1.blocks.\2.attn.relative_position_bias_table"),
    (_SWIN_BLOCK + r"attention\.(?:output\.dense|o_proj)\.(.+)",
     r"layers.\1.blocks.\2.attn.proj.\3"),
    (_SWIN_BLOCK + r"layernorm_before\.(.+)", r"layers.\1.blocks.\2.norm1.\3"),
    (_SWIN_BLOCK + r"layernorm_after\.(.+)", r"layers.\1.blocks.\2.norm2.\3"),
    (_SWIN_BLOCK + r"(?:intermediate\.dense|mlp\.fc1)\.(.+)", r"layers.\1.blocks.\2.mlp.fc1.\3"),
    (_SWIN_BLOCK + r"(?:output\.dense|mlp\.fc2)\.(.+)", r"layers.\1.blocks.\2.mlp.fc2.\3"),
    *(  # timm halves the image at the beginning of the next stage
        (rf"swin\.encoder\.layers\.{stage}\.downsample\.(.+)", rf"layers.{stage + 1}.downsample.\1")
        for stage in range(_STAGES)
    ),
    (r"swin\.layernorm\.(.+)", r"norm.\1"),
    (r"classifier\.(.+)", r"head.fc.\1"),
)  # fmt: skip
CONVNEXT: Rules = (
    (_CONVNEXT + r"embeddings\.patch_embeddings\.(.+)", r"stem.0.\1"),
    (_CONVNEXT + r"embeddings\.layernorm\.(.+)", r"stem.1.\1"),
    (_CONVNEXT + r"encoder\.stages\.(\d+)\.downsampling_layer\.(.+)", r"stages.\1.downsample.\2"),
    (_CONVNEXT_BLOCK + r"dwconv\.(.+)", r"stages.\1.blocks.\2.conv_dw.\3"),
    (_CONVNEXT_BLOCK + r"layernorm\.(.+)", r"stages.\1.blocks.\2.norm.\3"),
    (_CONVNEXT_BLOCK + r"pwconv([12])\.(.+)", r"stages.\1.blocks.\2.mlp.fc\3.\4"),
    (_CONVNEXT_BLOCK + r"grn\.(.+)", r"stages.\1.blocks.\2.mlp.grn.\3"),
    (_CONVNEXT_BLOCK + r"layer_scale_parameter", r"stages.\1.blocks.\2.gamma"),
    (_CONVNEXT + r"layernorm\.(.+)", r"head.norm.\1"),
    (r"classifier\.(.+)", r"head.fc.\1"),
)
RESNET: Rules = (
    (r"resnet\.embedder\.embedder\.convolution\.(.+)", r"conv1.\1"),
    (r"resnet\.embedder\.embedder\.normalization\.(.+)", r"bn1.\1"),
    *(
        rule
        for stage in range(_STAGES)
        for block in [_RESNET_BLOCK.format(stage=stage)]
        for ours in [rf"layer{stage + 1}.\1."]
        for rule in (
            *(
                rule
                for i in range(3)
                for rule in (
                    (block + rf"layer\.{i}\.convolution\.(.+)", ours + rf"conv{i + 1}.\2"),
                    (block + rf"layer\.{i}\.normalization\.(.+)", ours + rf"bn{i + 1}.\2"),
                )
            ),
            (block + r"shortcut\.convolution\.(.+)", ours + r"downsample.0.\2"),
            (block + r"shortcut\.normalization\.(.+)", ours + r"downsample.1.\2"),
        )
    ),
    (r"classifier\.1\.(.+)", r"fc.\1"),
)


def from_transformers(state: State, model: nn.Module) -> Iterator[tuple[str, State]]:
    """Yield (network, state under timm's names) where the names are those of transformers.

    Args:
        state: Under the names that transformers gives its classifiers, without a prefix.
        model: timm's.
    """
    tops = {key.partition(".")[0] for key in state}
    if tops & {"vit", "deit"}:
        name = "DeiT" if "deit" in tops else "ViT"
        yield name, _with_tokens(join_qkv(rename(state, VIT)))
    elif "swin" in tops:
        kept = {k: v for k, v in state.items() if not k.endswith("relative_position_index")}
        yield "Swin", join_qkv(rename(kept, SWIN))
    elif tops & {"convnext", "convnextv2"}:
        name = "ConvNeXt V2" if "convnextv2" in tops else "ConvNeXt"
        yield name, shaped(rename(state, CONVNEXT), model)
    elif "resnet" in tops:
        yield "ResNet", rename(state, RESNET)


def _with_tokens(state: State) -> State:
    """Give the second token the name it has in timm: without a head of its own, a register."""
    if "dist_token" not in state or "head_dist.weight" in state:
        return state
    return {"reg_token" if key == "dist_token" else key: value for key, value in state.items()}
