"""Checkpoints of torchvision and folders of transformers load as they are: equal logits."""

import shutil

import pytest
import timm
import torch
import torchvision
import transformers as hf
from PIL import Image

from engine.models.checkpoint import write_state
from engine.models.facts import metadata
from engine.models.loading import load_classifier
from engine.schema.requests import Source

CPU = torch.device("cpu")
NAMES = {0: "ant", 1: "bee", 2: "cat"}


def picture(size=96):
    return Image.radial_gradient("L").resize((size, size)).convert("RGB").rotate(30)


def vit(folder):
    config = hf.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=37,
        image_size=32, patch_size=8, id2label=NAMES,
    )  # fmt: skip
    torch.manual_seed(0)
    model = hf.ViTForImageClassification(config).eval()
    model.classifier.bias.data.normal_()
    model.save_pretrained(folder)
    hf.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return model


def test_a_folder_of_transformers_is_a_model(tmp_path):
    theirs = vit(tmp_path / "vit")
    source = Source(model=f"local-dir:{tmp_path / 'vit'}", checkpoint="none", data="")
    found = load_classifier(source, None, CPU)
    assert found.class_names == ("ant", "bee", "cat")
    assert any("ViTForImageClassification of transformers is timm" in n for n in found.notes)
    assert found.input_config["crop_mode"] == "squash"
    assert found.resolved()["img_size"] == 32
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        wanted = theirs(images).logits
        torch.testing.assert_close(found.body(images), wanted, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(
            found.decision(found.features(images)), wanted, rtol=1e-4, atol=1e-5
        )
    processed = hf.ViTImageProcessor.from_pretrained(tmp_path / "vit")(picture())
    pixels = torch.as_tensor(processed["pixel_values"][0])
    assert (found.transform()(picture()) - pixels).abs().max() < 0.02


def test_a_folder_takes_another_checkpoint_and_other_preprocessing(tmp_path):
    vit(tmp_path / "vit")
    shutil.copy2(tmp_path / "vit/model.safetensors", tmp_path / "other.safetensors")
    source = Source(
        model=f"local-dir:{tmp_path / 'vit'}", checkpoint=str(tmp_path / "other.safetensors"),
        data="", mean=(0.1, 0.2, 0.3), std=(1.0, 1.0, 1.0),
    )  # fmt: skip
    found = load_classifier(source, 3, CPU)
    assert found.resolved()["mean"] == (0.1, 0.2, 0.3)


def test_a_checkpoint_of_torchvision_is_prepared_for_as_torchvision_does(tmp_path):
    torch.manual_seed(0)
    theirs = torchvision.models.mobilenet_v3_small(num_classes=4).eval()
    torch.save({"model": theirs.state_dict()}, tmp_path / "best.pth")
    source = Source(model="mobilenetv3_small_100", checkpoint=str(tmp_path / "best.pth"), data="")
    found = load_classifier(source, None, CPU)
    preset = torchvision.models.MobileNet_V3_Small_Weights.IMAGENET1K_V1.transforms()
    with torch.inference_mode():
        wanted = theirs(preset(picture(300))[None])
        got = found.body(found.transform()(picture(300))[None])
    torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4)
    assert any("Prepared for as torchvision does" in note for note in found.notes)
    said = metadata(["a", "b", "c", "d"], found.resolved(), found.model_args)
    write_state(tmp_path / "ours.safetensors", found.body.state_dict(), said)
    again = load_classifier(
        Source(model=source.model, checkpoint=str(tmp_path / "ours.safetensors"), data=""), 4, CPU
    )
    with torch.inference_mode():
        assert torch.equal(again.body(again.transform()(picture(300))[None]), got)


@pytest.mark.parametrize(
    ("file", "size", "note"),
    [
        ("best.pth", 224, "timm and torchvision give these weights the same names"),
        ("resnet18-f37072fd.pth", 224, "Prepared for as torchvision does (ResNet18_Weights"),
    ],
)
def test_of_equal_names_it_is_said_whose_transform_is_used(tmp_path, file, size, note):
    model = timm.create_model("resnet18", num_classes=3)
    torch.save(model.state_dict(), tmp_path / file)
    source = Source(model="resnet18", checkpoint=str(tmp_path / file), data="")
    found = load_classifier(source, None, CPU)
    assert [one for one in found.notes if note in one], found.notes
    expected = "bilinear" if "resnet18-" in file else "bicubic"
    assert (found.resolved()["interpolation"], found.input_size) == (expected, size)
