"""A what-if in words, curves and as a command."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from engine.ablation.interactive import Answer, Question
from engine.schema.records import CurvePoint, Outcome
from screens.whatif.controller import Inquiry
from screens.widgets.chart import DASHED, DOTTED, Chart, Series
from screens.words import counted, percent

WIDE = 100


def spoken(inquiry: Inquiry, width: int) -> Text:
    """Return what is asked and what came of it, in four lines; older answers are dim."""
    question, answer, ablation = inquiry.question, inquiry.answer, inquiry.ablation
    if ablation is None:
        return Text("reading…")
    took = f"{1000 * answer.seconds:.0f} ms" if answer is not None and inquiry.fresh else "…"
    if width >= WIDE:
        took = f"answered in {took}, nothing trained"
    listed = inquiry.most(question.by) if question.picked is None else len(inquiry.listed)
    same = answer is not None and answer.question.rows == question.rows
    rows = len(answer.whatif.rows) if answer is not None and same else 0
    said = _asked(question, listed, rows, took, width)
    if answer is not None:
        told = _told(answer, inquiry.name, width)
        lines = (*told, _rivals(answer, inquiry.random, inquiry.name, width))
        said.append("\n" + "\n".join(lines), "not bold" if inquiry.fresh else "not bold dim")
    return said


def supposed(inquiry: Inquiry) -> str:
    """Return `what if the top 40 were zeroed`."""
    question, count = inquiry.question, len(inquiry.neurons)
    if question.picked is None:
        return f"what if the top {count:,} were {_scaled(question.scale)}"
    were = "was" if count == 1 else "were"
    return f"what if {counted(count, 'neuron')} {were} {_scaled(question.scale)}"


def show_curve(chart: Chart, inquiry: Inquiry, colours: Mapping[str, str]) -> None:
    """Draw the curve, with N marked; never that of another order, scale or rows."""
    question, points = inquiry.question, inquiry.curve
    if points is None:
        chart.empty = "working out the curve…"
        chart.show((), ())
        return
    at = _place(points, question.top) if question.picked is None else None
    chart.show(_series(points, question.scale, colours), [point.n for point in points], at)


def words_of(question: Question, name: str) -> tuple[str, ...]:
    """Return the command that asks the same."""
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
        return "zeroed"
    return "left as they are" if scale == 1 else f"scaled by {scale:g}"


def _asked(question: Question, listed: int, rows: int, took: str, width: int) -> Text:
    """Return the line of what is asked, with the keys that change it; `took` ends it."""
    if question.picked is None:
        which = f"top N ◀ {question.top:,} ▶ of {listed:,} by {question.by}"
    else:
        which = f"{len(question.picked)} of {counted(listed, 'neuron')} on"
    touched = "all rows" if question.rows == "all" else f"{counted(rows, 'row')} concerned"
    left = Text(f"{which}   scale [ {question.scale:g} ]   {touched}", style="bold", no_wrap=True)
    left.truncate(max(0, width - len(took) - 1), overflow="ellipsis")
    left.append(" " * max(1, width - left.cell_len - len(took)))
    return left.append(took, "not bold")


def _told(answer: Answer, name: str, width: int) -> tuple[str, str]:
    """Return what became of the whole and the class, and of the worst; a long name is cut."""
    before, after = answer.whatif.before, answer.whatif.after
    overall = f"overall {_pair(before.overall, after.overall, 2)}   "
    target = f" {_pair(before.target, after.target)}   "
    moved = f"won {len(answer.whatif.fixed):,} · lost {len(answer.whatif.broken):,}"
    short = Text(name)
    short.truncate(max(1, width - len(overall + target + moved)), overflow="ellipsis")
    first = overall + short.plain + target + moved
    second = f"worst class {_pair(before.worst_class, after.worst_class)}"
    if before.worst_group is not None:
        second += f"   worst group {_pair(before.worst_group, after.worst_group)}"
    return first, second


def _rivals(answer: Answer, random: Outcome | None, name: str, width: int) -> str:
    """Return what the class, named where there is room, would have of the two cheapest rivals."""
    drawn = "…" if random is None else percent(random.target)
    shifted = percent(answer.whatif.bias_shift.target)
    said = f"same cost by one bias shifted: {shifted}   as many random neurons: {drawn}"
    named = f"{name}, {said}"
    return named if cell_len(named) <= width else said


def _pair(before: float | None, after: float | None, digits: int = 1) -> str:
    if before is None or after is None:
        return "–"
    return f"{100 * before:.{digits}f} → {100 * after:.{digits}f}%"


def _series(
    points: Sequence[CurvePoint], scale: float, colours: Mapping[str, str]
) -> tuple[Series, ...]:
    """Return the class's accuracy over N, and that of both rivals."""
    edit = "zeroed" if scale == 0 else f"×{scale:g}"
    return (
        Series(f"━ {edit}", [p.edit.target for p in points], colours.get("primary", "")),
        Series("╍ one bias", [p.bias_shift.target for p in points],
               colours.get("warning", ""), DASHED),
        Series("┄ random", [p.placebo.target for p in points], "", DOTTED),
    )  # fmt: skip


def _place(points: Sequence[CurvePoint], top: int) -> int:
    """Return the index of the last point not beyond N."""
    return max(0, bisect_right([point.n for point in points], top) - 1)
