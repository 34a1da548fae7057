"""All mistakes at once, compared with the published loop: one image, backbone in every step."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.setting import Result, Setting
from engine.counterfactual.solver import nudge
from engine.data.images import decode

TIMES = 3


def measure(setting: Setting) -> list[Result]:
    """Time all mistakes at once, and the published loop on each of them in turn."""
    cache, classifier = setting.cache(), setting.engine.classifier
    rows = np.asarray(cache.array("mistake_rows"))
    labels = torch.from_numpy(cache.labels[rows]).to(classifier.device)
    features = torch.from_numpy(np.asarray(cache.features[rows])).to(classifier.device)
    weight, bias = classifier.decision.weight, classifier.bias.to(classifier.device)
    transform = classifier.transform()
    images = [transform(decode(Path(cache.path(row))))[None] for row in rows.tolist()]
    images = [image.to(classifier.device) for image in images]

    def at_once() -> None:
        nudge(features, labels, weight, bias)

    def one_by_one() -> None:
        for image, k in zip(images, labels.tolist(), strict=True):
            published(setting, image, k)

    at_once()
    ours, theirs = setting.pairs(at_once, one_by_one, TIMES)
    return [
        Result(
            f"counterfactual of {len(rows)} mistakes",
            f"{1000 * ours:.0f} ms",
            f"{theirs:.1f} s, the published loop",
            f"{theirs / ours:.0f}x",
            "≥ 500x",
            theirs / ours >= 500,
        )
    ]


def published(setting: Setting, image: Tensor, k: int) -> Tensor:
    """Return the features' change (1, D) as the published code computes it, with a cap on steps."""
    classifier = setting.engine.classifier
    w = torch.zeros(1, classifier.width, device=image.device, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.01, momentum=0.9)
    target = torch.tensor([k], device=image.device)
    for _ in range(2000):
        with torch.no_grad():
            features = classifier.features(image)
        logits = classifier.decision(features + w)
        if int(logits.argmax()) == k:
            break
        loss = torch.nn.functional.cross_entropy(logits, target)
        loss = loss + 0.1 * w.norm(1) / w.numel() + 0.01 * w.norm(2) / w.numel()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return w.detach()
