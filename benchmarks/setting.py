"""What all benchmarks share: the images, a workspace with features, timing in pairs."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TypeVar

import torch

from engine.features.cache import FeatureCache
from engine.schema.requests import Source
from engine.session import TorchEngine

SHARED = Path(__file__).parents[2] / "shared"
CHECKPOINT = SHARED / "checkpoints/tf_efficientnet_lite0_flowers89.safetensors"
FLOWERS = SHARED / "data/flowers89"
CLIP = SHARED / "clip/flowers-clip"
WORST = "sweet pea"
T = TypeVar("T")


def missing_files() -> list[Path]:
    """Return the paths that the benchmarks need and that do not exist."""
    return [path for path in (CHECKPOINT, FLOWERS, CLIP) if not path.exists()]


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    name: str
    measured: str
    baseline: str
    ratio: str
    target: str
    met: bool | None
    """None where there is no target."""


@dataclass(frozen=True)
class Setting:
    """A workspace on the flowers; everything is loaded or extracted at first use."""

    home: Path
    device: str

    @cached_property
    def source(self) -> Source:
        """The real checkpoint, images and CLIP."""
        return Source(
            model="tf_efficientnet_lite0",
            checkpoint=str(CHECKPOINT),
            data=str(FLOWERS),
            clip=f"local-dir:{CLIP}",
            device=self.device,
        )

    @cached_property
    def engine(self) -> TorchEngine:
        """An engine with its classifier loaded."""
        engine = TorchEngine(self.source, self.home)
        engine.classifier  # noqa: B018  loading is not measured
        return engine

    def cache(self, split: str = "valid") -> FeatureCache:
        """Return a split's feature cache, extracting features if needed."""
        return self.finished(self.engine.ready_cache(split))

    def finished(self, job: Generator[object, None, T]) -> T:
        """Run a job to its end and return what it returns."""
        while True:
            try:
                next(job)
            except StopIteration as stop:
                found: T = stop.value
                return found

    @cached_property
    def target(self) -> int:
        """The index of the worst class."""
        return self.engine.split("valid").classes.index(WORST)

    def seconds(self, work: Callable[[], object]) -> float:
        """Return the seconds that one run of `work` takes."""
        self._synchronize()
        began = time.perf_counter()
        work()
        self._synchronize()
        return time.perf_counter() - began

    def median(self, work: Callable[[], object], times: int) -> float:
        """Return the median of the seconds of several runs."""
        return median(self.seconds(work) for _ in range(times))

    def processor_seconds(self, work: Callable[[], object], times: int) -> float:
        """Return the median of the processor's seconds, of all threads, that `work` takes.

        For numpy on a CPU: what other programs take of the machine counts little.
        """
        taken = []
        for _ in range(times):
            began = time.process_time()
            work()
            taken.append(time.process_time() - began)
        return median(taken)

    def pairs(
        self, ours: Callable[[], object], baseline: Callable[[], object], times: int
    ) -> tuple[float, float]:
        """Return the medians of both, run in turn so that both meet the same background load."""
        seconds = [(self.seconds(ours), self.seconds(baseline)) for _ in range(times)]
        return median(a for a, _ in seconds), median(b for _, b in seconds)

    def _synchronize(self) -> None:
        if self.engine.device.type == "cuda":
            torch.cuda.synchronize(self.engine.device)
        elif self.engine.device.type == "mps":
            torch.mps.synchronize()
