"""The form of an edit: its fields, which of them matter, what they say and what they may be.

Methods and rankings are those of the registries, and so are their fields and lines of help.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from msgspec import structs

from engine.attribution.rankings import RANKINGS
from engine.editing.methods import DEFAULT, EDIT_METHODS
from engine.editing.methods.base import EditMethod
from engine.grouping.store import FOUND
from engine.schema.bounds import bounds
from engine.schema.requests import EditRequest, Preset

AUTO = "auto"
OF_NEURONS = ("neurons", "top", "by", "rows")
"""The fields of methods that need neurons."""
OF_EVERY_METHOD = ("method", "seeds", "select", "group_by", "test_split")
"""Every edit tells its worst group, and its verdict goes by that."""
NO_GROUPS, OWN_GROUPS = "none", "the data's own"
UNSAID = (("by", AUTO), ("group_by", NO_GROUPS), ("group_by", OWN_GROUPS))
"""What a request says by not naming it."""
PRESETS = {
    "wide": "ratio 1 for every affected class, lambda 0.1, the top 40% of the neurons",
    "paper": "as published: a ratio by the neurons' importance, lambda 0.01, the top 5",
    "bird": "as published for two classes: one ratio a batch, lambda 0.01, the top 5",
}
ROWS = {
    "affected": "only the class and what its mistakes are predicted as",
    "all": "every class may change",
}
SELECTS = {
    "accuracy": "overall accuracy on the selection images decides (as published)",
    "worst-class": "the worst class on the selection images decides",
    "mistake-aware": "the mean over what was right and what was wrong decides",
    "worst-group": "the worst group on the selection images decides",
}


@dataclass(frozen=True)
class Field:
    """A field of the form: a choice among words, or text."""

    name: str
    title: str
    help: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    """What may be chosen, each with its line of help."""
    kind: type[int] | type[float] | type[str] = str
    least: float = 0
    most: float = 0

    def problem(self, text: str) -> str:
        """Return what is wrong with a text, or nothing."""
        if self.kind is str or not text:
            return ""
        try:
            value = float(self.kind(text))
        except ValueError:
            return "no whole number" if self.kind is int else "no number"
        if not self.least <= value <= self.most:  # NaN compares false
            return f"give {self.least:g} to {self.most:g}"
        return ""


def _number(
    name: str, title: str, help: str, within: tuple[float, float], kind: type[int] | type[float]
) -> Field:
    return Field(name, title, help, kind=kind, least=within[0], most=within[1])


@cache
def fields() -> tuple[Field, ...]:
    """Return all fields, those of third parties' methods too."""
    within = bounds(EditRequest)
    kinds = EDIT_METHODS.all()
    methods = {DEFAULT: kinds[DEFAULT].help, **{name: kind.help for name, kind in kinds.items()}}
    rankings = {name: ranking.help for name, ranking in RANKINGS.all().items()}
    own = {some.name: some for kind in kinds.values() for some in kind.own_options}
    return (
        Field("method", "method", choices=methods),
        Field("preset", "preset", choices=PRESETS),
        Field("neurons", "neurons", "the neurons themselves; empty: the top N of the ranking"),
        Field("top", "top N", "N, N% of all neurons, or auto: what does best on the selection "
              "images"),
        Field("by", "ranking", choices={AUTO: "the method's own ranking", **rankings}),
        Field("rows", "rows", choices=ROWS),
        _number("target", "target", "the target ratio; 1: do not depend on these neurons at all",
                within["target"], float),
        _number("strength", "strength", "lambda, the weight of the ratio term; 0: none",
                within["strength"], float),
        _number("epochs", "epochs", "passes over the training features", within["epochs"], int),
        _number("lr", "lr", "Adam's learning rate", within["lr"], float),
        _number("batch_size", "batch size", "training images a step", within["batch_size"], int),
        _number("views", "views", "the number of augmented views of the training images; 1: the "
                "images as they are", within["views"], int),
        *(_number(name, name, some.help, (some.least, some.largest), float)
          for name, some in own.items()),
        _number("seeds", "seeds", "the number of random seeds; intervals are over them",
                within["seeds"], int),
        Field("select", "select", choices=SELECTS),
        Field("group_by", "groups", choices={
            NO_GROUPS: "the data has no groups, and none are found",
            OWN_GROUPS: "the groups of the data",
            FOUND: "found without labels for this edit, on its selection images",
        }),
        Field("test_split", "test split", "the split to report on; the whole evaluation split "
              "then selects, instead of half of it"),
    )  # fmt: skip


def field_of(name: str) -> Field:
    """Return a field by its name."""
    return next(some for some in fields() if some.name == name)


