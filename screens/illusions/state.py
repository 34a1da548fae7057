"""The drawings of some neurons: those finished, those under way, those still to begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path

import numpy as np
from msgspec import structs
from rich.text import Text

from engine.attribution.evidence import gather
from engine.attribution.ranking import order
from engine.features.cache import FeatureCache
from engine.schema.jobs import OVER, JobView
from engine.schema.records import Illusion, IllusionStep
from engine.schema.requests import IllusionRequest
from engine.visualization.store import finished
from screens.ports import Workspace
from screens.widgets.previews import Box, draw
from screens.words import seconds

TOP = 4
"""Neurons drawn where none is named or ticked."""
EVERY = 25
"""Steps from one preview to the next."""

STEPS = 450
HALVED, DOUBLED = -4, 7
"""How often these steps are halved, or doubled, at most."""


@dataclass(frozen=True)
class Canvas:
    """A drawing as it stands."""

    picture: Path | None
    mask: Path | None
    figures: tuple[str, ...]
    """Lines, the most telling first."""
    made: tuple[str, ...] = ()
    """How it was made, a line each."""


@dataclass(frozen=True)
class Wall:
    """What is asked to be drawn, and what of it the disk has."""

    owner: str
    """The class whose mistakes are looked into."""
    wish: IllusionRequest
    classes: tuple[str, ...]
    taken_for: tuple[str, ...]
    """What the owner is taken for, most often first."""
    finished: dict[int, Illusion]
    earlier: dict[int, Illusion]
    """The newest drawing of other steps or seed, of those not finished."""
    selected: tuple[int, ...]
    job: str | None
    """The job that draws some of what is missing."""
    seconds_left: float | None

    @property
    def missing(self) -> tuple[int, ...]:
        """The neurons not finished."""
        return tuple(j for j in self.wish.neurons if j not in self.finished)

    @property
    def drawn_for(self) -> str:
        """The class the drawings are to decide for."""
        return self.classes[self.wish.class_index]


def look(
    workspace: Workspace, cache: FeatureCache, owner: int, wish: IllusionRequest, adopt: bool
) -> Wall:
    """Collect the drawings of a wish.

    Args:
        workspace: The workspace.
        cache: Of its evaluation split.
        owner: The class whose mistakes are looked into.
        wish: What is asked; without neurons: the ticked, or the top of the order.
        adopt: Take over steps, seed and guide of a job that draws these neurons already.

    Raises:
        RequestError: No neurons are named or ticked, and no mistakes rank them.
    """
    selected = workspace.selected(owner)
    if not wish.neurons:
        chosen = selected or tuple(order(gather(cache, owner), "contrast")[:TOP].tolist())
        wish = structs.replace(wish, neurons=chosen)
    jobs = [job for job in workspace.jobs() if isinstance(job.request, IllusionRequest)]
    if adopt:
        wish = _adopted(wish, jobs)
    guided = wish.use_clip and workspace.source.has_clip
    done: dict[int, Illusion] = {}
    earlier: dict[int, Illusion] = {}
    for some in finished(workspace.home / "illusions", wish.class_index, cache.meta.weights):
        as_wished = (
            (some.steps, some.seed, some.gamma) == (wish.steps, wish.seed, wish.gamma)
            and some.size == (wish.size or cache.meta.input_size)
            and (some.clip is not None) == guided
        )
        (done if as_wished else earlier).setdefault(some.neuron, some)
    missing = {j for j in wish.neurons if j not in done}
    job = next((job for job in jobs if _draws(job, wish, missing)), None)
    if job is not None and not job.may_go_on:
        job = None
    return Wall(
        owner=cache.classes[owner], wish=wish, classes=tuple(cache.classes),
        taken_for=_taken_for(cache, owner), finished=done, earlier=earlier, selected=selected,
        job=job.id if job else None,
        seconds_left=job.seconds_left if job else None,
    )  # fmt: skip


def _taken_for(cache: FeatureCache, owner: int) -> tuple[str, ...]:
    wrong = cache.predicted[(cache.labels == owner) & (cache.predicted != owner)]
    counts = np.bincount(wrong, minlength=len(cache.classes))
    return tuple(cache.classes[k] for k in np.argsort(-counts, kind="stable") if counts[k])


def _adopted(wish: IllusionRequest, jobs: Sequence[JobView]) -> IllusionRequest:
    for job in jobs:
        asked = job.request
        if (
            isinstance(asked, IllusionRequest)
            and job.state not in OVER
            and asked.class_index == wish.class_index
            and set(asked.neurons) & set(wish.neurons)
        ):
            return structs.replace(asked, neurons=wish.neurons, every=wish.every)
    return wish


def _draws(job: JobView, wish: IllusionRequest, missing: set[int]) -> bool:
    asked = job.request
    return (
        isinstance(asked, IllusionRequest)
        and bool(missing & set(asked.neurons))
        and structs.replace(asked, neurons=wish.neurons, every=wish.every) == wish
    )


class Easel:
    """What a job has told of its drawings so far."""

    def __init__(self) -> None:
        self._steps: dict[int, IllusionStep] = {}
        self._previews: dict[int, Path] = {}

    def take(self, record: IllusionStep) -> dict[int, Path]:
        """Remember a step; return its previews by neuron."""
        self._steps |= dict.fromkeys(record.neurons, record)
        return {
            neuron: Path(path)
            for neuron in record.neurons
            for path in record.previews
            if f"_neuron{neuron:05d}_" in Path(path).name
        }

    def began(self, record: IllusionStep) -> bool:
        """Return whether nothing was told yet of what a step is of."""
        return not self._steps.keys() >= set(record.neurons)

    def hang(self, previews: dict[int, Path]) -> None:
        """Put previews in the place of older ones."""
        self._previews |= previews

    def preview(self, neuron: int) -> Path | None:
        """Return the newest preview; it may be gone by the time it is read."""
        return self._previews.get(neuron)

    def said(self, neuron: int) -> list[str]:
        """Return how far a drawing is; empty before it began."""
        record = self._steps.get(neuron)
        if record is None:
            return []
        fires = record.activations[record.neurons.index(neuron)]
        return [f"step {record.step}/{record.steps}", f"fires {fires:.2f}"]


def stand(wall: Wall, easel: Easel, neuron: int, stopped: bool) -> Canvas:
    """Return a neuron's drawing: finished, or its newest preview, or an earlier one."""
    done = wall.finished.get(neuron)
    if done is not None:
        return Canvas(Path(str(done.path)), Path(str(done.mask)), _figures(done), _made(done))
    preview, earlier = easel.preview(neuron), wall.earlier.get(neuron)
    said = easel.said(neuron) or ["waiting"]
    if stopped:
        said = [*said[:1], "stopped; R goes on"]
    if preview is None and earlier is not None:
        preview = Path(str(earlier.path))
        said.append(f"seen: {earlier.steps}, seed {earlier.seed}")
    return Canvas(preview, None, tuple(said))


