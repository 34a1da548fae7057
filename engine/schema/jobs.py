"""What a job is, for whoever lists, follows or draws it. Frozen and torch-free."""

from typing import Literal

from msgspec import Struct

from engine.schema.edits import Edit, EditEpoch
from engine.schema.records import Exported, Illusions, IllusionStep, Neuron, Progress
from engine.schema.requests import (
    EditRequest,
    ExportRequest,
    FeaturesRequest,
    HeatRequest,
    IllusionRequest,
    TrainRequest,
)
from engine.schema.training import Trained, TrainEpoch

State = Literal["waiting", "running", "done", "failed", "interrupted", "cancelled", "unknown"]
"""`unknown`: a directory that this version cannot read."""
OVER = ("done", "failed", "interrupted", "cancelled", "unknown")

Request = (
    FeaturesRequest | HeatRequest | IllusionRequest | EditRequest | TrainRequest | ExportRequest
)
Record = (
    Progress
    | Neuron
    | IllusionStep
    | Illusions
    | EditEpoch
    | Edit
    | TrainEpoch
    | Trained
    | Exported
)
"""A line of events.jsonl."""


class JobView(Struct, frozen=True, kw_only=True):
    """A job as it stands: what was asked, and how far it is."""

    id: str
    kind: str
    """The request's tag: features, heat, illusion, edit, train or export."""
    title: str
    """A line for people, such as `draw sweet pea x4`."""
    state: State
    stage: str = ""
    """What it does now, such as `loading checkpoint`."""
    step: int = 0
    total: int = 0
    seconds_left: float | None = None
    images_per_second: float | None = None
    waiting: str = ""
    """Why it waits, such as `behind 81c2` or `GPU 0 busy: job 81c2, 3 min left`."""
    error: str = ""
    """One sentence, of a job that failed."""
    created: float = 0.0
    """Seconds since 1970."""
    seconds: float | None = None
    """How long it has run."""
    directory: str = ""
    request: Request | None = None

    @property
    def may_go_on(self) -> bool:
        """Whether it waits, runs, or would go on where it was interrupted."""
        return self.state not in OVER or self.state == "interrupted"
