"""Drawings of neurons: finished, in progress, or still to begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path

import numpy as np
from msgspec import structs

from engine.attribution.evidence import gather
from engine.attribution.ranking import order
from engine.features.cache import FeatureCache
from engine.schema.jobs import OVER, JobView
from engine.schema.records import Illusion, IllusionStep
from engine.schema.requests import OBJECTIVE, PARAMETERIZATION, IllusionRequest
from engine.visualization.objectives import OBJECTIVES
from engine.visualization.parameterizations import PARAMETERIZATIONS
from engine.visualization.store import finished
from screens.ports import Workspace
from screens.widgets.previews import Box, Display, draw
from screens.widgets.text import Text
from screens.words import seconds

TOP = 4
"""Neurons drawn where none is named or selected."""
EVERY = 25
"""Steps from one preview to the next."""

SETTINGS = ("steps", "seed", "gamma", "parameterization", "objective")
"""Fields of a drawing that are those of its request."""
STEPS = 450
HALVED, DOUBLED = -4, 7
"""How often these steps are halved, or doubled, at most."""


@dataclass(frozen=True)
class Drawing:
    """A drawing as it is now."""

    picture: Path | None
    mask: Path | None
    figures: tuple[str, ...]
    """Lines, the most important first."""
    made: tuple[str, ...] = ()
    """How it was made, in lines."""


@dataclass(frozen=True)
class Drawings:
    """The drawings requested, and those of them that the disk has."""

    owner: str
    """The class whose mistakes are inspected."""
    request: IllusionRequest
    classes: tuple[str, ...]
    confusions: tuple[str, ...]
    """The classes that the owner's mistakes are predicted as, most often first."""
    finished: dict[int, Illusion]
    earlier: dict[int, Illusion]
    """The newest drawing with other steps or another seed, of neurons not finished."""
    selected: tuple[int, ...]
    job: str | None
    """The job that draws missing ones."""
    seconds_left: float | None

    @property
    def missing(self) -> tuple[int, ...]:
        """The neurons not finished."""
        return tuple(j for j in self.request.neurons if j not in self.finished)

    @property
    def drawn_for(self) -> str:
        """The class that the drawings are optimized for."""
        return self.classes[self.request.class_index]


def find_drawings(
    workspace: Workspace, cache: FeatureCache, owner: int, request: IllusionRequest, adopt: bool
) -> Drawings:
    """Collect the drawings of a request.

    Args:
        workspace: The workspace.
        cache: Of its evaluation split.
        owner: The class whose mistakes are inspected.
        request: The drawings; without neurons: the selected, or the top of the ranking.
        adopt: Use steps, seed and guide of a job that draws these neurons already.

    Raises:
        RequestError: No neurons are named or selected, and no mistakes rank them.
    """
    selected = workspace.selected(owner)
    if not request.neurons:
        chosen = selected or tuple(order(gather(cache, owner), "contrast")[:TOP].tolist())
        request = structs.replace(request, neurons=chosen)
    jobs = [job for job in workspace.jobs() if isinstance(job.request, IllusionRequest)]
    if adopt:
        request = _adopted(request, jobs)
    guided = request.use_clip and workspace.source.has_clip
    done: dict[int, Illusion] = {}
    earlier: dict[int, Illusion] = {}
    for drawing in finished(workspace.home / "illusions", request.class_index, cache.meta.weights):
        as_requested = (
            all(getattr(drawing, field) == getattr(request, field) for field in SETTINGS)
            and drawing.size == (request.size or cache.meta.input_size)
            and (drawing.clip is not None) == guided
        )
        (done if as_requested else earlier).setdefault(drawing.neuron, drawing)
    missing = {j for j in request.neurons if j not in done}
    job = next((job for job in jobs if _draws(job, request, missing)), None)
    if job is not None and not job.may_go_on:
        job = None
    return Drawings(
        owner=cache.classes[owner], request=request, classes=tuple(cache.classes),
        confusions=_confusions(cache, owner), finished=done, earlier=earlier, selected=selected,
        job=job.id if job else None,
        seconds_left=job.seconds_left if job else None,
    )  # fmt: skip


def _confusions(cache: FeatureCache, owner: int) -> tuple[str, ...]:
    wrong = cache.predicted[(cache.labels == owner) & (cache.predicted != owner)]
    counts = np.bincount(wrong, minlength=len(cache.classes))
    return tuple(cache.classes[k] for k in np.argsort(-counts, kind="stable") if counts[k])


def _adopted(request: IllusionRequest, jobs: Sequence[JobView]) -> IllusionRequest:
    for job in jobs:
        asked = job.request
        if (
            isinstance(asked, IllusionRequest)
            and job.state not in OVER
            and asked.class_index == request.class_index
            and set(asked.neurons) & set(request.neurons)
        ):
            return structs.replace(asked, neurons=request.neurons, every=request.every)
    return request


def _draws(job: JobView, request: IllusionRequest, missing: set[int]) -> bool:
    asked = job.request
    return (
        isinstance(asked, IllusionRequest)
        and bool(missing & set(asked.neurons))
        and structs.replace(asked, neurons=request.neurons, every=request.every) == request
    )


