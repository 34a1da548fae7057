"""A step of drawing against one forward and backward of classifier and CLIP alone."""

from collections.abc import Callable, Generator
from typing import Any

import torch

from benchmarks.setting import WORST, Figure, Setting
from engine.schema.requests import IllusionRequest
from engine.visualization.optimize import AT_ONCE, Objective, draw

STEPS = 12
ROUNDS = 7


def measure(setting: Setting) -> list[Figure]:
    """Compare a drawing step with the models' own work on the same batch."""
    engine = setting.engine
    clip_model = engine.clip_model
    assert clip_model is not None  # the flowers have a CLIP
    objective = Objective(engine.classifier, clip_model, clip_model.embed([WORST])[0])
    batch = AT_ONCE.get(engine.device.type, 1)
    request = IllusionRequest(
        class_index=setting.target, neurons=tuple(range(batch)), steps=(ROUNDS + 2) * STEPS
    )
    job = draw(objective, request)
    plain = _plain(objective, batch)
    drawing = _several(job)
    drawing()  # warm
    plain()
    ours, theirs = setting.pairs(drawing, plain, ROUNDS)
    return [
        Figure(
            f"drawing step, batch of {batch}",
            f"{1000 * ours / STEPS:.0f} ms",
            f"{1000 * theirs / STEPS:.0f} ms, classifier + CLIP",
            f"{ours / theirs:.2f}",
            "≤ 1.15",
            ours / theirs <= 1.15,
        )
    ]


def _several(job: Generator[Any, None, Any]) -> Callable[[], None]:
    def work() -> None:
        for _ in range(STEPS):
            next(job)

    return work


def _plain(objective: Objective, batch: int) -> Callable[[], None]:
    size, device = objective.classifier.input_size, objective.classifier.device
    clip_model, text = objective.clip_model, objective.text
    assert clip_model is not None
    assert text is not None

    def work() -> None:
        for _ in range(STEPS):
            images = torch.rand(batch, 3, size, size, device=device, requires_grad=True)
            cuda = device.type == "cuda"
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=cuda):
                logits = objective.classifier.body(objective.classifier.normalise(images))
                cosine = clip_model.cosine(images, text)
            (logits.float().sum() + cosine.float().sum()).backward()

    return work
