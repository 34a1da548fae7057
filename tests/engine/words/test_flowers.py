"""Class logits as neurons: what they see is known. Real photographs, a real CLIP."""

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from engine.data.splits import open_split
from engine.models.classifier import pick_device
from engine.models.clip import load_clip
from engine.models.loading import load_classifier
from engine.schema.requests import Source
from engine.words.dissection import correlation, evidence, log_mean, top_rows

PER_CLASS = 2


def embedded(images, transform, model):
    with torch.inference_mode():
        parts = [model(torch.stack([transform(each) for each in images[at : at + 32]]))
                 for at in range(0, len(images), 32)]  # fmt: skip
    return torch.cat(parts).numpy()


@pytest.mark.shared
@pytest.mark.slow
def test_the_label_of_every_class_logit_is_its_class(shared):
    source = Source(
        model="tf_efficientnet_lite0",
        checkpoint=str(shared / "checkpoints" / "tf_efficientnet_lite0_flowers89.safetensors"),
        data=str(shared / "data" / "flowers89"),
        device="cpu",
    )
    spec = f"local-dir:{shared / 'clip' / 'flowers-clip'}"
    listed = open_split(source, "valid")
    of_class = [[s for s in listed.samples if s.label == k][:PER_CLASS] for k in range(89)]
    images = [
        Image.open(f"{listed.root}/{sample.path}").convert("RGB")
        for samples in of_class
        for sample in samples
    ]
    classifier = load_classifier(source, 89, pick_device("cpu"))
    logits = embedded(images, classifier.transform(), classifier.body)
    clip = load_clip(spec, pick_device("cpu"))
    _, _, transform = open_clip.create_model_and_transforms(spec)
    seen = embedded(images, transform, lambda batch: clip.model.encode_image(batch, normalize=True))
    others = ("land", "water", "sky", "wood", "red", "spotted", "close-up", "dog", "truck", "fence")
    texts = clip.embed([*listed.classes, *others]).numpy()
    found = np.concatenate(list(evidence(seen, texts, top_rows(logits, 20))))
    labels = (found - log_mean(found)).argmax(axis=1)
    assert (labels == np.arange(89)).sum() >= 88
    plain = correlation(logits, seen @ texts.T).argmax(axis=1)
    assert (plain == np.arange(89)).sum() < 88  # the formula matters
