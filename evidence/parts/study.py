"""The quiz of `study`, answered by CLIP in people's place."""

from collections.abc import Generator
from functools import partial
from typing import Any

from engine.clip.pictures import embed_pictures
from engine.evaluation.scores import wilson
from engine.models.clip import load_clip
from engine.schema.arrays import Array
from engine.session import TorchEngine
from evidence.models import Model
from evidence.parts.base import Work
from evidence.parts.models import train
from evidence.rankings import last
from evidence.result_files import Cell, Column, Result
from neuroinspect_tui.jobs.engine_cache import asked
from neuroinspect_tui.study.conditions import CONDITIONS, chosen
from neuroinspect_tui.study.design import draw_pairs
from neuroinspect_tui.study.making import put_together
from neuroinspect_tui.study.material import Drawn, explained
from neuroinspect_tui.study.scoring import score
from neuroinspect_tui.study.stand_in import answer, openers

NEURONS, STEPS = 20, 200
SAID = {"its own": "the CLIP that guides", "of flowers": "a CLIP of flowers"}
Counts = dict[str, list[int]]
"""By condition, answers and right ones."""


class Study:
    """One quiz a model, about neurons at random."""

    help = "which image goes with a neuron, as CLIP answers in people's place?"
    by_case = True

    def run(self, work: Work) -> None:
        """Make a quiz of every model, and let each CLIP answer it."""
        train(work)
        clips = [name for name in work.models[0].clips() if name in SAID]
        by_clip: list[Counts] = []
        for name in clips:
            counts: Counts = {}
            for model in work.models:
                ask = partial(measure, model, model.clips()[name])
                for row, (n, right) in work.kept(model.home, f"study {name}", ask, Counts).items():
                    before = counts.get(row, [0, 0])
                    counts[row] = [before[0] + n, before[1] + right]
            by_clip.append(counts)
        rows: dict[str, list[Cell]] = {
            CONDITIONS[name].title: [_shown(counts.get(name)) for counts in by_clip]
            for name in CONDITIONS
            if any(name in counts for counts in by_clip)
        }
        work.publish(
            work.name,
            Result(title=f"Stand-ins for people: CLIP's right answers in percent, {work.case}",
                   command=work.command, head="explained by",
                   seeds=f"{NEURONS} neurons of each of {work.seeds}",
                   columns=[Column(SAID[name]) for name in clips], rows=rows,
                   note="No person answered. Chance is 50; Wilson's 95% intervals."),
        )  # fmt: skip


def measure(model: Model, clip: str) -> Counts:
    """Return how often a CLIP is right, by condition."""
    engine = model.engine(clip=model.plan.source.clip)
    cache = last(engine.ready_cache("valid"))
    pairs = draw_pairs(cache, (), NEURONS, NEURONS, model.seed)
    run = partial(_run, engine)
    shown = explained(cache, pairs, chosen((), clip=True), run, Drawn(STEPS, 0))
    made = put_together(cache, pairs, shown, model.seed, {})
    looking = load_clip(clip, engine.device)
    assert looking is not None  # one of SAID
    embedded = _embedded(embed_pictures(looking, openers(made.quiz)))
    scores = score([answer(made.quiz, embedded, clip)], made.key)
    return {one.condition: [one.answered, one.right] for one in scores.by[clip] if one.answered
            and one.condition}  # fmt: skip


def _run(engine: TorchEngine, request: Any) -> Any:
    *_, record = asked(engine, request, None, engine.home)
    return record


def _embedded(job: Generator[Any, None, Array]) -> Array:
    while True:
        try:
            next(job)
        except StopIteration as stop:
            found: Array = stop.value
            return found


def _shown(counts: list[int] | None) -> Cell:
    if counts is None:
        return None
    n, right = counts
    found = wilson(right, n)
    assert found is not None  # there are answers
    low, high = found
    return f"{100 * right / n:.0f} [{100 * low:.0f}, {100 * high:.0f}] of {n}"


KIND = Study()
