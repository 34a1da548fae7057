"""The front door: long jobs as generators of records."""

from collections.abc import Generator
from typing import Protocol

from engine.edit_records import Edit, EditEpoch
from engine.records import Illusions, IllusionStep, Progress
from engine.requests import BankRequest, EditRequest, IllusionRequest

BankJob = Generator[Progress, None, None]
IllusionJob = Generator[Progress | IllusionStep | Illusions, None, None]
EditJob = Generator[Progress | EditEpoch | Edit, None, None]


class Engine(Protocol):
    """One classifier and its images. Long jobs are generators: stop consuming and they stop.

    What is quick is no method here: `engine.answers` reads it from the bank, without torch.
    """

    def bank(self, request: BankRequest) -> BankJob:
        """Make sure the split's bank is on disk."""
        ...

    def illusion(self, request: IllusionRequest, out: str) -> IllusionJob:
        """Draw what neurons see, into the directory `out`; the last record is `Illusions`."""
        ...

    def edit(self, request: EditRequest) -> EditJob:
        """Edit the decision layer; the last record is `Edit`."""
        ...
