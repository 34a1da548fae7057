"""What a part of the evidence is: it measures in steps, each kept in a file, and writes results."""

import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from engine.io.atomic import read_json, write_json
from engine.schema.errors import EngineError
from engine.schema.requests import Select
from evidence.models import Case, Model
from evidence.result_files import Result, publish
from neuroinspect_tui.demo import dataset

Kept = TypeVar("Kept")
SHOWN: dict[Case, str] = {"pretrained": "pretrained-like", "scratch": "scratch"}
"""What tables call the cases."""
SPLITS: dict[str, tuple[str, Select]] = {
    "balanced": ("valid", "accuracy"),
    "biased": (str(dataset.SPLITS["valid_biased"]), "mistake-aware"),
}
"""By balance, the validation split and what an edit is selected by. Other splits than Waterbirds'
three have a number for a name in metadata.csv."""
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class OutOfTimeError(EngineError):
    """A part's time is over; what it measured is kept."""


@dataclass(frozen=True)
class Work:
    """Where a part measures, and until when.

    Args:
        name: The part's, with its case.
        root: Where all models and figures are kept.
        models: Of the part's case; none where it has no cases.
        until: `time.monotonic()` after which no further step begins; None for no limit.
    """

    name: str
    root: Path
    models: Sequence[Model] = ()
    until: float | None = None

    @property
    def case(self) -> str:
        """What tables call the case of the models."""
        return SHOWN[self.models[0].case]

    @property
    def seeds(self) -> str:
        """Say of how many models of a case the figures are."""
        first, last = self.models[0].seed, self.models[-1].seed
        data = f"data seeds {first} to {last}" if last > first else f"data seed {first}"
        each = "models" if len(self.models) > 1 else "model"
        return f"{COUNTS[len(self.models)]} {each} of each case, {data}"

    def kept(self, home: Path, step: str, measure: Callable[[], Kept], kind: type[Kept]) -> Kept:
        """Read a step's figures from their file, or measure and write them.

        Args:
            home: Whose step it is: the directory of a model, or of a data set.
            step: Its name, which is the file's too.
            measure: Measures it.
            kind: What it returns.

        Raises:
            OutOfTimeError: It is not measured yet, and the time is over.
        """
        stem = re.sub(r"\W+", "_", step)
        path = home / "evidence" / f"{stem}.json"
        if path.is_file():
            return read_json(path, kind)
        self.check_time()
        print(f"{home.parent.name} {home.name}: {step}", file=sys.stderr, flush=True)
        figures = measure()
        write_json(path, figures)
        return figures

    def check_time(self) -> None:
        """Raise OutOfTimeError where the time is over."""
        if self.until is not None and time.monotonic() > self.until:
            raise OutOfTimeError(
                f"The time is over; all that {self.name} measured is kept. Run it again to go on."
            )

    def publish(self, name: str, result: Result) -> None:
        """Write a result file."""
        print(f"written: {publish(name, result)}", file=sys.stderr)

    @property
    def command(self) -> str:
        """What measures this part again."""
        return f"make evidence PART={self.name}"


class Part(Protocol):
    """A part of the evidence."""

    help: str
    by_case: bool
    """Whether it measures the models of one case at a time, as `PART=NAME-pretrained` does."""

    def run(self, work: Work) -> None:
        """Measure what is missing, and write the part's result files.

        Raises:
            OutOfTimeError: The time is over before all is measured.
            EngineError: It cannot be measured.
        """
