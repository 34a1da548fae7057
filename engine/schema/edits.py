"""What an edit answers, as an experiment: arms, differences, verdict. Frozen and torch-free.

Accuracies and shares lie in 0 to 1.
"""

from typing import Any

from msgspec import Struct

from engine.schema.records import ClassChange, Label, Moved, Outcome


class Estimate(Struct, frozen=True):
    """A mean over seeds and its 95% interval (Student's t); no interval from one seed."""

    mean: float
    lo: float | None = None
    hi: float | None = None


class Variant(Struct, frozen=True, kw_only=True):
    """The original, the edit or a control, on the reporting images."""

    name: str
    overall: Estimate
    target: Estimate | None
    """None where no reporting image is of an edited class."""
    worst_class: Estimate
    worst_group: Estimate | None
    fixed: float
    broken: float
    """Images, mean over seeds."""


class Difference(Struct, frozen=True, kw_only=True):
    """Edit minus a control in target accuracy; interval from a paired bootstrap over images."""

    control: str
    points: float
    lo: float
    hi: float
    cost_points: float
    """Edit minus the control in accuracy over the images of all other classes."""
    group_points: float | None = None
    group_lo: float | None = None
    group_hi: float | None = None


class EditEpoch(Struct, frozen=True, kw_only=True, tag="edit_epoch"):
    """Choosing-half accuracies at an epoch, means over seeds."""

    epoch: int
    epochs: int
    edit: Outcome
    controls: dict[str, Outcome]
    seconds_left: float


class Edit(Struct, frozen=True, kw_only=True, tag="edit"):
    """A finished edit: edits/<id>/edit.json."""

    id: str
    created: str
    method: str
    classes: tuple[Label, ...]
    neurons: dict[str, tuple[int, ...]]
    """By class index."""
    strength: float
    targets: dict[str, float]
    lr: float
    batch_size: int
    selected_on: str
    reported_on: str
    n_report: int
    n_target: int
    before: Outcome
    after: Outcome
    """Of the saved head, on the reporting images."""
    variants: tuple[Variant, ...]
    differences: tuple[Difference, ...]
    verdict: str
    notes: tuple[str, ...]
    request: Any
    provenance: dict[str, str]


class Comparison(Struct, frozen=True, kw_only=True):
    """An edit against the original, image by image, on a split."""

    id: str
    split: str
    before: Outcome
    after: Outcome
    classes: tuple[ClassChange, ...]
    groups: tuple[ClassChange, ...] | None
    fixed: tuple[Moved, ...]
    broken: tuple[Moved, ...]
    verdict: str
