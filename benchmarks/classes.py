"""Feature extraction for `classes`, compared with a bare loop over the same batches."""

import shutil
from functools import partial
from pathlib import Path

import torch

from benchmarks.setting import Result, Setting
from engine.data.loader import loader
from engine.schema.requests import FeaturesRequest
from engine.session import TorchEngine

TIMES = 3
SMALL_BATCH = 4
"""Images. On a CPU the largest activation of a larger batch exceeds 32 MiB, above which glibc maps
new memory for every tensor, and page faults take as long as the model."""


def measure(setting: Setting) -> list[Result]:
    """Compare images per second, at the engine's own batch size and, on a CPU, at a small one."""
    engine = setting.engine
    samples = engine.split("valid").samples
    root = Path(engine.split("valid").root)
    for sample in samples:
        (root / sample.path).read_bytes()  # so that neither is measured with a cold disk cache
    cold, usual = partial(_cold, setting), partial(_bare, setting, 0)
    usual()  # warm-up
    ours, bare = setting.pairs(cold, usual, TIMES)
    n = len(samples)
    results = [
        Result(
            f"classes, no feature cache, {n} images",
            f"{n / ours:.0f} images/s",
            f"{n / bare:.0f} images/s, bare loop",
            f"{bare / ours:.2f}",
            "≥ 0.85",
            bare / ours >= 0.85,
        )
    ]
    if engine.device.type == "cpu":
        ours, bare = setting.pairs(cold, partial(_bare, setting, SMALL_BATCH), TIMES)
        results.append(
            Result(
                "the same, against the fastest bare loop",
                f"{n / ours:.0f} images/s",
                f"{n / bare:.0f} images/s, bare loop in batches of {SMALL_BATCH}",
                f"{bare / ours:.2f}",
                "",
                None,
            )
        )
    return results


def _cold(setting: Setting) -> None:
    scratch = TorchEngine(setting.source, setting.home / "cold")
    scratch.__dict__["classifier"] = setting.engine.classifier  # loading is not measured
    shutil.rmtree(scratch.home, ignore_errors=True)
    for _ in scratch.extract(FeaturesRequest(split="valid")):
        pass


@torch.inference_mode()
def _bare(setting: Setting, batch_size: int) -> None:
    classifier, split = setting.engine.classifier, setting.engine.split("valid")
    kind = classifier.device.type
    request = FeaturesRequest(split="valid", batch_size=batch_size)
    for _, images, _, _ in loader(classifier, split, 0, request, 0):
        moved = images.to(classifier.device, memory_format=torch.channels_last)
        with torch.autocast(kind, dtype=torch.float16, enabled=kind == "cuda"):
            classifier.body(moved).cpu()
