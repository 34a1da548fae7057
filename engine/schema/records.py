"""Records that the engine returns: frozen, torch-free, the same in Python, JSON and event files.

Probabilities, accuracies and shares lie in 0 to 1; votes are percent, as published. `None`
means that a value does not exist, such as the accuracy of a class without images.
"""

from msgspec import Struct


class Progress(Struct, frozen=True, kw_only=True, tag="progress"):
    """The progress of a long job; a newer record replaces the older ones."""

    stage: str
    done: int
    total: int
    unit: str = "images"
    note: str = ""


class Skipped(Struct, frozen=True):
    """An image that cannot be read, and the reason; it is in no count."""

    path: str
    reason: str


class Confusion(Struct, frozen=True):
    """Another class, and how many of a class's images are predicted as it."""

    index: int
    name: str
    count: int


class ClassScore(Struct, frozen=True, kw_only=True):
    """The accuracy on one class; `ci` is Wilson's 95% interval."""

    index: int
    name: str
    n: int
    correct: int
    accuracy: float | None
    ci: tuple[float, float] | None
    confused_with: tuple[Confusion, ...]
    set_aside: int = 0
    """Images of the class that a person set aside: they are not in `n`."""
    suspects: int | None = None
    """Mistakes whose labels are suspect; None: not looked for."""


class GroupScore(Struct, frozen=True, kw_only=True):
    """The accuracy on one group; `ci` is Wilson's 95% interval."""

    index: int
    name: str
    n: int
    correct: int
    accuracy: float | None
    ci: tuple[float, float] | None


class Label(Struct, frozen=True):
    """A class by index and name."""

    index: int
    name: str


class ConfusionMatrix(Struct, frozen=True, kw_only=True):
    """How the images of some classes are predicted; no class where there is no mistake."""

    classes: tuple[Label, ...]
    """Most mistakes first, each followed by the class it is most often predicted as."""
    n: tuple[int, ...]
    """Images of each class; those in no count here are predicted as a class not in the matrix."""
    counts: tuple[tuple[int, ...], ...]
    """counts[i][j]: images of `classes[i]` that are predicted as `classes[j]`."""


class CalibrationBin(Struct, frozen=True, kw_only=True):
    """The images whose confidence, the probability of the prediction, is in (lo, hi]."""

    lo: float
    hi: float
    n: int
    confidence: float | None
    """Mean; None without images."""
    accuracy: float | None


class Calibration(Struct, frozen=True, kw_only=True):
    """How far confidence is from accuracy; None where there is no image."""

    n: int
    ece: float | None
    """The expected calibration error: the mean gap of the bins, weighted by their images."""
    confidence: float | None
    """Mean."""
    accuracy: float | None
    bins: tuple[CalibrationBin, ...]


class Classes(Struct, frozen=True, kw_only=True):
    """The classifier's accuracies on a split."""

    split: str
    n: int
    accuracy: float | None
    mean_class_accuracy: float | None
    skipped: tuple[Skipped, ...]
    classes: tuple[ClassScore, ...]
    groups: tuple[GroupScore, ...] | None
    worst_group_accuracy: float | None = None
    train_weighted_accuracy: float | None = None
    """Mean of the group accuracies, weighted by the training split's group shares; papers report
    either this or `accuracy`."""
    differs: dict[str, int] = {}
    """How many images the model sees otherwise than a person: `turned` by EXIF, `transparent`,
    `deep` (over 8 bits a channel)."""
    set_aside: int = 0
    """Images that a person set aside: they are not in `n`."""
    suspects: int | None = None
    """Mistakes whose labels are suspect; None: not looked for."""
    confusions: ConfusionMatrix | None = None
    """Of the worst classes; None: not asked for."""
    calibration: Calibration | None = None
    """None: not asked for."""


class Seen(Struct, frozen=True, kw_only=True):
    """An image of the split and the classifier's prediction."""

    path: str
    true: Label
    predicted: Label
    p_true: float
    p_predicted: float
    group: str | None


class Suspect(Struct, frozen=True):
    """Why an image's label is suspect (docs/concepts.md, suspects)."""

    looks_like: Label
    """The class that the classifier confidently takes it for."""
    margin: float
    """p(looks_like) - p(its own class), in -1 to 1; larger is more suspect."""


class Mistake(Seen, frozen=True, kw_only=True):
    """An image not predicted as its class."""

    steps: int
    """Steps of the counterfactual until it flipped the prediction, or the cap."""
    flipped: bool
    insufficient: tuple[int, ...]
    """The neurons this mistake votes too weak, strongest first."""
    excessive: tuple[int, ...]
    """The neurons this mistake votes too strong, strongest first."""
    suspect: Suspect | None = None
    """None: its label is not suspect, or was not looked at."""


class Mistakes(Struct, frozen=True, kw_only=True):
    """The mistakes of a class."""

    class_: Label
    n: int
    mistakes: tuple[Mistake, ...]
    set_aside: tuple[Seen, ...] = ()
    """Images of the class that a person set aside: neither in `n` nor in `mistakes`."""


