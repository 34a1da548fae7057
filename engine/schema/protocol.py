"""The interface of the engine: long jobs as generators of records."""

from collections.abc import Generator
from typing import Protocol

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

FeaturesJob = Generator[Progress, None, None]
ClipJob = Generator[Progress, None, None]
HeatJob = Generator[Progress | Neuron, None, None]
IllusionJob = Generator[Progress | IllusionStep | Illusions, None, None]
EditJob = Generator[Progress | EditEpoch | Edit, None, None]
TrainJob = Generator[Progress | TrainEpoch | Trained, None, None]
ExportJob = Generator[Progress | Exported, None, None]


class Engine(Protocol):
    """Long jobs on one classifier and its images. A job stops when its generator is closed.

    Quick queries are not methods of this class: `engine.attribution` and `engine.ablation` answer
    them from the feature cache, without torch.
    """

    def extract(self, request: FeaturesRequest) -> FeaturesJob:
        """Extract the split's features, unless its feature cache is on disk."""
        ...

    def clip(self, request: ClipRequest) -> ClipJob:
        """Make the CLIP features and embeddings that are asked for, unless they are on disk."""
        ...

    def heat(self, request: HeatRequest, out: str) -> HeatJob:
        """Write a neuron's heat maps into the directory `out`; the last record is `Neuron`."""
        ...

    def illusion(self, request: IllusionRequest, out: str) -> IllusionJob:
        """Draw what neurons respond to into the directory `out`; the last record is `Illusions`."""
        ...

    def edit(self, request: EditRequest) -> EditJob:
        """Edit the decision layer; the last record is `Edit`."""
        ...

    def train(self, request: TrainRequest) -> TrainJob:
        """Train the whole model; the last record is `Trained`."""
        ...

    def export(self, request: ExportRequest) -> ExportJob:
        """Write a whole checkpoint with an edit applied; the last record is `Exported`."""
        ...
