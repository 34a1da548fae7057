"""The form of an edit: its fields, which of them matter, what they say and what they may be."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast, get_args

from engine.editing.plan import PAPER_TOP, WIDE_TOP, recipe_of
from engine.schema.requests import By, EditRequest, Method, Preset

RANKED = frozenset({"zero", "ratio"})
TRAINED = frozenset({"ratio", "weighted", "focal"})
ALL = frozenset(get_args(Method))
NEED_GROUPS = ("dfr", "direction", "worst-group")
METHODS = {
    "zero": "silences the neurons for these classes and refits the biases; at once",
    "ratio": "trains until the class keeps its probability when the neurons are silenced",
    "weighted": "trains with rare classes weighted up; needs no neurons",
    "focal": "trains with hard images weighted up; needs no neurons",
    "dfr": "logistic regression on group-balanced draws (Kirichenko et al. 2023)",
    "afr": "weights up what the classifier got wrong, pulled to where it was",
    "direction": "takes the direction between groups out of the weights",
}
PRESETS = {
    "wide": "ratio 1 for every class concerned, lambda 0.1, the top 40%",
    "paper": "as published: a ratio by the neurons' importance, lambda 0.01, the top 5",
    "bird": "as published for two classes: one ratio a batch, lambda 0.01, the top 5",
}
ORDERS = {
    "usual": "votes for paper and bird, contrast for all else",
    "contrast": "by how far mistakes differ from images the classifier gets right",
    "votes": "by how many mistakes' counterfactuals name them",
    "contribution": "by how much they push towards the wrong class",
}
ROWS = {
    "concerned": "only the class and what its mistakes are taken for",
    "all": "every class may change",
}
SELECTS = {
    "accuracy": "overall accuracy on the choosing images decides (as published)",
    "worst-class": "the worst class on the choosing images decides",
    "mistake-aware": "the mean over what was right and what was wrong decides",
    "worst-group": "the worst group on the choosing images decides",
}


@dataclass(frozen=True)
class Field:
    """A field of the form: a choice among words, or text."""

    name: str
    title: str
    help: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    """What may be chosen, each with its line of help."""
    methods: frozenset[str] = ALL
    """Those it matters to."""
    kind: type[int] | type[float] | type[str] = str
    least: float = 0
    most: float = 0
    allowed: str = ""
    """Characters a key may put in; empty: all."""

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


def _number(name: str, title: str, help: str, least: float, most: float, **more: Any) -> Field:
    kind = more.pop("kind", int)
    allowed = "0123456789" + (".e-+" if kind is float else "")
    return Field(name, title, help, kind=kind, least=least, most=most, allowed=allowed, **more)


RATIO = frozenset({"ratio"})
FIELDS = (
    Field("method", "method", choices=METHODS),
    Field("preset", "preset", choices=PRESETS, methods=RATIO),
    Field("neurons", "neurons", "the neurons themselves; empty: the top N of the order",
          methods=RANKED, allowed="0123456789 ,"),
    Field("top", "top N", "N, N% of all neurons, or auto: what does best on the choosing images",
          methods=RANKED, allowed="0123456789.%auto"),
    Field("by", "order", choices=ORDERS, methods=RANKED),
    Field("rows", "rows", choices=ROWS, methods=RANKED),
    _number("target", "target", "the ratio aimed at; 1: do not depend on these neurons at all",
            1e-3, 1e3, kind=float, methods=RATIO),
    _number("strength", "strength", "lambda, the weight of the ratio beside the loss; 0: none",
            0, 1e6, kind=float, methods=RATIO),
    _number("epochs", "epochs", "passes over the training images", 0, 100_000, methods=TRAINED),
    _number("lr", "lr", "Adam's step size", 1e-9, 10, kind=float, methods=TRAINED),
    _number("batch_size", "batch size", "training images a step", 1, 1_000_000, methods=TRAINED),
    _number("views", "views", "over 1: so many augmented views of the training images",
            1, 1000, methods=TRAINED | {"afr"}),
    _number("seeds", "seeds", "runs of everything with chance; intervals are over them", 1, 100),
    Field("select", "select", choices=SELECTS),
    Field("test_split", "test split",
          "reports there, and chooses on the whole evaluation split instead of half of it"),
)  # fmt: skip
BY_NAME = {some.name: some for some in FIELDS}


def options(some: Field, grouped: bool) -> tuple[str, ...]:
    """Return what may be chosen; some of it needs groups."""
    return tuple(word for word in some.choices if grouped or word not in NEED_GROUPS)


def matters(some: Field, values: Mapping[str, str]) -> bool:
    """Return whether a field says anything to the method chosen."""
    if some.name in ("top", "by") and values["neurons"].strip():
        return False
    return values["method"] in some.methods


def begin(neurons: tuple[int, ...], top: str) -> dict[str, str]:
    """Return the values of a fresh form."""
    values = {some.name: next(iter(some.choices), "") for some in FIELDS}
    values["neurons"] = " ".join(map(str, neurons))
    values["top"] = "" if top == "auto" else top
    return values


def filled(request: EditRequest) -> dict[str, str]:
    """Return the values of the form that made a request."""
    values = begin(request.neurons, request.top)
    usual = _usual(values | {"method": request.method, "preset": request.preset})
    plain = EditRequest(classes=request.classes)
    for name in values.keys() - {"neurons", "top"}:
        given = getattr(request, name)
        values[name] = str(given) if given is not None else ""
        if not BY_NAME[name].choices and given == getattr(plain, name):
            values[name] = ""
    if request.by == usual:
        values["by"] = "usual"
    return values


def problems(values: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong, field by field, among those that matter."""
    found = {
        some.name: some.problem(values[some.name].strip())
        for some in FIELDS
        if matters(some, values)
    }
    top = values["top"].strip()
    if "top" in found and top not in ("", "auto") and not re.fullmatch(r"\d+|\d+(\.\d+)?%", top):
        found["top"] = "give N, N% or auto"
    return {name: wrong for name, wrong in found.items() if wrong}


