"""What an edit will do, before it runs: what it changes, trains on and reports on. Pure."""

from collections.abc import Mapping

from engine.editing.methods.base import controls_of
from engine.editing.plan import Plan
from screens.edit.form import NO_GROUPS, field_of, help_of, method_of, request_of, suggested
from screens.widgets.text import Columns, Text, stacked
from screens.words import counted

CONTROLS = {
    "lambda 0": "no-penalty control, the same fit without the edit's own term",
    "placebo": "random-neuron control, as many neurons of the same signs",
    "retrain": "plain retraining, the decision layer fitted to the same images, class-balanced",
    "bias shift": "bias-adjustment baseline, one bias shifted at the same cost",
}


def summarize(
    values: Mapping[str, str], images: tuple[str, int], train: str, on: str | None
) -> Columns:
    """Return what a form without problems will do.

    Args:
        values: The form's.
        images: The evaluation split's name, and how many images it has.
        train: The training split's name.
        on: The edit it starts from.
    """
    table = Columns((0, 2, 1, 0), expand=True)
    table.add_column(width=10)
    table.add_column(ratio=1)
    chosen, reported = _halves(values, images, on)
    decides = method_of(values).decides or field_of("select").choices[values["select"]]
    for title, said in (
        ("changes", _changes(values)),
        ("trains on", _trains(values, train)),
        ("selects on", f"{chosen}: {decides}"),
        ("reports on", reported),
        ("groups", _groups(values)),
        ("controls", _controls(values)),
        ("then", "the comparison opens; the checkpoint does not change"),
    ):
        table.add_row(Text(title, style="dim"), said)
    return table


def planned(plan: Plan) -> Text:
    """Return what a plan settles, and its notes, a line each."""
    held_out = "the test split" if plan.held_out is None else counted(len(plan.held_out), "image")
    first = (
        f"{counted(len(plan.touched), 'class', 'classes')} may change · selects on "
        f"{counted(len(plan.selection), 'image')} · reports on {held_out}"
    )
    return stacked((first, *plan.notes))


def _or_usual(values: Mapping[str, str], name: str) -> str:
    return values[name].strip() or suggested(field_of(name), values)


def _changes(values: Mapping[str, str]) -> str:
    method = method_of(values)
    if "neurons" not in method.needs:
        return "the decision layer, by no neurons in particular"
    request = request_of(values, 0)
    if request.neurons:
        which = counted(len(set(request.neurons)), "neuron") + " named by you"
    else:
        top = _or_usual(values, "top").removeprefix("auto: ").removeprefix("tries ")
        which = f"the top {top} of the neurons, by {request.by or method.ranking(request)}"
    return f"{which}; {field_of('rows').choices[values['rows']]}"


def _trains(values: Mapping[str, str], train: str) -> str:
    method, seeds = method_of(values), _or_usual(values, "seeds")
    if "training" not in method.needs:
        return f"the selection images alone, seeds {seeds}"
    views = int(_or_usual(values, "views"))
    seen = f"{views} views of {train}" if views > 1 else train
    passes = f", epochs {_or_usual(values, 'epochs')}" if "epochs" in method.options else ""
    return f"{seen}{passes}, seeds {seeds}; the decision layer alone"


def _halves(values: Mapping[str, str], images: tuple[str, int], on: str | None) -> tuple[str, str]:
    """Return the selection images and the held-out images."""
    name, count = images
    everything = f"{counted(count, 'image')} of {name}"
    if test := values["test_split"].strip():
        return f"all {everything}", test
    if on is not None:
        return f"the selection half of {on}, of {everything}", "the held-out half of that edit"
    return f"one half of the {everything}", "the other half, held out from selection"


def _groups(values: Mapping[str, str]) -> str:
    chosen, said = values["group_by"], help_of(field_of("group_by"), values)
    if chosen == NO_GROUPS:
        return said
    return f"{said}: the worst of them is in all figures, and decides the verdict"


def _controls(values: Mapping[str, str]) -> Text:
    names = controls_of(method_of(values))
    return stacked(f"{name}: {CONTROLS.get(name, 'a control of the method')}" for name in names)
