"""`classes` cold against a bare loop: same decoding, same batches, nothing but model(x)."""

import shutil
from functools import partial
from pathlib import Path

import torch

from benchmarks.setting import Figure, Setting
from engine.data.loader import loader
from engine.schema.requests import FeaturesRequest
from engine.session import TorchEngine

TIMES = 3
FEW = 4
"""Images. On a CPU the largest activation of more passes 32 MiB, above which glibc maps memory
anew for every tensor, and page faults take as long as the model."""


def measure(setting: Setting) -> list[Figure]:
    """Compare images a second, with the engine's own batch and, on a CPU, with small ones."""
    engine = setting.engine
    samples = engine.split("valid").samples
    root = Path(engine.split("valid").root)
    for sample in samples:
        (root / sample.path).read_bytes()  # else whoever is first pays for the disk
    cold, usual = partial(_cold, setting), partial(_bare, setting, 0)
    usual()  # warm
    ours, theirs = setting.pairs(cold, usual, TIMES)
    n = len(samples)
    figures = [
        Figure(
            f"classes, cold, {n} images",
            f"{n / ours:.0f} images/s",
            f"{n / theirs:.0f} images/s, bare loop",
            f"{theirs / ours:.2f}",
            "≥ 0.85",
            theirs / ours >= 0.85,
        )
    ]
    if engine.device.type == "cpu":
        ours, theirs = setting.pairs(cold, partial(_bare, setting, FEW), TIMES)
        figures.append(
            Figure(
                "the same, were the bare loop quicker",
                f"{n / ours:.0f} images/s",
                f"{n / theirs:.0f} images/s, bare loop in batches of {FEW}",
                f"{theirs / ours:.2f}",
                "",
                None,
            )
        )
    return figures


def _cold(setting: Setting) -> None:
    scratch = TorchEngine(setting.source, setting.home / "cold")
    scratch.__dict__["classifier"] = setting.engine.classifier  # loading is not what is measured
    shutil.rmtree(scratch.home, ignore_errors=True)
    for _ in scratch.extract(FeaturesRequest(split="valid")):
        pass


@torch.inference_mode()
def _bare(setting: Setting, batch_size: int) -> None:
    classifier, split = setting.engine.classifier, setting.engine.split("valid")
    kind = classifier.device.type
    request = FeaturesRequest(split="valid", batch_size=batch_size)
    for _, images, _ in loader(classifier, split, 0, request, 0):
        moved = images.to(classifier.device, memory_format=torch.channels_last)
        with torch.autocast(kind, dtype=torch.float16, enabled=kind == "cuda"):
            classifier.body(moved).cpu()
