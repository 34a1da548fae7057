"""Logits of transformers' own classifiers, and of timm's with the converted weights."""

import json

import pytest
import timm
import torch
import transformers as hf
from safetensors.torch import load_file

from engine.models.conversion import conversions, read_folder
from engine.schema.errors import ModelError
from tests.engine.models.conversion.making import assert_equal, logits, scrambled

NAMES = {0: "ant", 1: "bee", 2: "cat"}
VIT = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 37,
    "image_size": 32, "patch_size": 8, "layer_norm_eps": 0.01,
}  # fmt: skip
SWIN = {
    "image_size": 64, "embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4,
    "mlp_ratio": 2.0, "layer_norm_eps": 0.01,
}  # fmt: skip
CONVNEXT = {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 2, 1], "layer_norm_eps": 0.01}
NETWORKS = {
    "ViT": (hf.ViTForImageClassification, hf.ViTConfig(**VIT), 32),
    "ViT without biases, tanh": (
        hf.ViTForImageClassification,
        hf.ViTConfig(**{**VIT, "qkv_bias": False, "hidden_act": "gelu_pytorch_tanh"}),
        32,
    ),
    "ViT, quick": (
        hf.ViTForImageClassification, hf.ViTConfig(**{**VIT, "hidden_act": "quick_gelu"}), 32,
    ),
    "DeiT": (hf.DeiTForImageClassification, hf.DeiTConfig(**VIT), 32),
    "DeiT with teacher": (hf.DeiTForImageClassificationWithTeacher, hf.DeiTConfig(**VIT), 32),
    "Swin": (hf.SwinForImageClassification, hf.SwinConfig(**SWIN), 64),
    "ConvNeXt": (hf.ConvNextForImageClassification, hf.ConvNextConfig(**CONVNEXT), 64),
    "ConvNeXt without scales": (
        hf.ConvNextForImageClassification,
        hf.ConvNextConfig(**CONVNEXT, layer_scale_init_value=0.0, hidden_act="relu"),
        64,
    ),
    "ConvNeXt V2": (hf.ConvNextV2ForImageClassification, hf.ConvNextV2Config(**CONVNEXT), 64),
    "ResNet of bottlenecks": (
        hf.ResNetForImageClassification,
        hf.ResNetConfig(hidden_sizes=[32, 64, 96, 128], depths=[2, 1, 1, 2]),
        64,
    ),
    "ResNet of pairs": (
        hf.ResNetForImageClassification,
        hf.ResNetConfig(hidden_sizes=[64, 32, 48, 64], depths=[1, 2, 1, 1], layer_type="basic"),
        64,
    ),
}  # fmt: skip


def saved(name, folder):
    kind, config, size = NETWORKS[name]
    config.id2label = NAMES
    model = scrambled(kind(config), size)
    model.save_pretrained(folder)
    return model, size


@pytest.mark.parametrize("name", NETWORKS)
def test_converted_folders_give_transformers_logits(tmp_path, name):
    theirs, size = saved(name, tmp_path)
    folder = read_folder(tmp_path)
    assert folder.class_names == ("ant", "bee", "cat")
    ours = folder.build().double().eval()
    for state in (load_file(folder.weights), theirs.state_dict()):
        [(description, converted)] = conversions(state, ours)
        assert description.startswith("transformers' ")
        ours.load_state_dict(converted)
        assert_equal(logits(ours, size), logits(theirs, size))


def test_the_folders_of_real_models_are_named_after_them():
    """Arguments of the published configurations, on meta tensors: timm has their shapes."""
    published = {
        "vit_large_patch16_224": hf.ViTConfig(
            hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096
        ),
        "swin_tiny_patch4_window7_224": hf.SwinConfig(),
        "convnext_tiny": hf.ConvNextConfig(),
        "resnet50": hf.ResNetConfig(),
    }
    for name, config in published.items():
        with torch.device("meta"):
            theirs = hf.AutoModelForImageClassification.from_config(config)
            ours = timm.create_model(name, num_classes=2)
            [(_, state)] = conversions(theirs.state_dict(), ours)
        wanted = ours.state_dict()
        assert {key: value.shape for key, value in state.items()} == {
            key: value.shape for key, value in wanted.items()
        }


