"""What every benchmark stands on: the flowers, a filled workspace, a fair clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

import torch

from engine.features.cache import FeatureCache
from engine.schema.requests import Source
from engine.session import TorchEngine

SHARED = Path(__file__).parents[2] / "shared"
CHECKPOINT = SHARED / "checkpoints/tf_efficientnet_lite0_flowers89.safetensors"
FLOWERS = SHARED / "data/flowers89"
CLIP = SHARED / "clip/flowers-clip"
WORST = "sweet pea"


def absent() -> list[Path]:
    """Return what the benchmarks need and is not there."""
    return [path for path in (CHECKPOINT, FLOWERS, CLIP) if not path.exists()]


@dataclass(frozen=True)
class Figure:
    """One line of the table: a ratio or seconds, and what it should be."""

    what: str
    ours: str
    against: str
    value: str
    wanted: str
    met: bool | None
    """None: told for what it says; nothing was promised."""


@dataclass(frozen=True)
class Setting:
    """A workspace on the flowers; everything is loaded or filled at first use."""

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
        """An engine that has everything loaded."""
        engine = TorchEngine(self.source, self.home)
        engine.classifier  # noqa: B018  loading is not what is measured
        return engine

    def cache(self, split: str = "valid") -> FeatureCache:
        """Return a filled feature cache."""
        job = self.engine.ready_cache(split)
        while True:
            try:
                next(job)
            except StopIteration as stop:
                cache: FeatureCache = stop.value
                return cache

    @cached_property
    def target(self) -> int:
        """The index of the worst class."""
        return self.engine.split("valid").classes.index(WORST)

    def seconds(self, work: Callable[[], object]) -> float:
        """Time one run of `work`."""
        self._settle()
        began = time.perf_counter()
        work()
        self._settle()
        return time.perf_counter() - began

    def median(self, work: Callable[[], object], times: int) -> float:
        """Time `work` so many times."""
        return median(self.seconds(work) for _ in range(times))

    def pairs(
        self, ours: Callable[[], object], other: Callable[[], object], times: int
    ) -> tuple[float, float]:
        """Return medians of both, taken in turn: this machine's noise meets both alike."""
        found = [(self.seconds(ours), self.seconds(other)) for _ in range(times)]
        return median(a for a, _ in found), median(b for _, b in found)

    def _settle(self) -> None:
        if self.engine.device.type == "cuda":
            torch.cuda.synchronize(self.engine.device)
        elif self.engine.device.type == "mps":
            torch.mps.synchronize()
