"""A drawing step, compared with one forward and backward pass of classifier and CLIP alone."""

from collections.abc import Callable, Iterator
from itertools import islice

import torch

from benchmarks.setting import WORST, Result, Setting
from engine.schema.requests import IllusionRequest
from engine.visualization.checkpoint import DrawingState
from engine.visualization.objective import Objective, ready_real_images
from engine.visualization.optimize import BATCH_SIZE, initial_state, optimise

STEPS = 12
ROUNDS = 7


def measure(setting: Setting) -> list[Result]:
    """Compare drawing steps, and the published ones, with the models' own work on a batch."""
    usual = _request(setting)
    published = "drawing step as published"
    return [_compared(setting, "drawing step", usual),
            _compared(setting, published, usual.as_published)]  # fmt: skip


def _request(setting: Setting) -> IllusionRequest:
    neurons = tuple(range(BATCH_SIZE.get(setting.engine.device.type, 1)))
    return IllusionRequest(class_index=setting.target, neurons=neurons, steps=(ROUNDS + 2) * STEPS)


def _compared(setting: Setting, name: str, request: IllusionRequest) -> Result:
    engine, cache, batch = setting.engine, setting.cache(), len(request.neurons)
    clip_model = engine.clip_model
    assert clip_model is not None  # the flowers have a CLIP
    listing = engine.split(cache.meta.split)
    real = setting.finished(
        ready_real_images(engine.home, cache, listing, engine.classifier, request)
    )
    objective = Objective(engine.classifier, clip_model, clip_model.embed([WORST])[0], real)
    state = initial_state(objective, request, request.neurons, engine.classifier.input_size)
    plain = _plain(objective, batch)
    drawing = _several(optimise(objective, request, state))
    drawing()  # warm-up
    plain()
    ours, theirs = setting.pairs(drawing, plain, ROUNDS)
    return Result(
        f"{name}, batch of {batch}",
        f"{1000 * ours / STEPS:.0f} ms",
        f"{1000 * theirs / STEPS:.0f} ms, classifier + CLIP",
        f"{ours / theirs:.2f}",
        "≤ 1.15",
        ours / theirs <= 1.15,
    )


def _several(steps: Iterator[DrawingState]) -> Callable[[], None]:
    def work() -> None:
        for _ in islice(steps, STEPS):
            pass

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
