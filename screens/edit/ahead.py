"""What an edit will do, before it runs: what it changes, trains, chooses and reports by. Pure."""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from engine.editing.methods.base import controls_of
from screens.edit.form import field_of, method_of, request_of, suggested
from screens.words import counted

CONTROLS = {
    "lambda 0": "the same fit without the edit's own term",
    "placebo": "as many random neurons of the same signs",
    "bias shift": "what one shifted bias buys at the same cost",
}


def ahead(values: Mapping[str, str], images: tuple[str, int], train: str, on: str | None) -> Table:
    """Return what a form without problems comes to.

    Args:
        values: The form's.
        images: The evaluation split's name, and how many images it has.
        train: The training split's name.
        on: The edit it starts from.
    """
    table = Table.grid(padding=(0, 2, 1, 0), expand=True)
    table.add_column(width=10)
    table.add_column(ratio=1)
    chosen, reported = _halves(values, images, on)
    decides = field_of("select").choices[values["select"]]
    for title, said in (
        ("changes", _changes(values)),
        ("trains on", _trains(values, train)),
        ("chooses on", f"{chosen}: {decides}"),
        ("reports on", reported),
        ("beside it", _controls(values)),
        ("then", "the comparison opens; the checkpoint stays as it is"),
    ):
        table.add_row(Text(title, style="dim"), said)
    return table


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
    """Return where is chosen and where is reported."""
    name, count = images
    everything = f"{counted(count, 'image')} of {name}"
    if test := values["test_split"].strip():
        return f"all {everything}", test
    if on is not None:
        return f"what {on} did not report on, of {everything}", "what that edit reported on"
    return f"one half of the {everything}", "the other half, which nothing is chosen by"


def _controls(values: Mapping[str, str]) -> str:
    names = controls_of(method_of(values))
    return "\n".join(f"{name}: {CONTROLS.get(name, 'a control of the method')}" for name in names)
