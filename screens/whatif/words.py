"""An ablation preview as text, as curves and as a command."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from engine.ablation.interactive import Answer, Question
from engine.schema.records import CurvePoint, Outcome
from screens.shown import shown
from screens.whatif.controller import WhatIfController
from screens.widgets.chart import DASHED, DOTTED, Chart, Series
from screens.widgets.text import Text, short, stacked
from screens.words import counted, percent

WIDE = 100


def summary(controller: WhatIfController, width: int) -> Text:
    """Return the question and its answer in four lines; older answers are dim."""
    question, answer, ablation = controller.question, controller.answer, controller.ablation
    if ablation is None:
        return Text("loading…")
    took = f"{1000 * answer.seconds:.0f} ms" if answer is not None and controller.fresh else "…"
    if width >= WIDE:
        took = f"computed in {took}, nothing trained"
    listed = controller.most(question.by) if question.picked is None else len(controller.listed)
    same = answer is not None and answer.question.rows == question.rows
    rows = len(answer.whatif.rows) if answer is not None and same else 0
    text = _question(question, listed, rows, took, width)
    if answer is not None:
        name = controller.name
        style = "not bold" if controller.fresh else "not bold dim"
        lines = (
            *_outcome(answer, name, width),
            _controls(answer, controller.random, name, width),
        )
        return stacked((text, *(Text(line, style) for line in lines)), no_wrap=True)
    return text


def setting(controller: WhatIfController) -> str:
    """Return `top 40 neurons ablated`."""
    question, count = controller.question, len(controller.neurons)
    top = "top " if question.picked is None else ""
    return f"{top}{counted(count, 'neuron')} {_scaled(question.scale)}"


def show_curve(chart: Chart, controller: WhatIfController, colours: Mapping[str, str]) -> None:
    """Draw the curve, with N marked; never that of another ranking, scale or rows."""
    question, points = controller.question, controller.curve
    if points is None:
        chart.empty = "computing the curve…"
        chart.show((), ())
        return
    at = _place(points, question.top) if question.picked is None else None
    chart.show(_series(points, question.scale, colours), [point.n for point in points], at)


def command_words(question: Question, name: str) -> tuple[str, ...]:
    """Return the command that computes the same."""
    words = ["whatif", "--class", name]
    if question.picked is None:
        words += ["--top", str(question.top)]
    else:
        words += [word for neuron in question.picked for word in ("--neuron", str(neuron))]
    if question.by != "contrast" and question.picked is None:
        words += ["--by", question.by]
    if question.scale:
        words += ["--scale", f"{question.scale:g}"]
    if question.rows == "all":
        words += ["--rows", "all"]
    return tuple(words)


def _scaled(scale: float) -> str:
    """Return what scaling does to neurons."""
    if scale == 0:
        return "ablated"
    return "unchanged" if scale == 1 else f"scaled by {scale:g}"


def _question(question: Question, listed: int, rows: int, took: str, width: int) -> Text:
    """Return the line of the question, with the keys that change it; `took` ends it."""
    if question.picked is None:
        which = f"top N ◀ {question.top:,} ▶ of {listed:,} by {question.by}"
    else:
        which = f"{len(question.picked)} of {counted(listed, 'neuron')} on"
    affected = counted(rows, "affected class", "affected classes")
    touched = "all classes" if question.rows == "all" else affected
    left = Text(f"{which}   scale [ {question.scale:g} ]   {touched}", style="bold", no_wrap=True)
    left.truncate(max(0, width - len(took) - 1), overflow="ellipsis")
    left.append(" " * max(1, width - left.cell_len - len(took)))
    return left.append(took, "not bold")


def _outcome(answer: Answer, name: str, width: int) -> tuple[str, str]:
    """Return the accuracies overall, of the class and of the worst; a long name is cut."""
    before, after = answer.whatif.before, answer.whatif.after
    overall = f"overall {_pair(before.overall, after.overall, 2)}   "
    target = f" {_pair(before.target, after.target)}   "
    moved = f"fixed {len(answer.whatif.fixed):,} · broken {len(answer.whatif.broken):,}"
    first = overall + short(name, width - len(overall + target + moved)) + target + moved
    second = f"worst class {_pair(before.worst_class, after.worst_class)}"
    if before.worst_group is not None:
        second += f"   worst group {_pair(before.worst_group, after.worst_group)}"
    return first, second


def _controls(answer: Answer, random: Outcome | None, name: str, width: int) -> str:
    """Return the class's accuracy under both controls, explained as far as there is room."""
    shifted = percent(answer.whatif.bias_shift.target)
    placebo = "…" if random is None else percent(random.target)
    name = shown(name)
    texts = (
        f"{name}: bias shift (bias-adjustment baseline of the same overall cost) {shifted} · "
        f"placebo (random-neuron control of as many neurons) {placebo}",
        f"bias shift (bias-adjustment baseline) {shifted} · placebo (random neurons) {placebo}",
        f"bias shift {shifted} · placebo {placebo}",
    )
    return next((text for text in texts if cell_len(text) <= width), texts[-1])


def _pair(before: float | None, after: float | None, digits: int = 1) -> str:
    if before is None or after is None:
        return "–"
    return f"{100 * before:.{digits}f} → {100 * after:.{digits}f}%"


def _series(
    points: Sequence[CurvePoint], scale: float, colours: Mapping[str, str]
) -> tuple[Series, ...]:
    """Return the class's accuracy over N, and that of both controls."""
    edit = "ablated" if scale == 0 else f"×{scale:g}"
    return (
        Series(f"━ {edit}", [p.edit.target for p in points], colours.get("text-primary", "")),
        Series("╍ bias shift", [p.bias_shift.target for p in points],
               colours.get("text-warning", ""), DASHED),
        Series("┄ placebo", [p.placebo.target for p in points], "", DOTTED),
    )  # fmt: skip


def _place(points: Sequence[CurvePoint], top: int) -> int:
    """Return the index of the last point not beyond N."""
    return max(0, bisect_right([point.n for point in points], top) - 1)
