"""`classes` cold against a bare loop: same decoding, same batches, nothing but model(x)."""

import shutil
from pathlib import Path

import torch

from benchmarks.setting import Figure, Setting
from engine.banking import loader
from engine.requests import BankRequest
from engine.session import TorchEngine

TIMES = 2


def measure(setting: Setting) -> list[Figure]:
    """Compare images a second."""
    engine = setting.engine
    split = engine.split("valid")
    scratch = TorchEngine(setting.source, setting.home / "cold")
    scratch.__dict__["classifier"] = engine.classifier  # loading is not what is measured

    def cold() -> None:
        shutil.rmtree(Path(scratch.home), ignore_errors=True)
        for _ in scratch.bank(BankRequest(split="valid")):
            pass

    @torch.inference_mode()
    def bare() -> None:
        classifier = engine.classifier
        cuda = classifier.device.type == "cuda"
        for _, images, _ in loader(classifier, split, 0, BankRequest(split="valid"), 0):
            with torch.autocast(classifier.device.type, dtype=torch.float16, enabled=cuda):
                classifier.body(
                    images.to(classifier.device, memory_format=torch.channels_last)
                ).cpu()

    ours, theirs = setting.pairs(cold, bare, TIMES)
    n = len(split.samples)
    return [
        Figure(
            f"classes, cold, {n} images",
            f"{n / ours:.0f} images/s",
            f"{n / theirs:.0f} images/s, bare loop",
            f"{theirs / ours:.2f}",
            "≥ 0.85",
            theirs / ours >= 0.85,
        )
    ]
