"""CLIP-Illusion: what a neuron sees, given a class.

Source: paper section 3.2; docs/concepts.md, CLIP-Illusion.
"""

import logging
import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.models.classifier import Classifier
from engine.models.clip import ClipModel
from engine.schema.errors import EngineError, RequestError
from engine.schema.records import IllusionStep
from engine.schema.requests import IllusionRequest
from engine.visualization.checkpoint import DrawingCheckpoints, DrawingState
from engine.visualization.heatmap import heat_map, mask
from engine.visualization.transforms import jitter

log = logging.getLogger(__name__)
LAST_LR = 0.12  # of the first
# The class joins between these shares of the steps (ours). A neuron that speaks against the class
# is otherwise pushed to 0 before it fires, where a ReLU has no gradient to bring it back.
CLASS_JOINS = (0.2, 0.4)
LEAST_SIZE = 16
KEEP_EVERY = 25  # steps between two checkpoints
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


@dataclass(frozen=True)
class Objective:
    """Who looks at a drawing: the classifier, and CLIP with the class's text, if any."""

    classifier: Classifier
    clip_model: ClipModel | None
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
            if self.clip_model is not None and self.text is not None:
                cosine = self.clip_model.cosine(images, self.text).float()
        features = features.float()
        activation = features.gather(1, neurons[:, None])[:, 0]
        logit = self.classifier.decision(features)[:, request.class_index]
        wanted = activation + request.gamma * joined(share) * logit
        if cosine is None:
            return wanted, activation
        # The product's gradient, with both factors' magnitudes: where cosine or logit is negative
        # (a grey start) the bare product climbs by making BOTH more negative.
        pull = (cosine + request.epsilon).abs().clamp(min=request.epsilon).detach()
        return pull * wanted + wanted.abs().detach() * cosine, activation


def draw(
    objective: Objective, request: IllusionRequest, checkpoints: DrawingCheckpoints | None = None
) -> Generator[IllusionStep | Drawing, None, None]:
    """Draw every neuron of the request; the same picture alone or among others.

    Yields after every step of a batch, then its drawings. With a desk it goes on where an earlier
    run was stopped, and first yields the last step which that one brought to the disk.

    Raises:
        RequestError: The classifier cannot look at pictures of that size, or not one fits into
            memory.
    """
    size = _fitting_size(objective, request)
    at_once = AT_ONCE.get(objective.classifier.device.type, 1)
    left = [j for j in request.neurons if checkpoints is None or j not in checkpoints.finished]
    said = False
    while left:
        some = (checkpoints.batch(left) if checkpoints else None) or tuple(left[:at_once])
        try:
            yield from _draw_batch(objective, request, some, size, checkpoints)
        except torch.OutOfMemoryError as error:
            if len(some) == 1:
                raise _no_room(size) from error
        else:
            left = [j for j in left if j not in some]
            if checkpoints is not None:
                checkpoints.drop(some)
            continue
        torch.cuda.empty_cache()  # not before the failed batch's tensors are gone with its error
        at_once = (len(some) + 1) // 2
        if checkpoints is not None:
            checkpoints.halve(some)
        if not said:
            log.warning("out of memory with %d pictures at once; fewer from here on", len(some))
            said = True


def _no_room(size: int) -> RequestError:
    return RequestError(
        f"Out of memory drawing one picture of {size} pixels a side; give a smaller --size, "
        "free memory on the device, or draw with --device cpu."
    )


def _fitting_size(objective: Objective, request: IllusionRequest) -> int:
    classifier = objective.classifier
    size = request.size or classifier.input_size
    try:
        if size < LEAST_SIZE:
            raise ValueError("too small to see anything in")
        with torch.no_grad():
            classifier.features(torch.zeros(1, 3, size, size, device=classifier.device))
    except torch.OutOfMemoryError as error:
        raise _no_room(size) from error
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


