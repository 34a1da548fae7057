"""Requests to the engine: frozen, torch-free values, the same in Python and in JSON."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from engine.schema.source_specs import NONE

Rows = Literal["affected", "all"]
Preset = Literal["paper", "bird", "wide"]
UNTRAINED = "untrained"
Start = Literal["scratch", "pretrained"]
Optimizer = Literal["adam", "adamw", "sgd"]
Schedule = Literal["none", "cosine"]
Part = Literal["whole", "head"]
WeightsChoice = Literal["auto", "ema", "model"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"]
Select = Literal["accuracy", "worst-class", "worst-group", "mistake-aware"]


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a classifier and its images come from: the content of workspace.toml."""

    model: str
    """A timm architecture, or `local-dir:DIR`."""
    checkpoint: str
    """A .safetensors, .pt or .pth file, `none` (timm's pretrained weights), or `untrained`."""
    data: str
    """A folder or file that one of the data readers reads, such as ROOT of ROOT/SPLIT/CLASS/*."""
    reader: str | None = None
    """The name of its data reader; None: the one that matches."""
    train_split: str = "train"
    eval_split: str = "valid"
    classes: str | None = None
    """A JSON file that `init` wrote: the model's classes in the order of its outputs."""
    class_names: str | None = None
    """A text file (one name a line) or JSON (a list, or an object of folder: name)."""
    class_order: str | None = None
    """The order of the model's outputs: `sorted`, `natural` (as timm's folder reader sorts), or a
    file that `class_names` would take; None: the checkpoint's own, else sorted."""
    valid_from: str | None = None
    """`SPLIT:SHARE`, such as `train:0.15` or `all:0.2`: hold out so much of each class of that
    split, by a stable hash of the path, as the evaluation split."""
    columns: dict[str, str] = {}
    """Of a table: which column is the `path`, `label`, `split` or `group`."""
    image_root: str | None = None
    """Of a table: the folder that its paths are relative to; None: the table's own."""
    weights: WeightsChoice = "auto"
    """Which of a checkpoint's weights: the average where there is one (auto), `ema`, or `model`."""
    mean: tuple[float, float, float] | None = None
    """By channel, of pixels in 0 to 1; None, here and below: timm's for the architecture."""
    std: tuple[float, float, float] | None = None
    img_size: Annotated[int, Meta(ge=1, le=8192)] | None = None
    """Pixels a side."""
    crop_pct: Annotated[float, Meta(gt=0, le=4)] | None = None
    """Side of the crop over side of the resized image."""
    interpolation: Interpolation | None = None
    model_args: dict[str, str | int | float | bool] = {}
    """Further arguments of timm.create_model, such as `global_pool`."""
    exif: bool = False
    """Whether the model sees images turned as their EXIF says; timm's loader does not turn them."""
    background: str | None = None
    """What transparency is laid on for the model, such as `white`; None: dropped, as timm does."""
    clip: str = NONE
    """`none`, `MODEL/TAG` as open_clip lists them, or `local-dir:DIR`."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda:N` or `mps`."""
    executor: str = "local"
    """Who runs the jobs: `local`, or an executor that another package installs."""
    trust_pickle: bool = False
    """Whether a checkpoint may execute code on load."""
    half_features: bool = False
    """Whether features and logits are stored as float16."""
    seed: int = 0

    @property
    def untrained(self) -> bool:
        """Whether there are no weights yet."""
        return self.checkpoint == UNTRAINED

    @property
    def pretrained(self) -> bool:
        """Whether the weights come with the model: timm's, or those of its local directory."""
        return self.checkpoint == NONE

    @property
    def has_clip(self) -> bool:
        """Whether there is a CLIP: it guides visualizations, and gives words and search."""
        return self.clip != NONE


class FeaturesRequest(Struct, frozen=True, kw_only=True, tag="features"):
    """Extract the features of a split, in one pass over its images."""

    split: str
    batch_size: int = 0
    """Images a batch; 0 is automatic."""
    workers: int = -1
    """Decoding processes; -1 is automatic, 0 decodes in this process."""
    view: int = 0
    """0 is the evaluation transform; 1 and up are augmented views, each with its own seed."""
    on: str | None = None
    """An edit's id: make the feature cache as it is with that edit's decision layer."""


class ClipRequest(Struct, frozen=True, kw_only=True, tag="clip"):
    """CLIP features of a split's images, and embeddings of texts or of an image file."""

    split: str
    whole: bool = False
    """All images of however large a split, as groups need them; else a probe of a large one."""
    texts: tuple[str, ...] = ()
    """Texts, which go through the templates, or `word<TAB>prompt`, embedded by the prompt alone."""
    image: str | None = None
    """An image file."""
    batch_size: int = 0
    """Images a batch; 0 is automatic."""
    workers: int = -1
    """Decoding processes; -1 is automatic, 0 decodes in this process."""


