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

from engine.schema.errors import EngineError
from engine.schema.records import IllusionStep
from engine.schema.requests import IllusionRequest
from engine.visualization.checkpoint import DrawingCheckpoints, DrawingState
from engine.visualization.heatmap import heat_map, mask, opacity
from engine.visualization.objective import Objective
from engine.visualization.parameterizations import PARAMETERIZATIONS
from engine.visualization.sizes import drawing_size, out_of_memory

log = logging.getLogger(__name__)
FINAL_LR = 0.12
"""The last learning rate as a share of the first."""
CHECKPOINT_EVERY = 25
"""Steps."""
BATCH_SIZE = {"cuda": 16}
"""Pictures optimised at once, by device type; 1 elsewhere: a CPU is no slower for it, and needs the
memory of one picture only."""


@dataclass(frozen=True)
class Drawing:
    """A finished picture and what the models make of it.

    `image` (3, H, W), `mask` (H, W) and `alpha` (H, W), where it is transparent, lie in 0 to 1;
    `features` (D,) are the picture's, and
    `masked_features` those of the picture times its mask; `activation` is the neuron's, `p_class`
    the requested class's probability, `seconds` the picture's share of its batch's time.
    """

    neuron: int
    image: Tensor
    mask: Tensor
    alpha: Tensor | None
    features: Tensor
    masked_features: Tensor
    activation: float
    predicted: int
    p_class: float
    clip_cosine: float | None
    steps: int
    seconds: float


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
    size = drawing_size(objective.classifier, request)
    batch_size = BATCH_SIZE.get(objective.classifier.device.type, 1)
    remaining = [neuron for neuron in request.neurons if neuron not in checkpoints.finished]
    warned = False
    while remaining:
        neurons = checkpoints.next_batch(remaining) or tuple(remaining[:batch_size])
        try:
            yield from _draw_batch(objective, request, neurons, size, checkpoints)
        except torch.OutOfMemoryError as error:
            if len(neurons) == 1:
                raise out_of_memory(size) from error
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
    kind = PARAMETERIZATIONS.get(request.parameterization)
    canvas = kind.canvas(size, generators, objective.classifier.device, objective.real.spectrum)
    return DrawingState(
        neurons, generators, canvas, kind.weight_decay, transparent=kind.transparent
    )


def optimise(
    objective: Objective, request: IllusionRequest, state: DrawingState
) -> Iterator[DrawingState]:
    """Take the remaining steps of a batch, yielding its state after each."""
    neurons = torch.tensor(state.neurons, device=objective.classifier.device)
    kind = PARAMETERIZATIONS.get(request.parameterization)
    for step in range(state.step + 1, request.steps + 1):
        progress = step / request.steps
        with deterministic(objective.classifier.device):
            images = kind.transform(state.image(), state.generators, 1 - progress)
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
    alphas = opacity(state.importance) if state.transparent else None
    masks = mask(heat_map(classifier, normalised, neurons), canvas.size)
    with torch.no_grad():
        masked = classifier.features(classifier.normalise(images * masks[:, None]))
    for row, neuron in enumerate(state.neurons):
        yield Drawing(
            neuron=neuron,
            image=images[row].cpu(),
            mask=masks[row].cpu(),
            alpha=None if alphas is None else alphas[row].cpu(),
            features=features[row].cpu(),
            masked_features=masked[row].cpu(),
            activation=float(features[row, neuron]),
            predicted=int(p[row].argmax()),
            p_class=float(p[row, request.class_index]),
            clip_cosine=cosines[row],
            steps=request.steps,
            seconds=state.seconds / len(state.neurons),
        )
