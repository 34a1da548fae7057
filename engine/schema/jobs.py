"""Jobs as they are listed, followed and displayed: frozen and torch-free."""

from typing import Literal

from msgspec import Struct

from engine.schema.edits import Edit, EditEpoch
from engine.schema.records import Exported, Illusions, IllusionStep, Neuron, Progress
from engine.schema.requests import (
    ClipRequest,
    EditRequest,
    ExportRequest,
    FeaturesRequest,
    HeatRequest,
    IllusionRequest,
    TrainRequest,
)
from engine.schema.training import Trained, TrainEpoch

State = Literal["waiting", "running", "done", "failed", "interrupted", "cancelled", "unknown"]
"""`unknown`: this version cannot read the job's directory."""
OVER = ("done", "failed", "interrupted", "cancelled", "unknown")

Request = (
    FeaturesRequest
    | ClipRequest
    | HeatRequest
    | IllusionRequest
    | EditRequest
    | TrainRequest
    | ExportRequest
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
"""One line of events.jsonl."""


class JobView(Struct, frozen=True, kw_only=True):
    """The present state of a job: its request and its progress."""

    id: str
    kind: str
    """The request's tag: features, clip, heat, illusion, edit, train or export."""
    title: str
    """One line for display, such as `draw sweet pea x4`."""
    state: State
    stage: str = ""
    """The stage it is in, such as `loading checkpoint`."""
    step: int = 0
    total: int = 0
    seconds_left: float | None = None
    images_per_second: float | None = None
    waiting: str = ""
    """Why it is waiting, such as `behind 81c2` or `GPU 0 busy: job 81c2, 3 min left`."""
    error: str = ""
    """One sentence; empty unless the job failed."""
    created: float = 0.0
    """Seconds since 1970."""
    seconds: float | None = None
    """How long it has run; None before it starts."""
    directory: str = ""
    request: Request | None = None

    @property
    def may_go_on(self) -> bool:
        """Whether it is waiting or running, or was interrupted and can resume."""
        return self.state not in OVER or self.state == "interrupted"
