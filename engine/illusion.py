"""CLIP-Illusion: what a neuron sees, given a class (paper section 3.2; METHOD 4)."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.augment import jitter
from engine.errors import RequestError
from engine.guide import Guide
from engine.heat import heat_map, mask
from engine.model import Classifier
from engine.painting import Canvas
from engine.records import IllusionStep
from engine.requests import IllusionRequest

BETAS = (0.5, 0.99)
WEIGHT_DECAY = 2e-4
LAST_LR = 0.12  # of the first
# The class joins between these shares of the steps (ours). A neuron that speaks against the class
# is otherwise pushed to 0 before it fires, where a ReLU has no gradient to bring it back.
CLASS_JOINS = (0.2, 0.4)
LEAST_SIZE = 16
AT_ONCE = {"cuda": 16}  # pictures; one elsewhere: no slower on a CPU, and memory stays that of one


@dataclass(frozen=True)
class Drawing:
    """A finished picture (3, H, W) in 0 to 1, its mask (H, W), and how the models read it."""

    neuron: int
    image: Tensor
    mask: Tensor
    activation: float
    predicted: int
    p_class: float
    clip_cosine: float | None
    steps: int
    seconds: float


Preview = Callable[[int, Tensor, int], str]
"""Takes neuron, picture and step; returns the file it wrote."""


@dataclass(frozen=True)
class Sight:
    """Who looks at a drawing: the classifier, and CLIP with the class's text, if any."""

    classifier: Classifier
    guide: Guide | None
    text: Tensor | None

    def objective(
        self, images: Tensor, neurons: Tensor, request: IllusionRequest, share: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Return (B,) objectives and (B,) activations, each image by itself, at a share of steps.

        (cos + epsilon) * (activation + gamma * logit); the published code multiplies (B,) by
        (B, 1) and so mixes every image's CLIP score into every other's.
        """
        device = images.device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            features = self.classifier.features(self.classifier.normalise(images))
            cosine = None
            if self.guide is not None and self.text is not None:
                cosine = self.guide.cosine(images, self.text).float()
        features = features.float()
        fired = features.gather(1, neurons[:, None])[:, 0]
        logit = self.classifier.decision(features)[:, request.class_index]
        wanted = fired + request.gamma * joined(share) * logit
        if cosine is None:
            return wanted, fired
        # The product's gradient, with both factors' magnitudes: where cosine or logit is negative
        # (a grey start) the bare product climbs by making BOTH more negative.
        pull = (cosine + request.epsilon).abs().clamp(min=request.epsilon).detach()
        return pull * wanted + wanted.abs().detach() * cosine, fired


def draw(
    sight: Sight, request: IllusionRequest, preview: Preview | None = None
) -> Generator[IllusionStep, None, list[Drawing]]:
    """Draw every neuron of the request; the same picture alone or among others.

    Yields after every step of a batch; returns the drawings in the request's order.

    Raises:
        RequestError: The classifier cannot look at pictures of that size.
    """
    device = sight.classifier.device
    size = _fitting_size(sight, request)
    at_once = AT_ONCE.get(device.type, 1)
    finished: list[Drawing] = []
    for start in range(0, len(request.neurons), at_once):
        some = request.neurons[start : start + at_once]
        began = time.monotonic()
        canvas = yield from _optimise(sight, request, some, size, preview)
        finished += _judge(sight, request, canvas, some, time.monotonic() - began)
    return finished


def _fitting_size(sight: Sight, request: IllusionRequest) -> int:
    classifier = sight.classifier
    size = request.size or classifier.input_size
    try:
        if size < LEAST_SIZE:
            raise ValueError("too small to see anything in")
        with torch.no_grad():
            classifier.features(torch.zeros(1, 3, size, size, device=classifier.device))
    except (ValueError, AssertionError, RuntimeError) as error:  # a ViT's patches fit one size
        reason = (str(error).splitlines() or ["it takes one size only"])[0].rstrip(".")
        raise RequestError(
            f"--size {size} does not suit this model ({reason}); "
            f"leave it out for its own {classifier.input_size}."
        ) from error
    return size


def joined(share: float) -> float:
    """Return how much of the class counts (0 to 1) at a share of the steps."""
    first, last = CLASS_JOINS
    return min(1.0, max(0.0, (share - first) / (last - first)))


def _generator(request: IllusionRequest, neuron: int) -> torch.Generator:
    mixed = (request.seed * 1_000_003 + request.class_index) * 1_000_003 + neuron
    return torch.Generator().manual_seed(mixed % 2**63)


def _optimise(
    sight: Sight,
    request: IllusionRequest,
    some: Sequence[int],
    size: int,
    preview: Preview | None,
) -> Generator[IllusionStep, None, Canvas]:
    device = sight.classifier.device
    generators = [_generator(request, neuron) for neuron in some]
    canvas = Canvas.blank(size, generators, device)
    neurons = torch.tensor(some, device=device)
    optimizer = torch.optim.AdamW(
        [canvas.spectrum], lr=request.lr, betas=BETAS, weight_decay=WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, max(request.steps, 1), eta_min=LAST_LR * request.lr
    )
    for step in range(1, request.steps + 1):
        optimizer.zero_grad(set_to_none=True)
        images = jitter(canvas.image(), generators, 1 - step / request.steps)
        wanted, fired = sight.objective(images, neurons, request, step / request.steps)
        (-wanted.sum()).backward()
        optimizer.step()
        schedule.step()
        show = preview is not None and request.every and step % request.every == 0
        files: list[str] = []
        if show and preview is not None:
            with torch.no_grad():
                pictures = canvas.image()
            files = [preview(j, image, step) for j, image in zip(some, pictures, strict=True)]
        yield IllusionStep(
            step=step,
            steps=request.steps,
            neurons=tuple(some),
            activations=tuple(fired.detach().tolist()),
            previews=tuple(files),
        )
    return canvas


def _judge(
    sight: Sight, request: IllusionRequest, canvas: Canvas, some: Sequence[int], seconds: float
) -> list[Drawing]:
    classifier = sight.classifier
    neurons = torch.tensor(some, device=classifier.device)
    with torch.no_grad():
        images = canvas.image()
        normalised = classifier.normalise(images)
        features = classifier.features(normalised)
        p = classifier.decision(features).softmax(dim=1)
        cosines: list[float | None] = [None] * len(some)
        if sight.guide is not None and sight.text is not None:
            cosines = list(sight.guide.cosine(images, sight.text).tolist())
    masks = mask(heat_map(classifier, normalised, neurons), canvas.size)
    return [
        Drawing(
            neuron=neuron,
            image=images[row].cpu(),
            mask=masks[row].cpu(),
            activation=float(features[row, neuron]),
            predicted=int(p[row].argmax()),
            p_class=float(p[row, request.class_index]),
            clip_cosine=cosines[row],
            steps=request.steps,
            seconds=seconds / len(some),
        )
        for row, neuron in enumerate(some)
    ]
