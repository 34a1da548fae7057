"""What tests are made of: images, checkpoints and feature caches whose truth is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from engine.data.splits import Sample, Split
from engine.features.cache import FeatureCache
from engine.features.progress import Done
from engine.features.summarize import summarise
from engine.models.classifier import Classifier, split_model
from engine.models.head import LinearHead

COLOURS = {
    "001_red_thing": (200, 40, 40),
    "002_green_thing": (40, 180, 40),
    "003_blue": (40, 40, 220),
}

SPOILT = 1.0


def picture(colour, seed, size=40):
    """A noisy patch of one colour."""
    noise = np.random.default_rng(seed).normal(0, 40, (size, size, 3))
    return Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8))


def make_images(root: Path, *, train=6, valid=10, spread=75) -> Path:
    """An image folder of three classes, ROOT/SPLIT/CLASS/*.png; with no spread all are easy."""
    for split, count in (("train", train), ("valid", valid)):
        for c, (folder, colour) in enumerate(COLOURS.items()):
            directory = root / split / folder
            directory.mkdir(parents=True)
            for number in range(count):
                seed = 1000 * c + number + (split == "train") * 100
                # no two of a hue: classes overlap, so that a classifier makes mistakes
                shift = np.random.default_rng(seed + 7).normal(0, spread, 3)
                picture(np.array(colour) + shift, seed).save(directory / f"{number:03d}.png")
    return root


NARROW: dict[str, dict[str, Any]] = {"vgg11": {"mlp_ratio": 1 / 64}}
"""What makes a large architecture small: vgg11 has 103 of its 133 million weights in one layer."""


def make_model(name="test_resnet", classes=3, seed=0) -> nn.Module:
    """An untrained timm model, always the same."""
    torch.manual_seed(seed)
    return timm.create_model(name, num_classes=classes, **NARROW.get(name, {})).eval()


def make_small(directory: Path, name="test_resnet", size=48) -> str:
    """A timm folder of an architecture at pictures of `size` pixels a side, not its usual 160."""
    directory.mkdir(parents=True)
    fitted = {"input_size": [3, size, size], "mean": [0.5] * 3, "std": [0.5] * 3, "crop_pct": 1.0}
    whole = {"architecture": name, "num_classes": 0, "pretrained_cfg": fitted}
    (directory / "config.json").write_text(json.dumps(whole))
    return f"local-dir:{directory}"


def make_checkpoint(path: Path, name="test_resnet", classes=3, seed=0) -> Path:
    """Its weights as safetensors."""
    save_file(make_model(name, classes, seed).state_dict(), path)
    return path


def learn_a_little(path: Path, data: Path, spoilt=SPOILT) -> None:
    """Fit the decision layer of a checkpoint to its training images, and spoil it somewhat."""
    model = make_model()
    model.load_state_dict(load_file(path))
    classifier = split_model(model, torch.device("cpu"))
    files = sorted((data / "train").glob("*/*.png"))
    labels = torch.tensor([list(COLOURS).index(file.parent.name) for file in files])
    transform = classifier.transform()
    with torch.inference_mode():
        images = torch.stack([transform(Image.open(file)) for file in files])
        f = classifier.features(images)
    mean = f.mean(dim=0)
    wanted = torch.eye(3)[labels] - 1 / 3
    weight = torch.linalg.lstsq(f - mean, wanted).solution.T
    noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        classifier.decision.weight.copy_(weight + spoilt * weight.std() * noise)
        classifier.decision.bias.copy_(-(classifier.decision.weight @ mean))
    save_file(model.state_dict(), path)


def make_clip(directory: Path) -> str:
    """A tiny untrained CLIP in open_clip's `local-dir:` form."""
    config = {
        "embed_dim": 16,
        "vision_cfg": {
            "image_size": 32, "layers": 1, "width": 32, "patch_size": 8, "head_width": 16,
        },
        "text_cfg": {
            "context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1,
        },
    }  # fmt: skip
    directory.mkdir(parents=True)
    torch.manual_seed(0)
    save_file(open_clip.CLIP(**config).state_dict(), directory / "open_clip_model.safetensors")
    whole = {"model_cfg": config, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3}}
    (directory / "open_clip_config.json").write_text(json.dumps(whole))
    return f"local-dir:{directory}"