def options(some: Field, grouped: bool, stored: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what may be chosen.

    Args:
        some: The field.
        grouped: Whether the data has groups.
        stored: The names of the workspace's groupings.
    """
    if some.name != "group_by":
        return tuple(some.choices)
    return tuple(dict.fromkeys((usual_groups(grouped), FOUND, *stored)))


def usual_groups(grouped: bool) -> str:
    """Return the groups of an edit that names none."""
    return OWN_GROUPS if grouped else NO_GROUPS


def help_of(some: Field, values: Mapping[str, str]) -> str:
    """Return a line of help on a field, or on what is chosen in it."""
    chosen = values[some.name]
    if some.name == "group_by" and chosen == NO_GROUPS and method_of(values).finds_groups:
        return f"none are named, and {values['method']} finds some itself"
    if some.name == "group_by" and chosen == NO_GROUPS and (what := _needing_groups(values)):
        return f"{what} needs groups: take found, or those of a grouping"
    if some.name == "group_by" and chosen not in some.choices:
        return f"those of the grouping {chosen}, instead of the data's own"
    return some.choices[chosen] if some.choices else some.help


def _needing_groups(values: Mapping[str, str]) -> str:
    """Return what in a form needs groups; nothing where it does without."""
    if "groups" in method_of(values).needs:
        return values["method"]
    if values["select"] == "worst-group":
        return "worst-group"
    by = values["by"] == "groups" and matters(field_of("by"), values)
    return "the ranking groups" if by else ""


def method_of(values: Mapping[str, str]) -> EditMethod:
    """Return the method chosen."""
    return EDIT_METHODS.get(values["method"])


def matters(some: Field, values: Mapping[str, str]) -> bool:
    """Return whether a field says anything to the method chosen."""
    method = method_of(values)
    if some.name in ("top", "by") and values["neurons"].strip():
        return False
    if some.name in OF_NEURONS:
        return "neurons" in method.needs
    own = [option.name for option in method.own_options]
    return some.name in (*OF_EVERY_METHOD, *method.options, *own)


def begin(neurons: tuple[int, ...], top: str) -> dict[str, str]:
    """Return the values of a fresh form."""
    values = {some.name: next(iter(some.choices), "") for some in fields()}
    values["neurons"] = " ".join(map(str, neurons))
    values["top"] = "" if top == "auto" else top
    return values


def filled(request: EditRequest) -> dict[str, str]:
    """Return the values of the form that made a request."""
    values = begin(request.neurons, request.top)
    plain = EditRequest(classes=request.classes)
    given = structs.asdict(request) | {"by": request.by or AUTO} | request.options
    for name in values.keys() - {"neurons", "top"}:
        value = given.get(name)
        usual = NO_GROUPS if name == "group_by" else ""
        values[name] = str(value) if value is not None else usual
        if not field_of(name).choices and value == getattr(plain, name, None):
            values[name] = ""
    return values


def problems(values: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong, field by field, among those that matter."""
    found = {
        some.name: some.problem(values[some.name].strip())
        for some in fields()
        if matters(some, values)
    }
    top = values["top"].strip()
    if "top" in found and top not in ("", "auto") and not re.fullmatch(r"\d+|\d+(\.\d+)?%", top):
        found["top"] = "give N, N% or auto"
    if values["group_by"] == NO_GROUPS and _needing_groups(values):
        found["group_by"] = "needed: → takes found"
    if "neurons" in found and not re.fullmatch(r"[\d\s,]*", values["neurons"]):
        found["neurons"] = "give neurons, such as 3 17"
    return {name: wrong for name, wrong in found.items() if wrong}


def request_of(values: Mapping[str, str], class_index: int, on: str | None = None) -> EditRequest:
    """Return what a form without problems asks for; fields that do not matter are left out."""
    given: dict[str, Any] = {}
    own = {option.name for option in method_of(values).own_options}
    for some in fields():
        text = values[some.name].strip()
        if matters(some, values) and text and (some.name, text) not in UNSAID:
            given[some.name] = some.kind(text)
    if "neurons" in given:
        given["neurons"] = tuple(map(int, re.findall(r"\d+", values["neurons"])))
        given.pop("top", None)
    options = {name: float(given.pop(name)) for name in own & given.keys()}
    return EditRequest(classes=(class_index,), on=on, options=options, **given)


def suggested(some: Field, values: Mapping[str, str]) -> str:
    """Return what an empty field comes to, given the others."""
    method = method_of(values)
    plain = EditRequest(
        classes=(0,), method=values["method"], preset=cast(Preset, values["preset"])
    )
    recipe = method.recipe(plain)
    own = {option.name: option for option in method.own_options}
    told: dict[str, Callable[[], str]] = {
        "top": lambda: f"auto: {method.auto_top(plain)}",
        "neurons": lambda: "the top N",
        "target": lambda: (
            "auto: from importance" if recipe.target is None else f"{recipe.target:g}"
        ),
        "strength": lambda: f"{recipe.strength:g}",
        "lr": lambda: f"{recipe.lr:g}",
        "batch_size": lambda: f"{recipe.batch_size}",
        "test_split": lambda: "none: half and half",
    }
    if some.name in own:
        return f"{own[some.name].default:g}"
    return told[some.name]() if some.name in told else str(getattr(plain, some.name))


def words_of(values: Mapping[str, str], name: str, on: str | None) -> tuple[str, ...]:
    """Return the `edit` command of a form."""
    words = ["edit", "--class", name]
    fresh = begin((), "auto")
    own = {option.name for option in method_of(values).own_options}
    for some in fields():
        text = values[some.name].strip()
        if not matters(some, values) or text == fresh[some.name] or (some.name, text) in UNSAID:
            continue
        if some.name == "neurons":
            words += [word for j in re.findall(r"\d+", text) for word in ("--neuron", j)]
        elif some.name in own:
            words += ["--set", f"{some.name}={text}"]
        else:
            words += [f"--{some.name.replace('_', '-')}", text]
    return (*words, *(("--on", on) if on else ()))