def _usual(values: Mapping[str, str]) -> By:
    return "votes" if values["method"] == "ratio" and values["preset"] != "wide" else "contrast"


def request_of(values: Mapping[str, str], class_index: int, on: str | None = None) -> EditRequest:
    """Return what a form without problems asks for; fields that do not matter are left out."""
    given: dict[str, Any] = {}
    for some in FIELDS:
        text = values[some.name].strip()
        if matters(some, values) and text and text != "usual" and some.name != "neurons":
            given[some.name] = some.kind(text)
    if matters(BY_NAME["neurons"], values):
        given["neurons"] = tuple(map(int, re.findall(r"\d+", values["neurons"])))
        given.setdefault("by", _usual(values))
    if given.get("neurons"):
        given.pop("top", None)
    return EditRequest(classes=(class_index,), on=on, **given)


def suggested(some: Field, values: Mapping[str, str]) -> str:
    """Return what an empty field comes to, given the others."""
    method, preset = values["method"], values["preset"]
    plain = EditRequest(classes=(0,), method=cast(Method, method), preset=cast(Preset, preset))
    recipe = recipe_of(plain)
    told: dict[str, Callable[[], str]] = {
        "top": lambda: _auto(method, preset),
        "neurons": lambda: "the top N",
        "target": lambda: (
            "auto: from importance" if recipe.target is None else f"{recipe.target:g}"
        ),
        "strength": lambda: f"{recipe.strength:g}",
        "lr": lambda: f"{recipe.lr:g}",
        "batch_size": lambda: f"{recipe.batch_size}",
        "test_split": lambda: "none: half and half",
    }
    return told[some.name]() if some.name in told else str(getattr(plain, some.name))


def _auto(method: str, preset: str) -> str:
    if method == "zero":
        return "auto: tries 2 to 60%"
    return f"auto: {WIDE_TOP if preset == 'wide' else PAPER_TOP}"


def words_of(values: Mapping[str, str], name: str, on: str | None) -> tuple[str, ...]:
    """Return the `edit` command of a form."""
    words = ["edit", "--class", name]
    fresh = begin((), "auto")
    for some in FIELDS:
        text = values[some.name].strip()
        if not matters(some, values) or text == fresh[some.name]:
            continue
        if some.name == "neurons":
            words += [word for j in re.findall(r"\d+", text) for word in ("--neuron", j)]
        else:
            words += [f"--{some.name.replace('_', '-')}", text]
    return (*words, *(("--on", on) if on else ()))