def planted_cache(
    directory: Path, features, labels, weight, bias, *, groups=None, group_names=(), split="valid"
) -> FeatureCache:
    """A cache of given features and decision layer, with everything a real pass adds to it."""
    features, weight = np.array(features, np.float32), np.array(weight, np.float32)
    bias = np.array(bias, np.float32)
    classes, width = weight.shape
    decision = nn.Linear(width, classes)
    with torch.no_grad():
        decision.weight.copy_(torch.from_numpy(weight))
        decision.bias.copy_(torch.from_numpy(bias))
    config = {"input_size": (3, 32, 32), "mean": (0.5,) * 3, "std": (0.5,) * 3}
    head = LinearHead(("fc",), (decision,))
    classifier = Classifier(nn.Identity(), decision, head, config, torch.device("cpu"))
    groups = np.full(len(labels), -1) if groups is None else groups
    listed = Split(
        name=split,
        root=str(directory),
        samples=tuple(
            Sample(f"{split}/{row}.png", int(label), int(group))
            for row, (label, group) in enumerate(zip(labels, groups, strict=True))
        ),
        folders=tuple(f"class{k}" for k in range(classes)),
        classes=tuple(f"class {k}" for k in range(classes)),
        groups=tuple(group_names),
        skipped=(),
    )
    directory.mkdir(parents=True)
    np.save(directory / "features.npy", features)
    np.save(directory / "logits.npy", features @ weight.T + bias)
    facts = {"key": directory.name, "view": 0, "weights": "planted"}
    done = Done(len(labels), tuple(range(len(labels))), ())
    for _ in summarise(classifier, listed, directory, done, facts):
        pass
    return FeatureCache(directory, listed)


CORE, BACKGROUND, NOISE = 40, 100, 60


def birds(n, aligned, seed):
    """Features (n, 200), classes, groups: a weak core signal and a strong background one."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    place = np.where(rng.random(n) < aligned, label, 1 - label)
    side = np.arange(CORE + BACKGROUND) % 2
    core = 0.45 * (side[None, :CORE] == label[:, None])
    back = 1.5 * (side[None, CORE:] == place[:, None])
    mean = np.concatenate([core, back, np.full((n, NOISE), 0.5)], axis=1)
    features = np.maximum(mean + rng.normal(0, 1, mean.shape), 0)
    return features, label, 2 * label + place


def logistic(features, labels, classes, steps=40):
    """A decision layer trained until it has learnt the shortcut."""
    x, y = torch.tensor(features, dtype=torch.float32), torch.tensor(labels)
    head = torch.nn.Linear(x.shape[1], classes)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.01, weight_decay=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head(x), y).backward()
        optimizer.step()
    return head.weight.detach().numpy(), head.bias.detach().numpy()


BIRD_GROUPS = ("land on land", "land on water", "water on land", "water on water")


def birds_cache(root):
    """A shortcut: 98% of the training images, and half of the others, have the usual background.

    Returns the evaluation feature cache, and the training feature caches.
    """
    features, labels, _ = birds(2000, 0.98, seed=0)
    head = logistic(features, labels, 2)
    training = planted_cache(root / "train", features, labels, *head, split="train")
    features, labels, groups = birds(1200, 0.5, seed=1)
    evaluation = planted_cache(
        root / "valid", features, labels, *head, groups=groups, group_names=BIRD_GROUPS
    )
    return evaluation, [training]


def biased_birds_caches(root, n):
    """`n` evaluation images as biased as the training images; a test split that is not.

    Returns the feature caches of both.
    """
    features, labels, _ = birds(2000, 0.98, seed=0)
    head = logistic(features, labels, 2)
    splits = []
    for split, count, share, seed in (("valid", n, 0.95, 3), ("test", 1200, 0.5, 1)):
        features, labels, groups = birds(count, share, seed=seed)
        splits.append(
            planted_cache(
                root / split, features, labels, *head,
                groups=groups, group_names=BIRD_GROUPS, split=split,
            )
        )  # fmt: skip
    return splits
