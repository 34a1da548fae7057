"""CLIP-Illusion: draw what a neuron responds to, given a class.

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
FINAL_LR = 0.12
"""The last learning rate as a share of the first."""
CLASS_RAMP = (0.2, 0.4)
"""The class's logit is blended in between these shares of the steps (ours). A neuron with a
negative weight for the class is otherwise pushed to 0 before it activates, where a ReLU has no
gradient to bring it back."""
MIN_SIZE = 16
"""Pixels a side."""
CHECKPOINT_EVERY = 25
"""Steps."""
BATCH_SIZE = {"cuda": 16}
"""Pictures optimised at once, by device type; 1 elsewhere: a CPU is no slower for it, and needs the
memory of one picture only."""


@dataclass(frozen=True)
class Drawing:
    """A finished picture and what the models make of it.

    `image` (3, H, W) and `mask` (H, W) lie in 0 to 1; `features` (D,) are the picture's, and
    `masked_features` those of the picture times its mask; `activation` is the neuron's, `p_class`
    the requested class's probability, `seconds` the picture's share of its batch's time.
    """

    neuron: int
    image: Tensor
    mask: Tensor
    features: Tensor
    masked_features: Tensor
    activation: float
    predicted: int
    p_class: float
    clip_cosine: float | None
    steps: int
    seconds: float


@dataclass(frozen=True)
class Objective:
    """What a drawing maximises: a neuron, a class's logit and, if there is one, CLIP's agreement.

    Args:
        classifier: Whose neurons are drawn.
        clip_model: Guides the drawing; None draws without CLIP.
        text: (E,), CLIP's embedding of the class's name; None without CLIP.
    """

    classifier: Classifier
    clip_model: ClipModel | None
    text: Tensor | None

    def evaluate(
        self, images: Tensor, neurons: Tensor, request: IllusionRequest, progress: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Return the objective (B,) and the neurons' activations (B,), for each image by itself.

        (cos + epsilon) * (activation + gamma * logit); the published code multiplies (B,) by
        (B, 1) and so mixes every image's CLIP score into every other's.

        Args:
            images: (B, 3, H, W) pixels in 0 to 1.
            neurons: (B,), the neuron of each image.
            request: Names the class, gamma and epsilon.
            progress: The share of steps taken, 0 to 1; see `class_ramp`.
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
        response = activation + request.gamma * class_ramp(progress) * logit
        if cosine is None:
            return response, activation
        # The product's gradient, with both factors' magnitudes: where cosine or logit is negative
        # (a grey start) the bare product grows by making BOTH more negative.
        factor = (cosine + request.epsilon).abs().clamp(min=request.epsilon).detach()
        return factor * response + response.abs().detach() * cosine, activation


def draw(
    objective: Objective, request: IllusionRequest, checkpoints: DrawingCheckpoints
) -> Generator[IllusionStep | Drawing, None, None]:
    """Draw every neuron of the request, but those that are finished already.

    A picture is the same whether its neuron is drawn alone or with others. Yields after every step
    of a batch, then the batch's drawings. Resumes from the checkpoints of an interrupted run, and
    then first yields the last step that is on disk.

    Raises:
        RequestError: The classifier does not take pictures of that size, or not even one fits into
            memory.
        StorageError: A checkpoint cannot be written.
    """
    size = _checked_size(objective, request)
    batch_size = BATCH_SIZE.get(objective.classifier.device.type, 1)
    remaining = [neuron for neuron in request.neurons if neuron not in checkpoints.finished]
    warned = False
    while remaining:
        neurons = checkpoints.next_batch(remaining) or tuple(remaining[:batch_size])
        try:
            yield from _draw_batch(objective, request, neurons, size, checkpoints)
        except torch.OutOfMemoryError as error:
            if len(neurons) == 1:
                raise _out_of_memory(size) from error
        else:
            remaining = [neuron for neuron in remaining if neuron not in neurons]
            checkpoints.remove(neurons)
            continue
        torch.cuda.empty_cache()  # only here: the error held the failed batch's tensors
        batch_size = (len(neurons) + 1) // 2
        checkpoints.split(neurons)
        if not warned:
            log.warning("out of memory with a batch of %d pictures; using less", len(neurons))
            warned = True


def _out_of_memory(size: int) -> RequestError:
    return RequestError(
        f"Out of memory drawing one picture of {size} pixels a side; give a smaller --size, "
        "free memory on the device, or draw with --device cpu."
    )


def _checked_size(objective: Objective, request: IllusionRequest) -> int:
    classifier = objective.classifier
    size = request.size or classifier.input_size
    try:
        if size < MIN_SIZE:
            raise ValueError(f"the smallest size is {MIN_SIZE}")
        with torch.no_grad():
            classifier.features(torch.zeros(1, 3, size, size, device=classifier.device))
    except torch.OutOfMemoryError as error:
        raise _out_of_memory(size) from error
    except (ValueError, AssertionError, RuntimeError) as error:  # a ViT's patches fit one size
        reason = (str(error).splitlines() or ["it takes one size only"])[0].rstrip(".")
        raise RequestError(
            f"Invalid --size {size} for this model ({reason}); "
            f"omit it to use the model's input size, {classifier.input_size}."
        ) from error
    return size


def class_ramp(progress: float) -> float:
    """Return how much the class's logit counts, 0 to 1, at a share of the steps, 0 to 1."""
    start, end = CLASS_RAMP
    return min(1.0, max(0.0, (progress - start) / (end - start)))