class DrawingProgress:
    """What a job has reported of its drawings so far."""

    def __init__(self) -> None:
        self._steps: dict[int, IllusionStep] = {}
        self._previews: dict[int, Path] = {}

    def take(self, record: IllusionStep) -> dict[int, Path]:
        """Take a step; return its previews by neuron."""
        self._steps |= dict.fromkeys(record.neurons, record)
        return {
            neuron: Path(path)
            for neuron in record.neurons
            for path in record.previews
            if f"_neuron{neuron:05d}_" in Path(path).name
        }

    def began(self, record: IllusionStep) -> bool:
        """Return whether a step is the first of any of its neurons."""
        return not self._steps.keys() >= set(record.neurons)

    def replace(self, previews: dict[int, Path]) -> None:
        """Replace older previews."""
        self._previews |= previews

    def preview(self, neuron: int) -> Path | None:
        """Return the newest preview; its file may be gone by the time it is read."""
        return self._previews.get(neuron)

    def captions(self, neuron: int) -> list[str]:
        """Return the progress of a drawing; empty before it began."""
        record = self._steps.get(neuron)
        if record is None:
            return []
        activation = record.activations[record.neurons.index(neuron)]
        return [f"step {record.step}/{record.steps}", f"activation {activation:.2f}"]


def current(drawings: Drawings, progress: DrawingProgress, neuron: int, stopped: bool) -> Drawing:
    """Return a neuron's drawing: finished, or its newest preview, or an earlier one."""
    done = drawings.finished.get(neuron)
    if done is not None:
        return Drawing(Path(str(done.path)), Path(str(done.mask)), _figures(done), _made(done))
    preview, earlier = progress.preview(neuron), drawings.earlier.get(neuron)
    captions = progress.captions(neuron) or ["waiting"]
    if stopped:
        captions = [*captions[:1], "stopped; R resumes"]
    if preview is None and earlier is not None:
        preview = Path(str(earlier.path))
        captions.append(f"shown: {earlier.steps} steps, seed {earlier.seed}")
    return Drawing(preview, None, tuple(captions))


def _made(drawn: Illusion) -> tuple[str, ...]:
    ratio, activation = drawn.activation_ratio, drawn.activation
    against = (f"{activation:.2f}, top image {activation / ratio:.2f}",) if ratio else ()
    sensitivity = drawn.core_sensitivity
    core = () if sensitivity is None else (f"core sensitivity {_share(sensitivity)}",)
    return (
        *against,
        *core,
        f"{drawn.steps} steps, seed {drawn.seed}",
        f"{drawn.size} px, {seconds(drawn.seconds)}",
        "without CLIP" if drawn.clip is None else "guided by CLIP",
        f"{drawn.parameterization}, {drawn.objective}",
    )


def _share(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1)


def _figures(drawn: Illusion) -> tuple[str, ...]:
    ratio = drawn.activation_ratio
    cosine = drawn.clip_cosine
    return (
        f"activation {drawn.activation:.2f}" if ratio is None else f"activation {ratio:.1f}x",
        f"→ {drawn.predicted.name} {_share(drawn.p_class)}",
        "no CLIP" if cosine is None else f"CLIP {_share(cosine)}",
    )


def with_steps(request: IllusionRequest, places: int) -> IllusionRequest:
    """Return a request with its steps doubled `places` times; halving undoes doubling."""
    doubled = round(log2(request.steps / STEPS)) + places
    steps = round(STEPS * 2.0 ** max(HALVED, min(DOUBLED, doubled)))
    return structs.replace(request, steps=steps)


def with_next(request: IllusionRequest, what: str) -> IllusionRequest:
    """Return a request with the next of the parameterizations, or of the objectives, there are.

    Args:
        request: The request.
        what: `parameterization` or `objective`.
    """
    names = (PARAMETERIZATIONS if what == "parameterization" else OBJECTIVES).names()
    now = getattr(request, what)
    place = names.index(now) + 1 if now in names else 0
    return structs.replace(request, **{what: names[place % len(names)]})


def cached(previews: dict[int, Path], side: int, display: Display) -> dict[int, Path]:
    """Return the previews that are still there, rendered in advance so that none blinks.

    Args:
        previews: Their files, by neuron.
        side: Of a tile, in cells.
        display: What draws pictures, and where.
    """
    boxes = {j: Box(path, side, side // 2, display) for j, path in previews.items()}
    return {j: previews[j] for j, box in boxes.items() if not draw(box).problem}


def command_words(drawings: Drawings) -> list[str]:
    """Return the command that draws the same."""
    words = ["illusion", "--class", drawings.drawn_for]
    for neuron in drawings.request.neurons:
        words += ["--neuron", str(neuron)]
    request = drawings.request
    words += ["--steps", str(request.steps), "--seed", str(request.seed)]
    words += ["--parameterization", request.parameterization, "--objective", request.objective]
    return words if request.use_clip else [*words, "--no-clip"]


def _otherwise(request: IllusionRequest) -> tuple[str, ...]:
    """Say how drawings are made where it is not the usual way, in few words."""
    if request == request.as_published:
        return ("as published",)
    named = {request.parameterization: PARAMETERIZATION, request.objective: OBJECTIVE}
    return tuple(name for name, usual in named.items() if name != usual)


def summary(drawings: Drawings, clip: str) -> Text:
    """Return the settings and the progress in a line."""
    request = drawings.request
    guided = clip != "none" and request.use_clip
    guide = "guided by CLIP" if guided else "without CLIP"
    done = len(request.neurons) - len(drawings.missing)
    parts = [
        f"{request.steps} steps",
        f"seed {request.seed}",
        *_otherwise(request),
        guide,
        f"{done} of {len(request.neurons)} drawn",
    ]
    if drawings.missing and drawings.seconds_left is not None:
        parts.append(f"{seconds(drawings.seconds_left)} left")
    selected = len(set(drawings.selected) & set(request.neurons))
    return Text(" · ".join([*parts, f"{selected} selected"]), no_wrap=True)
