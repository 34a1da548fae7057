"""Does confident learning find wrong labels? The truth: labels of real images, swapped here."""

from pathlib import Path

import numpy as np

from engine.evaluation.suspects import disagreements
from engine.schema.requests import Source
from engine.session import TorchEngine
from evidence.flowers import CHECKPOINT, DATA
from evidence.rankings import last
from evidence.tables import Figures

SHARE = 0.05
DRAWS = 5


def measure(home: Path) -> list[Figures]:
    """Swap labels of flowers89's evaluation split, a draw at a time; return the figures of each.

    Precision and recall of the suspects, and of their control: every mistake.
    """
    source = Source(model="tf_efficientnet_lite0", checkpoint=str(CHECKPOINT), data=str(DATA))
    cache = last(TorchEngine(source, home).ready_cache(source.eval_split)).whole
    measured = []
    for seed in range(DRAWS):
        generator = np.random.default_rng(seed)
        n, classes = cache.logits.shape
        swapped = generator.choice(n, round(SHARE * n), replace=False)
        labels = cache.labels.copy()
        labels[swapped] += generator.integers(1, classes, len(swapped))
        labels %= classes
        found = [row for row, _, _ in disagreements(cache.logits, cache.predicted, labels)]
        every = np.flatnonzero(cache.predicted != labels).tolist()
        named: dict[str, list[int]] = {"suspects": found, "every mistake": every}
        hits = {name: len(np.intersect1d(rows, swapped)) for name, rows in named.items()}
        measured.append(
            {name: [hits[name] / len(rows), hits[name] / len(swapped)]
             for name, rows in named.items()}
        )  # fmt: skip
    return measured
