"""From submitting a job to its first event, with a running runner and with none."""

import time
from statistics import quantiles

from benchmarks.setting import Result, Setting
from engine.schema.requests import HeatRequest
from neuroinspect_tui.jobs.follow import follow
from neuroinspect_tui.jobs.launcher import stop_runners
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.jobs.submit import submit
from neuroinspect_tui.workspace import write_source

TIMES = 40
LIMIT = 0.15


def measure(setting: Setting) -> list[Result]:
    """Time the first record of small jobs, one after another."""
    setting.cache("valid")
    write_source(setting.home, setting.source)
    cold = _first(setting, 0)
    seconds = [_first(setting, neuron) for neuron in range(TIMES)]
    stop_runners(setting.home)
    slow = quantiles(seconds, n=20)[-1]
    return [
        Result(
            f"a job's first event, runner already running, p95 of {TIMES}",
            f"{1000 * slow:.0f} ms",
            f"{1000 * cold:.0f} ms, including the runner's start",
            f"{cold / slow:.0f}x",
            f"< {1000 * LIMIT:.0f} ms",
            slow < LIMIT,
        )
    ]


def _first(setting: Setting, neuron: int) -> float:
    store, out = Store(setting.home), str(setting.home / "heat")
    request = HeatRequest(class_index=setting.target, neuron=neuron)
    began = time.perf_counter()
    records = follow(store, submit(store, request, setting.source, out=out).id)
    next(records)
    seconds = time.perf_counter() - began
    for _ in records:
        pass
    return seconds