class HeatRequest(Struct, frozen=True, kw_only=True, tag="heat"):
    """Heat maps of a neuron on its top activating images and on a class's mistakes."""

    class_index: int
    neuron: int


class ExportRequest(Struct, frozen=True, kw_only=True, tag="export"):
    """Write a whole checkpoint with an edit applied."""

    edit: str
    """The edit's id."""
    out: str
    """A .safetensors file that does not exist yet."""


PUBLISHED_PARAMETERIZATION, PUBLISHED_OBJECTIVE = "fourier", "product"
"""What drawings are made with in the paper."""
PARAMETERIZATION, OBJECTIVE = "maco", "neuron-first"
"""What they are made with unless asked otherwise."""


class IllusionRequest(Struct, frozen=True, kw_only=True, tag="illusion"):
    """Drawings of what neurons respond to, given a class (docs/concepts.md, CLIP-Illusion)."""

    class_index: int
    neurons: tuple[int, ...]
    steps: int = 450
    size: int = 0
    """Pixels a side; 0 is the model's input size."""
    seed: int = 0
    every: int = 0
    """Steps between two previews; 0 for none."""
    lr: float = 9e-3
    gamma: float = 0.5
    """Weight of the class's logit relative to the activation."""
    epsilon: float = 0.05
    """Added to the CLIP cosine, so that the gradient does not vanish at 0."""
    use_clip: bool = True
    parameterization: str = PARAMETERIZATION
    """A parameterization's name: what the picture is made of."""
    objective: str = OBJECTIVE
    """An objective's name: how activation, class and CLIP are put together."""

    @property
    def as_published(self) -> "IllusionRequest":
        """The same as the paper draws it."""
        return structs.replace(
            self, parameterization=PUBLISHED_PARAMETERIZATION, objective=PUBLISHED_OBJECTIVE
        )


class EditRequest(Struct, frozen=True, kw_only=True, tag="edit"):
    """Edit the decision layer for some classes, against every control."""

    classes: tuple[int, ...]
    neurons: tuple[int, ...] = ()
    """The neurons themselves; empty: take them from the top of the order."""
    top: str = "auto"
    """`N`, `N%` of all neurons, or `auto` (chosen on the selection images)."""
    by: str | None = None
    """A ranking's name; None: the method's own."""
    method: str = "zero"
    """An edit method's name."""
    preset: Preset = "wide"
    strength: Annotated[float, Meta(ge=0, le=1e6)] | None = None
    """lambda; None takes the preset's."""
    target: Annotated[float, Meta(ge=1e-3, le=1e3)] | None = None
    """The target ratio o; None takes the preset's."""
    rows: Rows = "affected"
    """Which rows of W may change: those of the class and of what its mistakes are predicted as."""
    epochs: Annotated[int, Meta(ge=0, le=100_000)] = 20
    lr: Annotated[float, Meta(ge=1e-9, le=10)] | None = None
    batch_size: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    seeds: Annotated[int, Meta(ge=1, le=100)] = 5
    seed: int = 0
    views: Annotated[int, Meta(ge=1, le=1000)] = 1
    """Over 1: so many augmented views of the training images."""
    options: dict[str, float] = {}
    """Options of the method's own, by name."""
    select: Select = "accuracy"
    test_split: str | None = None
    on: str | None = None
    """The id of an edit to start from, instead of the checkpoint's decision layer."""
    group_by: str | None = None
    """A grouping's name, or `found`: its groups stand for those of the data."""


class TrainRequest(Struct, frozen=True, kw_only=True, tag="train"):
    """Train a classifier on the training split."""

    start: Start = "scratch"
    init: str | None = None
    """A checkpoint whose backbone to start from; the head is initialised anew."""
    part: Part = "whole"
    """`head` leaves the backbone as it is, in evaluation mode."""
    optimizer: Optimizer = "adam"
    lr: Annotated[float, Meta(ge=1e-9, le=100)] = 1e-3
    weight_decay: Annotated[float, Meta(ge=0, le=100)] = 0.0
    batch_size: Annotated[int, Meta(ge=2, le=1_000_000)] = 32
    epochs: Annotated[int, Meta(ge=1, le=100_000)] = 20
    schedule: Schedule = "none"
    min_lr: Annotated[float, Meta(ge=0, le=100)] = 0.0
    augment: bool = True
    """Rotate by up to 15 degrees, shift by up to 15%, flip half of the images."""
    select: Select = "accuracy"
    """What the best epoch is selected by: accuracy, worst-class or worst-group."""
    patience: int = 0
    """Epochs without improvement before training stops; 0 never stops early."""
    workers: int = -1
    seed: int = 0
