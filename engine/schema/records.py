"""What the engine answers: frozen, torch-free values, the same in Python, JSON and event files.

Probabilities, accuracies and shares lie in 0 to 1; votes are percent, as published.
"""

from msgspec import Struct


class Progress(Struct, frozen=True, kw_only=True, tag="progress"):
    """Where a long job is now; only the newest matters."""

    stage: str
    done: int
    total: int
    unit: str = "images"
    note: str = ""


class Skipped(Struct, frozen=True):
    """An image left out of every count, and why."""

    path: str
    reason: str


class Confusion(Struct, frozen=True):
    """How many of a class's images were taken for another class."""

    index: int
    name: str
    count: int


class ClassScore(Struct, frozen=True, kw_only=True):
    """How well the classifier does on one class; `ci` is Wilson's 95% interval."""

    index: int
    name: str
    n: int
    correct: int
    accuracy: float | None
    ci: tuple[float, float] | None
    confused_with: tuple[Confusion, ...]


class GroupScore(Struct, frozen=True, kw_only=True):
    """How well the classifier does on one group."""

    index: int
    name: str
    n: int
    correct: int
    accuracy: float | None
    ci: tuple[float, float] | None


class Classes(Struct, frozen=True, kw_only=True):
    """The classifier on a split."""

    split: str
    n: int
    accuracy: float | None
    mean_class_accuracy: float | None
    skipped: tuple[Skipped, ...]
    classes: tuple[ClassScore, ...]
    groups: tuple[GroupScore, ...] | None
    worst_group_accuracy: float | None = None
    train_weighted_accuracy: float | None = None
    """Group accuracies weighted by the training split's group shares; papers print either mean."""


class Label(Struct, frozen=True):
    """A class by index and name."""

    index: int
    name: str


class Seen(Struct, frozen=True, kw_only=True):
    """An image of the split, and what the classifier takes it for."""

    path: str
    true: Label
    predicted: Label
    p_true: float
    p_predicted: float
    group: str | None


class Mistake(Seen, frozen=True, kw_only=True):
    """An image not predicted as its class."""

    steps: int
    """Steps of the counterfactual until it was mended, or the cap."""
    flipped: bool
    insufficient: tuple[int, ...]
    """The neurons this image votes insufficient, strongest first."""
    excessive: tuple[int, ...]
    """The neurons this image votes excessive, strongest first."""


class Mistakes(Struct, frozen=True, kw_only=True):
    """The mistakes of a class."""

    class_: Label
    n: int
    mistakes: tuple[Mistake, ...]


class RankedNeuron(Struct, frozen=True, kw_only=True):
    """A neuron in a ranking; see docs/concepts.md: rankings."""

    neuron: int
    score: float
    """By the ranking asked for: the mean over the mistakes, larger is more to blame."""
    vote: float | None
    """Percent of mistakes naming it; None at 3% or less."""
    contrast: float
    contribution: float
    importance: float
    """p_k(mean features) / p_k(with this one at 0); above 1 it supports the class."""
    stability: float
    """Share of 1,000 bootstrap resamples of the mistakes in which it stays in the top 10."""
    ambiguous: bool
    """In both lists."""
    used_by: int
    """Classes whose weight on it exceeds the class under inspection's."""


class Neurons(Struct, frozen=True, kw_only=True):
    """The neurons to blame for a class's mistakes, or for one of them."""

    class_: Label
    by: str
    mistakes: int
    flipped: int
    median_steps: float | None
    votes_informative: bool
    """Whether votes differ from image to image at all."""
    note: str
    insufficient: tuple[RankedNeuron, ...]
    excessive: tuple[RankedNeuron, ...]
    mistake: str | None = None


class NeuronUse(Struct, frozen=True):
    """A class and its weight on a neuron, W[class, neuron]."""

    index: int
    name: str
    weight: float


class NeuronImage(Struct, frozen=True, kw_only=True):
    """A real image and how strongly it fires a neuron."""

    path: str
    true: Label
    predicted: Label
    activation: float
    heat: str | None = None
    """A PNG with the channel's heat map laid over, when asked for."""


class Neuron(Struct, frozen=True, kw_only=True, tag="neuron"):
    """One neuron: who uses it and what fires it."""

    neuron: int
    class_: Label
    weight: float
    largest_activation: float
    used_by: tuple[NeuronUse, ...]
    opposed_by: tuple[NeuronUse, ...]
    top_images: tuple[NeuronImage, ...]
    mistakes: tuple[NeuronImage, ...]


class Illusion(Struct, frozen=True, kw_only=True):
    """A drawn neuron and its sanity figures."""

    neuron: int
    path: str | None
    mask: str | None
    activation: float
    activation_ratio: float | None
    """Against the largest activation of a real image of the split."""
    predicted: Label
    p_class: float
    clip_cosine: float | None
    steps: int
    seconds: float
    seed: int = 0
    size: int = 0
    """Pixels a side."""
    gamma: float = 0.5
    """Weight of the class's logit; 0: drawn without the class."""
    clip: str | None = None
    """The CLIP that guided it, as the workspace names it; None: none did."""


class IllusionStep(Struct, frozen=True, kw_only=True, tag="illusion_step"):
    """A drawing in progress: activations by neuron, and preview files where asked for.

    A preview is removed once a newer one, or the picture itself, is there: by the time it is read
    it may be gone, and the newest step's is the one to look for.
    """

    step: int
    steps: int
    neurons: tuple[int, ...]
    activations: tuple[float, ...]
    previews: tuple[str, ...] = ()


class Illusions(Struct, frozen=True, kw_only=True, tag="illusions"):
    """Finished drawings."""

    class_: Label
    seed: int
    size: int
    clip: str | None
    sheet: str | None
    illusions: tuple[Illusion, ...]


class Outcome(Struct, frozen=True, kw_only=True):
    """Accuracies under some head."""

    overall: float
    target: float | None
    """Mean accuracy of the classes the edit is about."""
    worst_class: float | None
    worst_group: float | None


class Moved(Struct, frozen=True, kw_only=True):
    """An image whose rightness changed."""

    path: str
    true: Label
    before: Label
    after: Label


class ClassChange(Struct, frozen=True, kw_only=True):
    """A class before and after."""

    index: int
    name: str
    n: int
    before: float
    after: float
    fixed: int
    broken: int


class CurvePoint(Struct, frozen=True, kw_only=True):
    """The top N neurons scaled, beside a bias shift of equal cost and random neurons."""

    n: int
    edit: Outcome
    fixed: int
    broken: int
    bias_shift: Outcome
    placebo: Outcome


class WhatIf(Struct, frozen=True, kw_only=True):
    """What scaling some neurons for some classes would do, nothing trained."""

    class_: Label
    neurons: tuple[int, ...]
    scale: float
    rows: tuple[int, ...]
    before: Outcome
    after: Outcome
    classes: tuple[ClassChange, ...]
    groups: tuple[ClassChange, ...] | None
    fixed: tuple[Moved, ...]
    broken: tuple[Moved, ...]
    bias_shift: Outcome
    curve: tuple[CurvePoint, ...] | None = None


class Exported(Struct, frozen=True, kw_only=True, tag="exported"):
    """A written checkpoint."""

    edit: str
    checkpoint: str
    after: Outcome
    """What the edit promises, on the images it was reported on."""