def test_a_wrapper_is_timms_own_model(tmp_path):
    config = hf.TimmWrapperConfig(
        architecture="test_vit", id2label=NAMES, model_args={"depth": 2}, do_pooling=True
    )
    config.pretrained_cfg = {"input_size": [3, 160, 160], "mean": [0.1] * 3, "std": [0.3] * 3,
                             "crop_pct": 0.9, "interpolation": "bilinear"}  # fmt: skip
    theirs = scrambled(hf.TimmWrapperForImageClassification(config), 160)
    theirs.save_pretrained(tmp_path)
    folder = read_folder(tmp_path)
    assert (folder.model, folder.class_names) == ("test_vit", ("ant", "bee", "cat"))
    images = hf.AutoImageProcessor.from_pretrained(tmp_path).data_config
    assert folder.input_config == images
    ours = folder.build().double().eval()
    state = load_file(folder.weights)
    ours.load_state_dict({key.removeprefix("timm_model."): v for key, v in state.items()})
    assert_equal(logits(ours, 160), logits(theirs, 160))


def test_a_wrapper_without_preprocessing_says_so(tmp_path):
    config = hf.TimmWrapperConfig(architecture="test_resnet", num_labels=3)
    hf.TimmWrapperForImageClassification(config).save_pretrained(tmp_path)
    folder = read_folder(tmp_path)
    assert folder.class_names == ()
    assert folder.model_args["num_classes"] == 3
    assert "There is no pretrained_cfg" in folder.notes[0]


def test_a_whole_folder(tmp_path):
    saved("ViT", tmp_path)
    hf.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    folder = read_folder(tmp_path)
    assert folder.kind == "ViTForImageClassification"
    assert folder.model_args["img_size"] == 32
    assert folder.notes == ()
    assert folder.input_config == {
        "input_size": (3, 32, 32), "interpolation": "bilinear", "mean": (0.5,) * 3,
        "std": (0.5,) * 3, "crop_pct": 1.0, "crop_mode": "squash",
    }  # fmt: skip
    assert folder.build(num_classes=7).head.out_features == 7


def test_other_folders_are_not_read(tmp_path):
    assert read_folder(tmp_path) is None
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnet18"}))
    assert read_folder(tmp_path) is None


def edited(folder, **values):
    path = folder / "config.json"
    content = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({key: v for key, v in content.items() if v is not None}))


REFUSED = {
    "model type": ("ViT", {"model_type": "beit"}, "its model type 'beit' is not read"),
    "no head": ("ViT", {"architectures": ["ViTModel"]}, "is a ViTModel of transformers"),
    "activation": ("ViT", {"hidden_act": "mish"}, "its activation is mish"),
    "channels": ("ViT", {"num_channels": 1}, "num_channels is 1, in timm it is 3"),
    "oblong": ("ViT", {"image_size": [32, 64]}, "only squares are read"),
    "stride": ("ResNet of bottlenecks", {"downsample_in_bottleneck": True}, "in timm it is False"),
    "stem": ("ResNet of pairs", {"embedding_size": 32}, "in timm it is 64"),
    "positions": ("Swin", {"use_absolute_embeddings": True}, "in timm it is False"),
    "gaps": ("ViT", {"id2label": {"0": "ant", "2": "bee"}}, "without gaps"),
    "labels": ("ViT", {"id2label": {"ant": "0"}}, "no {index: name}"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_timm_does_not_have_is_refused(tmp_path, name):
    network, values, said = REFUSED[name]
    saved(network, tmp_path)
    edited(tmp_path, **values)
    with pytest.raises(ModelError, match=said) as caught:
        read_folder(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_classes_are_in_the_order_of_their_numbers(tmp_path):
    saved("ViT", tmp_path)
    edited(tmp_path, id2label={str(index): f"n{index}" for index in sorted(range(12), key=str)})
    assert read_folder(tmp_path).class_names == tuple(f"n{index}" for index in range(12))


def test_weights_in_pieces_or_lost(tmp_path):
    saved("ViT", tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="No weights in"):
        read_folder(tmp_path)
    (tmp_path / "model.safetensors.index.json").touch()
    with pytest.raises(ModelError, match="several files"):
        read_folder(tmp_path)
    (tmp_path / "pytorch_model.bin").touch()
    assert read_folder(tmp_path).weights.name == "pytorch_model.bin"


def test_a_damaged_configuration(tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelError, match="Cannot read"):
        read_folder(tmp_path)


def test_windows_that_do_not_divide_the_image_are_refused(tmp_path):
    theirs, _ = saved("Swin", tmp_path)
    edited(tmp_path, image_size=72)
    with pytest.raises(ModelError, match=r"transformers' Swin .* before it shifts"):
        list(conversions(theirs.state_dict(), read_folder(tmp_path).build()))