def _made(drawn: Illusion) -> tuple[str, ...]:
    return (
        f"activation {drawn.activation:.2f}",
        f"{drawn.steps} steps, seed {drawn.seed}",
        f"{drawn.size} px, {seconds(drawn.seconds)}",
        "without CLIP" if drawn.clip is None else "CLIP guided it",
    )


def _share(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1)


def _figures(drawn: Illusion) -> tuple[str, ...]:
    ratio = drawn.activation_ratio
    cosine = drawn.clip_cosine
    return (
        f"fires {drawn.activation:.2f}" if ratio is None else f"fires {ratio:.1f}x real",
        f"→ {drawn.predicted.name} {_share(drawn.p_class)}",
        "no CLIP" if cosine is None else f"CLIP {_share(cosine)}",
    )


def with_steps(wish: IllusionRequest, places: int) -> IllusionRequest:
    """Return a wish with its steps doubled so often; halved and doubled is what it was."""
    doubled = round(log2(wish.steps / STEPS)) + places
    steps = round(STEPS * 2.0 ** max(HALVED, min(DOUBLED, doubled)))
    return structs.replace(wish, steps=steps)


def seen(previews: dict[int, Path], side: int) -> dict[int, Path]:
    """Return the previews that are still there, drawn in advance: no older one is to blink.

    Args:
        previews: Their files, by neuron.
        side: Of a tile, in cells.
    """
    return {j: path for j, path in previews.items() if not draw(Box(path, side, side // 2)).problem}


def spoken_of(wall: Wall) -> list[str]:
    """Return the headless command that draws the same."""
    words = ["illusion", "--class", wall.drawn_for]
    for neuron in wall.wish.neurons:
        words += ["--neuron", str(neuron)]
    words += ["--steps", str(wall.wish.steps), "--seed", str(wall.wish.seed)]
    return words if wall.wish.use_clip else [*words, "--no-clip"]


def told(wall: Wall, clip: str) -> Text:
    """Return what is asked, and how far it is, in a line."""
    wish = wall.wish
    guide = "no CLIP here" if clip == "none" else "CLIP guides" if wish.use_clip else "without CLIP"
    done = len(wish.neurons) - len(wall.missing)
    parts = [
        f"{wish.steps} steps",
        f"seed {wish.seed}",
        guide,
        f"{done} of {len(wish.neurons)} drawn",
    ]
    if wall.missing and wall.seconds_left is not None:
        parts.append(f"{seconds(wall.seconds_left)} left")
    selected = len(set(wall.selected) & set(wish.neurons))
    return Text(" · ".join([*parts, f"{selected} ticked"]), no_wrap=True)
