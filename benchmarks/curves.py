"""The ablation curve over N, compared with one ablation preview after another."""

import numpy as np

from benchmarks.setting import Result, Setting
from engine.ablation.ablation import Scaling, preview
from engine.ablation.query import preview_ablation
from engine.attribution.evidence import gather
from engine.attribution.ranking import order


def measure(setting: Setting) -> list[Result]:
    """Time some 200 values of N with both controls, and the same N one by one without."""
    cache, k = setting.cache(), setting.target
    answer = preview_ablation(cache, k, top="1", with_curve=True)
    sizes = [point.n for point in answer.curve or ()]
    ranked = order(gather(cache, k), "contrast")
    scaling = Scaling(k, np.array(answer.rows))

    def at_once() -> None:
        preview_ablation(cache, k, top="1", with_curve=True)

    def one_by_one() -> None:
        for n in sizes:
            preview(cache, ranked[:n], scaling)

    ours, theirs = setting.pairs(at_once, one_by_one, times=3)
    return [
        Result(
            f"whatif --curve, {len(sizes)} values of N",
            f"{ours:.2f} s, with 5 random-neuron controls each",
            f"{theirs:.2f} s, one by one, without controls",
            f"{theirs / ours:.1f}x",
            "< 1 s",
            ours < 1,
        )
    ]
