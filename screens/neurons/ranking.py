"""Ranked neurons as a person arranges and selects them: rows, orders, selection. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.attribution.query import evidence_of, rank_by
from engine.attribution.ranking import order
from engine.features.cache import FeatureCache
from engine.schema.records import Neurons, RankedNeuron
from engine.words.naming_neurons import NamedNeurons
from screens.widgets.table import Column
from screens.widgets.text import Text

LISTED = 20
"""Neurons a list, as the command `neurons` lists them."""
RANKINGS: tuple[str, ...] = ("contrast", "votes", "contribution")
"""Those there always are."""
OWN = {"groups": "groups", "core-sensitivity": "core sens."}
"""The columns of those that need groups, or drawings; one number for all mistakes."""
AMBIGUOUS = "≈"


@dataclass(frozen=True)
class Sort:
    """A column to sort the rows by, on the screen only."""

    title: str
    of: Callable[[RankedNeuron], float]
    descending: bool = True


SORTS: tuple[Sort | None, ...] = (
    None,
    Sort("vote", lambda n: n.vote or 0.0),
    Sort("contrast", lambda n: n.contrast),
    Sort("contribution", lambda n: n.contribution),
    Sort("importance", lambda n: n.importance),
    Sort("stable", lambda n: n.stability or 0.0),
    Sort("classes", lambda n: n.used_by),
    Sort("neuron", lambda n: n.neuron, descending=False),
)
"""None is the ranking itself."""
RANKED_BY = {"contrast": "contrast", "votes": "vote", "contribution": "contribution", **OWN}
"""The column that each ranking sorts by."""


@dataclass(frozen=True)
class Ranking:
    """The two lists, and the one order that `--top N` takes its neurons from."""

    neurons: Neurons
    order: tuple[int, ...]
    by: str
    top: int
    ways: tuple[str, ...]
    """The rankings there are: by groups where there are groups, by drawings where there are."""
    fits: Mapping[int, float] | None = None
    """By neuron, its correlation with the text that is searched for; None without a search."""

    @property
    def drawn(self) -> bool:
        """Whether any has a core sensitivity: of its drawing."""
        listed = (*self.neurons.insufficient, *self.neurons.excessive)
        return any(ranked.core_sensitivity is not None for ranked in listed)

    @property
    def named(self) -> bool:
        """Whether neurons have words, which may be none."""
        listed = (*self.neurons.insufficient, *self.neurons.excessive)
        return any(ranked.word is not None for ranked in listed)


def rank(
    cache: FeatureCache,
    class_index: int,
    by: str,
    top: int,
    mistake: str | None,
    names: NamedNeurons | None = None,
    drawn: Path | None = None,
) -> Ranking:
    """Rank the neurons behind the mistakes of a class, or behind one of them.

    With `names`, neurons have words; with `drawn`, a folder of drawings, their core sensitivity.

    Raises:
        RequestError: There are no mistakes, or the image is not one.
    """
    evidence = evidence_of(cache, class_index, mistake, drawn)
    neurons = rank_by(cache, evidence, by=by, top=top, seed=0, mistake=mistake)
    neurons = neurons if names is None else names.labelled(neurons)
    there = {"groups": cache.groups is not None, "core-sensitivity": evidence.core_sensitivity}
    ways = (*RANKINGS, *(way for way in OWN if there[way]))
    return Ranking(neurons, tuple(order(evidence, by).tolist()), by, top, ways)


def columns(by: str, *, named: bool = False, drawn: bool = False) -> tuple[Column, ...]:
    """Return the columns; narrow tables keep the one that the ranking sorts by.

    Args:
        by: The ranking.
        named: Whether neurons have words.
        drawn: Whether any has a core sensitivity.
    """
    words = (Column("word", 18, flex=True, drop=1),) if named else ()
    if by in OWN:
        return (
            Column("neuron", 10, "right"),
            Column(OWN[by], 10, "right"),
            Column("contrast", 9, "right", drop=1),
            Column("contribution", 13, "right", drop=3),
            Column("importance", 11, "right", drop=4),
            Column("classes", 8, "right", drop=2),
            *words,
        )
    pushed = by == "contribution"
    return (
        Column("neuron", 10, "right"),
        Column("vote", 5, "right", drop=1),
        Column("contrast", 9, "right", drop=5 if pushed else 0),
        Column("contribution", 13, "right", drop=0 if pushed else 5),
        Column("importance", 11, "right", drop=4),
        Column("stable", 7, "right", drop=2),
        Column("classes", 8, "right", drop=3),
        *((Column(OWN["core-sensitivity"], 10, "right", drop=2),) if drawn else ()),
        *words,
    )


def cells(
    ranked: RankedNeuron, selected: bool, by: str, *, drawn: bool = False
) -> tuple[Text | str, ...]:
    """Return a row."""
    mark = AMBIGUOUS if ranked.ambiguous else " "
    name = f"{'[x]' if selected else '[ ]'} {ranked.neuron:>5}{mark}"
    word = () if ranked.word is None else (ranked.word or "–",)
    if by in OWN:
        return (
            name,
            f"{ranked.score:.3f}",
            f"{ranked.contrast:.4f}",
            f"{ranked.contribution:+.4f}",
            f"{ranked.importance:.3f}",
            str(ranked.used_by),
            *word,
        )
    return (
        name,
        voted(ranked),
        f"{ranked.contrast:.4f}",
        f"{ranked.contribution:+.4f}",
        f"{ranked.importance:.3f}",
        steady(ranked),
        str(ranked.used_by),
        *((sensed(ranked),) if drawn else ()),
        *word,
    )


def sensed(ranked: RankedNeuron) -> str:
    """Return the core sensitivity, a dash for a neuron that was not drawn."""
    return "–" if ranked.core_sensitivity is None else f"{ranked.core_sensitivity:.2f}"


def voted(ranked: RankedNeuron) -> str:
    """Return the vote, a dash for one too small to be published."""
    return "–" if ranked.vote is None else f"{ranked.vote:.0f}%"


def steady(ranked: RankedNeuron) -> str:
    """Return the stability, a dash for a ranking that says the same of every mistake."""
    return "–" if ranked.stability is None else f"{ranked.stability:.0%}"


def arranged(
    ranked: Iterable[RankedNeuron], sort: Sort | None, only_ambiguous: bool
) -> list[RankedNeuron]:
    """Return the rows of a list as they are shown."""
    rows = [n for n in ranked if n.ambiguous or not only_ambiguous]
    return rows if sort is None else sorted(rows, key=sort.of, reverse=sort.descending)


def leading(order: Sequence[int], selected: Iterable[int]) -> int:
    """Return how many of the order's first are selected, without a gap."""
    selected = set(selected)
    return next((n for n, neuron in enumerate(order) if neuron not in selected), len(order))


def slid(order: Sequence[int], selected: Iterable[int], places: int) -> tuple[int, ...]:
    """Return the selection with N moved by `places`; what is selected beyond the first N stays."""
    selected = set(selected)
    before = leading(order, selected)
    after = max(0, min(len(order), before + places))
    return sorted_selected(order, (selected - set(order[after:before])) | set(order[:after]))


def toggled(order: Sequence[int], selected: Iterable[int], neuron: int) -> tuple[int, ...]:
    """Return the selection with one neuron added or removed."""
    return sorted_selected(order, set(selected) ^ {neuron})


def sorted_selected(order: Sequence[int], selected: Iterable[int]) -> tuple[int, ...]:
    """Return the selection in the order of the ranking; neurons not ranked come last."""
    rank = {neuron: place for place, neuron in enumerate(order)}
    return tuple(sorted(set(selected), key=lambda neuron: (rank.get(neuron, len(rank)), neuron)))
