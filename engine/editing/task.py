"""What an edit method is given to fit heads to. No torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.editing.plan import Plan
from engine.editing.selection import SelectionScorer
from engine.features.cache import FeatureCache
from engine.grouping.finding import Found
from engine.schema.arrays import Array
from engine.schema.requests import EditRequest

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class EditTask:
    """What a method fits heads to."""

    cache: FeatureCache
    """Of the evaluation split; `plan.selection` are the rows that may be looked at."""
    training: Sequence[FeatureCache]
    """Of the training split, one a view; empty unless the method needs `training`."""
    plan: Plan
    scorer: SelectionScorer
    """Scores predictions on the selection images, by `--select`."""
    device: "torch.device"
    directory: Path
    """Where an interrupted fit keeps what it has, until the edit is saved."""
    replan: Callable[[EditRequest, Array], Plan] | None = None
    """Makes the plan of another request by looking at some rows alone, for methods that try others
    on parts of the selection images."""
    sought: Found | None = None
    """What was looked for when no groups were found; None: none were looked for."""
