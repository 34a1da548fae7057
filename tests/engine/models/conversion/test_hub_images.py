"""Pixels of transformers' own image processors, and of timm's transform as it is read here."""

import json
import re

import numpy as np
import pytest
import torch
import transformers as hf
from PIL import Image
from timm.data import create_transform
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from engine.models.conversion.hub_config import HubConfig
from engine.models.conversion.hub_images import FILE, preprocessing
from engine.models.conversion.hub_networks import HubNetwork
from engine.schema.errors import ModelError

SQUARE, EDGE = {"height": 64, "width": 64}, {"shortest_edge": 64}
PROCESSORS = {
    "square": (ViTImageProcessorPil, hf.ViTImageProcessor, {"size": SQUARE}),
    "square, bicubic, other scale": (
        ViTImageProcessorPil,
        hf.ViTImageProcessor,
        {"size": SQUARE, "resample": 3, "rescale_factor": 1 / 127.5, "image_std": [0.2, 0.3, 0.4]},
    ),
    "square, not normalised": (
        ViTImageProcessorPil, hf.ViTImageProcessor, {"size": SQUARE, "do_normalize": False},
    ),
    "square and crop": (
        DeiTImageProcessorPil,
        hf.DeiTImageProcessor,
        {"size": SQUARE, "crop_size": {"height": 56, "width": 56}},
    ),
    "edge and crop": (
        ViTImageProcessorPil,
        hf.ViTImageProcessor,
        {"size": EDGE, "do_center_crop": True, "crop_size": {"height": 56, "width": 56}},
    ),
    "edge and a crop that is larger": (
        ViTImageProcessorPil,
        hf.ViTImageProcessor,
        {"size": EDGE, "do_center_crop": True, "crop_size": {"height": 72, "width": 72}},
    ),
    "ConvNeXt": (
        ConvNextImageProcessorPil, hf.ConvNextImageProcessor, {"size": {"shortest_edge": 56}},
    ),
    "ConvNeXt, large": (
        ConvNextImageProcessorPil, hf.ConvNextImageProcessor, {"size": {"shortest_edge": 384}},
    ),
}  # fmt: skip


def picture(width, height):
    """Return a smooth picture with some noise, of which the last columns are the brightest."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 10, width // 10, 3), np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height)), float)
    return Image.fromarray((smooth * 0.9 + rng.uniform(0, 25, smooth.shape)).astype(np.uint8))


def config(folder, model_type="vit", **values):
    return HubConfig(folder, {"model_type": model_type, **values})


def pixels(folder, image, model_type="vit"):
    read, notes = preprocessing(config(folder, model_type), HubNetwork("vit_tiny_patch16_224", {}))
    return create_transform(**read, is_training=False)(image), notes


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("size", [(160, 128), (128, 192)])  # margins are even
def test_pixels_are_those_of_transformers(tmp_path, name, size):
    pil, fast, options = PROCESSORS[name]
    fast(**options).save_pretrained(tmp_path)
    image = picture(*size)
    ours, _ = pixels(tmp_path, image)
    theirs = pil(**options)(image, return_tensors="np")["pixel_values"][0]
    torch.testing.assert_close(ours, torch.as_tensor(np.asarray(theirs)).float())
    fast_pixels = fast(**options)(image, return_tensors="pt")["pixel_values"][0]
    step = 1 / 255 / min(np.atleast_1d(options.get("image_std", 0.5)))
    step *= 2 if "rescale_factor" in options else 1
    assert (ours - fast_pixels).abs().max() < 1.5 * step  # it rounds once more as it resizes


def test_a_file_of_long_ago(tmp_path):
    old = {
        "feature_extractor_type": "ViTFeatureExtractor",
        "do_resize": True,
        "size": 64,
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "resample": 2,
    }
    (tmp_path / FILE).write_text(json.dumps(old))
    image = picture(160, 128)
    ours, notes = pixels(tmp_path, image)
    theirs = ViTImageProcessorPil(size=SQUARE)(image, return_tensors="np")["pixel_values"][0]
    torch.testing.assert_close(ours, torch.as_tensor(np.asarray(theirs)).float())
    assert notes == ()


SAID = {
    "no file": (None, r"There is no preprocessor_config.json in .*timm's preprocessing is used"),
    "not resized": ({"do_resize": False}, "How .* resizes images is not said"),
    "one number": (
        {"image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": 64},
        "How .* resizes images is not said",
    ),
    "proportions kept": ({"size": EDGE}, "their middle is cut out, a square"),
    "odd margin": (
        {"size": EDGE, "do_center_crop": True, "crop_size": SQUARE}, "one pixel beside",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_is_not_equal_is_said(tmp_path, name):
    content, said = SAID[name]
    if content is not None:
        (tmp_path / FILE).write_text(json.dumps(content))
    read, [note] = preprocessing(config(tmp_path), HubNetwork("vit_tiny_patch16_224", {}))
    assert (read == {}) == ("timm's preprocessing is used" in note)
    assert re.search(said, note)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"size": {"height": 64, "width": 48}}, "and a square is expected"),
        ({"size": {"longest_edge": 64}}, "and a square is expected"),
        ({"size": {"shortest_edge": 64, "longest_edge": 80}}, "a shortest edge is expected"),
        ({"size": SQUARE}, "takes images of 32 pixels a side, and .* makes them 64"),
        ({"size": 32, "resample": 9}, "resample is 9"),
    ],
)
def test_images_that_do_not_go_in_are_refused(tmp_path, content, said):
    (tmp_path / FILE).write_text(json.dumps(content))
    with pytest.raises(ModelError, match=said):
        preprocessing(config(tmp_path), HubNetwork("vit_tiny_patch16_224", {}, image_size=32))