def learning_rate(request: IllusionRequest, step: int) -> float:
    """Return the rate of a step (1 to steps): a cosine from the first to 0.12 of it."""
    cosine = 0.5 + 0.5 * math.cos(math.pi * (step - 1) / request.steps)
    return request.lr * (LAST_LR + (1 - LAST_LR) * cosine)


def _draw_batch(
    objective: Objective,
    request: IllusionRequest,
    some: Sequence[int],
    size: int,
    checkpoints: DrawingCheckpoints | None,
) -> Generator[IllusionStep | Drawing, None, None]:
    state = _state_of(objective, request, some, size)
    if checkpoints is not None:
        if not checkpoints.restore(state):
            state = _state_of(objective, request, some, size)  # a damaged one may be half restored
        elif state.step:
            yield _told(state, request, checkpoints.previews(some, state.step))
    try:
        yield from _optimise(objective, request, state, checkpoints)
    except BaseException:  # a signal comes anywhere, also between two halves of a step
        if checkpoints is not None and state.whole and state.step:
            with suppress(EngineError):  # what was wrong first is what counts
                checkpoints.keep(state)
        raise
    yield from _judge(objective, request, state)


def _state_of(
    objective: Objective, request: IllusionRequest, some: Sequence[int], size: int
) -> DrawingState:
    generators = [_generator(request, neuron) for neuron in some]
    return DrawingState(some, generators, size, objective.classifier.device)


def _optimise(
    objective: Objective,
    request: IllusionRequest,
    state: DrawingState,
    checkpoints: DrawingCheckpoints | None,
) -> Generator[IllusionStep, None, None]:
    neurons = torch.tensor(state.neurons, device=objective.classifier.device)
    for step in range(state.step + 1, request.steps + 1):
        share = step / request.steps
        with repeatable(objective.classifier.device):
            images = jitter(state.canvas.image(), state.generators, 1 - share)
            wanted, activation = objective.objective(images, neurons, request, share)
            state.take_step(-wanted.sum(), learning_rate(request, step), activation)
        previews: tuple[str, ...] = ()
        if checkpoints is not None:
            show = request.every and step % request.every == 0
            if show:
                previews = checkpoints.show(state)
            if show or step % KEEP_EVERY == 0 or step == request.steps:
                checkpoints.keep(state)
        yield _told(state, request, previews)


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Keep CUDA to those of its ways that give the same gradient every time."""
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    try:
        with sdpa_kernel(SDPBackend.MATH):  # the fused kernels' gradients add up in any order
            yield
    finally:
        torch.backends.cudnn.deterministic = before


def _told(state: DrawingState, request: IllusionRequest, previews: tuple[str, ...]) -> IllusionStep:
    return IllusionStep(
        step=state.step,
        steps=request.steps,
        neurons=state.neurons,
        activations=tuple(state.activations.tolist()),
        previews=previews,
    )


def _judge(
    objective: Objective, request: IllusionRequest, state: DrawingState
) -> Iterator[Drawing]:
    classifier, canvas, some = objective.classifier, state.canvas, state.neurons
    neurons = torch.tensor(some, device=classifier.device)
    with torch.no_grad():
        images = canvas.image()
        normalised = classifier.normalise(images)
        features = classifier.features(normalised)
        p = classifier.decision(features).softmax(dim=1)
        cosines: list[float | None] = [None] * len(some)
        if objective.clip_model is not None and objective.text is not None:
            cosines = list(objective.clip_model.cosine(images, objective.text).tolist())
    masks = mask(heat_map(classifier, normalised, neurons), canvas.size)
    for row, neuron in enumerate(some):
        yield Drawing(
            neuron=neuron,
            image=images[row].cpu(),
            mask=masks[row].cpu(),
            activation=float(features[row, neuron]),
            predicted=int(p[row].argmax()),
            p_class=float(p[row, request.class_index]),
            clip_cosine=cosines[row],
            steps=request.steps,
            seconds=state.seconds / len(some),
        )
