"""What a report tells, collected before any of it is written: frozen, no HTML, no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.data.stored import PictureSource
from engine.schema.edits import Comparison, Edit
from engine.schema.records import (
    Classes,
    ClassScore,
    CurvePoint,
    Illusion,
    Mistakes,
    Neuron,
    Neurons,
    RankedNeuron,
)


@dataclass(frozen=True)
class Shot:
    """A picture of the report, and what stands below it."""

    source: PictureSource
    caption: str
    kind: str = ""
    """`heat` for a heat map, `drawing` for a drawing; else a real image."""

    @property
    def key(self) -> str:
        """What tells it from other pictures: one that is shown twice is decoded once."""
        return str(self.source) if isinstance(self.source, Path) else self.source.uri


@dataclass(frozen=True)
class Missing:
    """What the workspace does not have yet, and the command that makes it."""

    what: str
    command: str


@dataclass(frozen=True, kw_only=True)
class NeuronPart:
    """A neuron behind a class's mistakes."""

    side: str
    """`too weak` or `too strong` on them."""
    ranked: RankedNeuron
    neuron: Neuron
    top: tuple[Shot, ...]
    """The real images that activate it most, as heat maps where those exist."""
    mistakes: tuple[Shot, ...]
    """The class's mistakes that activate it most, likewise."""
    drawing: Shot | None
    illusion: Illusion | None


@dataclass(frozen=True, kw_only=True)
class ClassPart:
    """A class that the report is about; without mistakes it has none of what has a default."""

    score: ClassScore
    mistakes: Mistakes
    shots: tuple[Shot, ...]
    """The most confident mistakes."""
    whatif: str
    """The command that the curve is of."""
    words: Sequence[tuple[str, str]] = ()
    """A title and words; an empty title before the reason why there are none."""
    ranking: Neurons | None = None
    neurons: tuple[NeuronPart, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    """Of ablating the top N."""
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EditPart:
    """An edit, with its images where they can still be compared."""

    edit: Edit
    applied: bool
    comparison: Comparison | None
    refusal: str
    """Why it cannot be compared image by image; empty where it can."""
    retrained: str
    """What plain retraining reaches."""
    fixed: tuple[Shot, ...]
    broken: tuple[Shot, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that is on the page."""

    title: str
    written: str
    """The day and time, in UTC."""
    version: str
    facts: tuple[tuple[str, str], ...]
    """What the model and its data are."""
    scores: Classes
    """Its classes are in order: worst first, those without images last."""
    chosen: str
    """Which classes have sections, and why those."""
    classes: tuple[ClassPart, ...]
    edits: tuple[EditPart, ...]
    older_edits: int
    """How many edits there are beside."""
    missing: tuple[Missing, ...]
    """Of the whole workspace; those of a class are with it."""
    provenance: tuple[tuple[str, str], ...]

    @property
    def shots(self) -> list[Shot]:
        """Every picture, once for each place where it stands."""
        found: list[Shot] = []
        for part in self.classes:
            found += part.shots
            for neuron in part.neurons:
                found += (*neuron.top, *neuron.mistakes)
                found += () if neuron.drawing is None else (neuron.drawing,)
        for edit in self.edits:
            found += (*edit.fixed, *edit.broken)
        return found