def _generator(request: IllusionRequest, neuron: int) -> torch.Generator:
    mixed = (request.seed * 1_000_003 + request.class_index) * 1_000_003 + neuron
    return torch.Generator().manual_seed(mixed % 2**63)


def learning_rate(request: IllusionRequest, step: int) -> float:
    """Return the rate of a step (1 to steps): a cosine from the first to 0.12 of it."""
    cosine = 0.5 + 0.5 * math.cos(math.pi * (step - 1) / request.steps)
    return request.lr * (FINAL_LR + (1 - FINAL_LR) * cosine)


def _draw_batch(
    objective: Objective,
    request: IllusionRequest,
    neurons: Sequence[int],
    size: int,
    checkpoints: DrawingCheckpoints,
) -> Generator[IllusionStep | Drawing, None, None]:
    state = initial_state(objective, request, neurons, size)
    if not checkpoints.restore(state):
        # a damaged checkpoint may have been restored in part
        state = initial_state(objective, request, neurons, size)
    elif state.step:
        yield _record(state, request, checkpoints.previews(neurons, state.step))
    try:
        for _ in optimise(objective, request, state):
            yield _record(state, request, _save(state, request, checkpoints))
    except BaseException:  # a signal may come anywhere, also in the middle of a step
        if state.consistent and state.step:
            with suppress(EngineError):  # the first error is the one to report
                checkpoints.save(state)
        raise
    yield from _drawings(objective, request, state)


def initial_state(
    objective: Objective, request: IllusionRequest, neurons: Sequence[int], size: int
) -> DrawingState:
    """Return a batch at step 0, each picture from its own seed; `size` is in pixels a side."""
    generators = [_generator(request, neuron) for neuron in neurons]
    return DrawingState(neurons, generators, size, objective.classifier.device)


def optimise(
    objective: Objective, request: IllusionRequest, state: DrawingState
) -> Iterator[DrawingState]:
    """Take the remaining steps of a batch, yielding its state after each."""
    neurons = torch.tensor(state.neurons, device=objective.classifier.device)
    for step in range(state.step + 1, request.steps + 1):
        progress = step / request.steps
        with deterministic(objective.classifier.device):
            images = jitter(state.canvas.image(), state.generators, 1 - progress)
            values, activations = objective.evaluate(images, neurons, request, progress)
            state.take_step(-values.sum(), learning_rate(request, step), activations)
        yield state


def _save(
    state: DrawingState, request: IllusionRequest, checkpoints: DrawingCheckpoints
) -> tuple[str, ...]:
    """Write previews and a checkpoint where this step is due for them; return the previews."""
    preview = bool(request.every) and state.step % request.every == 0
    previews = checkpoints.write_previews(state) if preview else ()
    if preview or state.step % CHECKPOINT_EVERY == 0 or state.step == request.steps:
        checkpoints.save(state)
    return previews


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Restrict CUDA to kernels whose gradients have the same bits every time."""
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    try:
        with sdpa_kernel(SDPBackend.MATH):  # the fused kernels add up gradients in any order
            yield
    finally:
        torch.backends.cudnn.deterministic = before


def _record(
    state: DrawingState, request: IllusionRequest, previews: tuple[str, ...]
) -> IllusionStep:
    return IllusionStep(
        step=state.step,
        steps=request.steps,
        neurons=state.neurons,
        activations=tuple(state.activations.tolist()),
        previews=previews,
    )


def _drawings(
    objective: Objective, request: IllusionRequest, state: DrawingState
) -> Iterator[Drawing]:
    """Evaluate a batch's final pictures, without jitter and at full precision."""
    classifier, canvas = objective.classifier, state.canvas
    neurons = torch.tensor(state.neurons, device=classifier.device)
    with torch.no_grad():
        images = canvas.image()
        normalised = classifier.normalise(images)
        features = classifier.features(normalised)
        p = classifier.decision(features).softmax(dim=1)
        cosines: list[float | None] = [None] * len(state.neurons)
        if objective.clip_model is not None and objective.text is not None:
            cosines = list(objective.clip_model.cosine(images, objective.text).tolist())
    masks = mask(heat_map(classifier, normalised, neurons), canvas.size)
    with torch.no_grad():
        masked = classifier.features(classifier.normalise(images * masks[:, None]))
    for row, neuron in enumerate(state.neurons):
        yield Drawing(
            neuron=neuron,
            image=images[row].cpu(),
            mask=masks[row].cpu(),
            features=features[row].cpu(),
            masked_features=masked[row].cpu(),
            activation=float(features[row, neuron]),
            predicted=int(p[row].argmax()),
            p_class=float(p[row, request.class_index]),
            clip_cosine=cosines[row],
            steps=request.steps,
            seconds=state.seconds / len(state.neurons),
        )
