"""Records of an edit as an experiment: its variants, their differences, the verdict.

Frozen and torch-free. Accuracies and shares lie in 0 to 1; differences in -1 to 1.
"""

from typing import Any

from msgspec import Struct

from engine.schema.records import Calibration, ClassChange, Label, Moved, Outcome


class Estimate(Struct, frozen=True):
    """A mean over seeds and its 95% interval (Student's t); no interval from one seed."""

    mean: float
    lo: float | None = None
    hi: float | None = None


class Variant(Struct, frozen=True, kw_only=True):
    """The original, the edit or a control, evaluated on the held-out images."""

    name: str
    overall: Estimate
    target: Estimate | None
    """Mean accuracy of the edited classes; None where no held-out image is of one."""
    worst_class: Estimate
    worst_group: Estimate | None
    """None without groups."""
    worst_own_group: Estimate | None = None
    """By the data's own groups, where the edit went by others (`--group-by`); None elsewhere."""
    fixed: float
    """Images that this variant predicts correctly and the original does not; mean over seeds."""
    broken: float
    """Images that the original predicts correctly and this variant does not; mean over seeds."""


class Difference(Struct, frozen=True, kw_only=True):
    """The edit minus a control; 95% intervals from a paired bootstrap over images."""

    control: str
    points: float
    """In target accuracy."""
    lo: float
    hi: float
    cost_points: float
    """In accuracy over the images of all other classes."""
    group_points: float | None = None
    """In worst-group accuracy; None without groups."""
    group_lo: float | None = None
    group_hi: float | None = None


class EditEpoch(Struct, frozen=True, kw_only=True, tag="edit_epoch"):
    """Accuracies on the selection half after an epoch, means over seeds."""

    epoch: int
    epochs: int
    edit: Outcome
    controls: dict[str, Outcome]
    """By control."""
    seconds_left: float


class Edit(Struct, frozen=True, kw_only=True, tag="edit"):
    """A finished edit: edits/<id>/edit.json."""

    id: str
    created: str
    method: str
    classes: tuple[Label, ...]
    neurons: dict[str, tuple[int, ...]]
    """By class index, the neurons of a method that takes neurons; empty for others."""
    strength: float
    """lambda, the weight of the ratio term; 0 for methods without it."""
    targets: dict[str, float]
    """By class index, the target ratio o; empty for methods without it."""
    lr: float
    batch_size: int
    selected_on: str
    """The images that selected the settings: a split, with a count where it is a part of it."""
    reported_on: str
    """The held-out images, likewise."""
    n_report: int
    """Held-out images."""
    n_target: int
    """Held-out images of the edited classes."""
    before: Outcome
    after: Outcome
    """Of the saved head, on the held-out images."""
    variants: tuple[Variant, ...]
    differences: tuple[Difference, ...]
    verdict: str
    notes: tuple[str, ...]
    request: Any
    provenance: dict[str, str]
    chosen: str | None = None
    """The method that `auto` chose; None for every other method."""
    tried: dict[str, float] = {}
    """By method that `auto` tried, what it was chosen by, by cross-validation on the selection
    images: the accuracy of the worst group (or class), or `mistake-aware` where groups are in
    doubt."""

    @property
    def made_by(self) -> str:
        """The method, and what it chose: `zero`, or `auto: dfr`."""
        return self.method if self.chosen is None else f"{self.method}: {self.chosen}"


class Comparison(Struct, frozen=True, kw_only=True):
    """An edit compared with the original on a split, image by image."""

    id: str
    split: str
    before: Outcome
    after: Outcome
    classes: tuple[ClassChange, ...]
    groups: tuple[ClassChange, ...] | None
    """By the data's own groups; None without."""
    grouping: str | None = None
    """The stored grouping that the edit went by, as long as it is what it was then."""
    by_grouping: tuple[ClassChange, ...] | None = None
    """By that grouping's groups."""
    fixed: tuple[Moved, ...]
    broken: tuple[Moved, ...]
    verdict: str
    calibration_before: Calibration
    calibration_after: Calibration
    """Of the saved head, on the same held-out images."""