class RankedNeuron(Struct, frozen=True, kw_only=True):
    """A neuron in a ranking (docs/concepts.md, rankings)."""

    neuron: int
    score: float
    """By the ranking asked for: the mean over the mistakes, larger is more to blame."""
    vote: float | None
    """Percent of the mistakes that vote for it; None at 3% or less."""
    contrast: float
    contribution: float
    importance: float
    """p_k(mean features) / p_k(the same with this neuron at 0); above 1 it supports class k."""
    stability: float | None
    """Share of 1,000 bootstrap resamples of the mistakes in which it stays in the top 10; None for
    a ranking that says the same of every mistake."""
    ambiguous: bool
    """Whether it is in both lists, too weak and too strong."""
    used_by: int
    """Number of classes with a larger weight on it than the class under inspection."""
    core_sensitivity: float | None = None
    """Of its newest drawing for this class; None without one (docs/concepts.md, rankings)."""
    word: str | None = None
    """What CLIP calls it, best word first; empty where no word beats chance, None where the words
    are still to be made."""


class Neurons(Struct, frozen=True, kw_only=True):
    """The neurons ranked as causes of a class's mistakes, too weak or too strong on them.

    `flipped` counts the mistakes that the counterfactual flips.
    """

    class_: Label
    by: str
    mistakes: int
    flipped: int
    median_steps: float | None
    votes_informative: bool
    """Whether votes differ between mistakes at all; with two classes they do not."""
    note: str
    """A caveat of this ranking on these data; empty for none."""
    insufficient: tuple[RankedNeuron, ...]
    excessive: tuple[RankedNeuron, ...]
    mistake: str | None = None
    """The path of the only mistake considered; None for all."""


class NeuronUse(Struct, frozen=True):
    """A class and its weight on a neuron, W[class, neuron]."""

    index: int
    name: str
    weight: float


class NeuronImage(Struct, frozen=True, kw_only=True):
    """A real image and a neuron's activation on it."""

    path: str
    true: Label
    predicted: Label
    activation: float
    heat: str | None = None
    """A PNG of the image with the neuron's heat map laid over; None if not requested."""


class Neuron(Struct, frozen=True, kw_only=True, tag="neuron"):
    """One neuron: the classes with weight on it, of either sign, and its top activating images."""

    neuron: int
    class_: Label
    weight: float
    largest_activation: float
    used_by: tuple[NeuronUse, ...]
    opposed_by: tuple[NeuronUse, ...]
    top_images: tuple[NeuronImage, ...]
    mistakes: tuple[NeuronImage, ...]
    """The mistakes of `class_`, highest activation first."""


class Illusion(Struct, frozen=True, kw_only=True):
    """A drawing of a neuron (CLIP-Illusion), and figures to check it by."""

    neuron: int
    path: str | None
    mask: str | None
    activation: float
    activation_ratio: float | None
    """Over the largest activation on a real image of the split; None where that is 0."""
    predicted: Label
    p_class: float
    clip_cosine: float | None
    """Of the drawing and the class's name, -1 to 1; None without CLIP."""
    core_sensitivity: float | None = None
    """How much of the class is where the neuron looks, against other classes; above 0, and below 1
    where less. None where it says nothing, and of drawings by versions before it."""
    steps: int
    seconds: float
    seed: int = 0
    size: int = 0
    """Pixels a side."""
    gamma: float = 0.5
    """Weight of the class's logit; 0 draws without the class."""
    clip: str | None = None
    """The CLIP that guided it, as the workspace names it; None without CLIP."""
    parameterization: str = "fourier"
    """What the picture is made of; drawings by versions before it are of the published one."""
    objective: str = "product"
    """How activation, class and CLIP are put together; likewise."""


class IllusionStep(Struct, frozen=True, kw_only=True, tag="illusion_step"):
    """A drawing in progress: the activation of each neuron, and preview files if requested.

    A preview is removed once a newer one, or the finished picture, exists: use the newest step's.
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
    """Accuracies with one decision layer."""

    overall: float
    target: float | None
    """Mean accuracy of the edited classes; None where none of them has images."""
    worst_class: float | None
    worst_group: float | None


class Moved(Struct, frozen=True, kw_only=True):
    """An image that an edit fixed or broke: its prediction before and after."""

    path: str
    true: Label
    before: Label
    after: Label


class ClassChange(Struct, frozen=True, kw_only=True):
    """A class, or group, before and after an edit: its accuracy, its images fixed and broken."""

    index: int
    name: str
    n: int
    before: float
    after: float
    fixed: int
    broken: int


class CurvePoint(Struct, frozen=True, kw_only=True):
    """Ablation of the top N neurons; `placebo` is the random-neuron control."""

    n: int
    edit: Outcome
    fixed: int
    broken: int
    bias_shift: Outcome
    placebo: Outcome


class AblationPreview(Struct, frozen=True, kw_only=True):
    """An ablation preview: the effect of scaling neurons for the affected classes, untrained."""

    class_: Label
    neurons: tuple[int, ...]
    scale: float
    """The factor on the neurons' weights; 0 ablates them."""
    rows: tuple[int, ...]
    """The affected classes: the rows of the decision layer that are scaled."""
    before: Outcome
    after: Outcome
    classes: tuple[ClassChange, ...]
    groups: tuple[ClassChange, ...] | None
    fixed: tuple[Moved, ...]
    broken: tuple[Moved, ...]
    bias_shift: Outcome
    """The bias-adjustment baseline: `class_`'s bias raised at the same cost to other classes."""
    curve: tuple[CurvePoint, ...] | None = None


class Exported(Struct, frozen=True, kw_only=True, tag="exported"):
    """A checkpoint with an edit applied, as written."""

    edit: str
    checkpoint: str
    after: Outcome
    """The edit's accuracies on its held-out images."""
