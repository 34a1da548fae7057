"""`groups`: list, make, show and export groupings of images."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from engine.schema.errors import DataError, EngineError, RequestError
from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.options import Device, Json, Seed, Workspace
from neuroinspect_tui.cli.output import print_json, say, table
from neuroinspect_tui.program import command_line
from screens.words import percent

if TYPE_CHECKING:
    from engine.data.splits import Split
    from engine.grouping.finding import Found
    from engine.grouping.store import Grouping, Member
    from neuroinspect_tui.cli.opening import Opened

app = typer.Typer(
    no_args_is_help=True, help="Group images without labels, or by a file, and use the groups."
)
Name = Annotated[
    str,
    typer.Argument(metavar="NAME", autocompletion=completion.groupings, help="Of a grouping."),
]


@app.command(name="list")
def list_(workspace: Workspace = None, json: Json = False) -> None:
    """List the groupings of a workspace.

    Example: neuroinspect-tui groups list -w ws
    """
    from engine.grouping.store import load, names
    from neuroinspect_tui.cli.opening import open_workspace

    opened, found = open_workspace(workspace), []
    for name in names(opened.home):
        try:
            found.append(load(opened.home, name))
        except EngineError as error:  # the others are whole
            sys.stderr.write(f"{error}\n")
    listed = opened.split()
    if json:
        return print_json([_summary(grouping, listed) for grouping in found])
    if not found:
        made = command_line(opened.home, "groups", "make", "NAME")
        return say(f"No groupings yet; make one with: {made}")
    return table(
        ("|grouping", "from", "values", ">purity"),
        ((g.name, _source(g), _counts(g), _purity(g, listed)) for g in found),
    )


@app.command()
def make(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    class_key: Annotated[
        list[str] | None,
        typer.Option(
            "--class", "-c", metavar="NAME|INDEX", autocompletion=completion.classes,
            help="A class to divide; may be repeated [default: all].",
        ),
    ] = None,
    neuron: Annotated[
        list[int] | None,
        typer.Option("--neuron", "-n", metavar="J", help="Divide by how strongly this neuron "
                     "fires; may be repeated: by the mean of several."),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Read the values from a table path,value "
                     "(optionally split)."),
    ] = None,
    space: Annotated[
        Literal["features"],
        typer.Option("--space", help="What describes the images to directions: the classifier's "
                     "own features."),
    ] = "features",
    split: Annotated[
        list[str] | None,
        typer.Option("--split", metavar="NAME", help="A split to group; may be repeated "
                     "[default: the evaluation split and the training split]."),
    ] = None,
    workspace: Workspace = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Group the images of a workspace, without labels: two kinds in each class.

    Without --neuron and --csv, by the direction of each class's mistakes. It is found on the
    images that `edit` with the same --seed chooses on, and on none that it reports on.

    Example: neuroinspect-tui groups make kinds -w ws

    Example: neuroinspect-tui groups make n12 -w ws --neuron 12 --class waterbird
    """
    from engine.grouping.store import check_new, save
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    del space  # one so far
    if neuron and csv is not None:
        raise RequestError("A grouping is made from one source: give --neuron or --csv.")
    opened = open_workspace(workspace, device)
    check_new(opened.home, name)
    listed = opened.split()
    classes = [class_of(listed, key) for key in class_key or ()] or range(len(listed.classes))
    classes = list(dict.fromkeys(classes))
    if csv is not None:
        members, origin = _from_csv(opened, csv, classes, split)
    else:
        members, origin = _from_features(opened, classes, neuron or [], split, seed)
    grouping = save(opened.home, name, members, origin)
    return print_json(_summary(grouping, listed)) if json else _show(grouping, opened, listed)


def _splits(opened: "Opened", asked: Sequence[str] | None) -> list["Split"]:
    """List the splits to group; the training split may be absent unless it is asked for."""
    from engine.data.splits import open_split

    source = opened.source
    if asked:
        return [open_split(source, name) for name in dict.fromkeys(asked)]
    found = [opened.split()]
    try:
        training = open_split(source, source.train_split)
    except DataError as error:
        sys.stderr.write(f"The training split gets no groups: {error}\n")
    else:
        found += [training] * (training.name != found[0].name)
    return found


def _from_features(
    opened: "Opened", classes: list[int], neurons: list[int], asked: list[str] | None, seed: int
) -> tuple[list["Member"], Any]:
    from engine.features.halves import halves
    from engine.grouping.finding import by_directions, by_neurons
    from engine.grouping.laying import members_of
    from engine.grouping.store import Origin

    splits = _splits(opened, asked)
    cache = opened.cache()
    selection, _ = halves(cache, seed)
    if neurons:
        found = by_neurons(cache, selection, classes, neurons)
    else:
        found = by_directions(cache, selection, classes, seed)
    _say_of(found)
    members = []
    for listed in splits:
        members += members_of(found, opened.cache(listed.name))
    origin = Origin(
        source="neurons" if neurons else "directions", created=_now(), split=cache.meta.split,
        cache=cache.meta.base, rows=tuple(selection.tolist()), seed=seed, space="features",
        neurons=tuple(neurons), weights=cache.meta.weights, kinds=found.kinds,
        versions=_versions(),
    )  # fmt: skip
    return members, origin


def _say_of(found: "Found") -> None:
    """Say on stderr which classes are not divided.

    Raises:
        RequestError: None is.
    """
    if found.refusal:
        raise RequestError(f"{found.refusal}; a file (--csv) or a neuron (--neuron) may tell them.")
    for note in found.notes:
        sys.stderr.write(f"{note}\n")


def _from_csv(
    opened: "Opened", file: Path, classes: list[int], asked: list[str] | None
) -> tuple[list["Member"], Any]:
    from engine.grouping.laying import matched
    from engine.grouping.store import Origin, read_members

    file = file.expanduser().absolute()
    members, left = matched(read_members(file), _splits(opened, asked), classes, file)
    if left:
        sys.stderr.write(f"{left} rows of {file} are of no image of these splits and classes.\n")
    origin = Origin(source="csv", created=_now(), file=str(file), versions=_versions())
    return members, origin


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("neuroinspect-tui", "numpy")}


@app.command()
def show(name: Name, workspace: Workspace = None, json: Json = False) -> None:
    """Show a grouping: where it comes from, and how many images of each class have which value.

    Example: neuroinspect-tui groups show kinds -w ws
    """
    from engine.grouping.store import load
    from neuroinspect_tui.cli.opening import open_workspace

    opened = open_workspace(workspace)
    grouping, listed = load(opened.home, name), opened.split()
    return print_json(_summary(grouping, listed)) if json else _show(grouping, opened, listed)


@app.command()
def export(
    name: Name,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="A .csv file that is not there yet.")
    ],
    workspace: Workspace = None,
) -> None:
    """Write a grouping as a table path,split,class,value, which `groups make --csv` reads.

    Example: neuroinspect-tui groups export kinds -w ws --out kinds.csv
    """
    from engine.grouping.store import content_of, load, write_bytes
    from neuroinspect_tui.workspace import find_home

    grouping = load(find_home(workspace), name)
    out = out.expanduser().absolute()
    if out.exists():
        raise RequestError(f"{out} exists already; name a new file.")
    write_bytes(out, content_of(grouping))
    say(f"{len(grouping.members)} images: {out}")


def _summary(grouping: "Grouping", listed: "Split") -> dict[str, Any]:
    from engine.grouping.laying import mean_purity

    return {
        "name": grouping.name,
        "values": grouping.values,
        "counts": grouping.counts,
        "purity": mean_purity(grouping, listed),
    }


def _show(grouping: "Grouping", opened: "Opened", listed: "Split") -> None:
    origin = grouping.origin
    kinds = {kind.name: kind for kind in origin.kinds} if origin else {}
    say(f"{grouping.name}: from {_source(grouping)}; purity against the data's groups "
        f"{_purity(grouping, listed)}")  # fmt: skip
    counts: dict[tuple[str, str, str], int] = {}
    for member in grouping.members:
        key = (member.split or "every split", member.class_, member.value or "none")
        counts[key] = counts.get(key, 0) + 1
    table(
        ("split", "class", "value", ">images", ">stable in"),
        (
            (split, of, value, str(count), percent(kinds[of].stability) if of in kinds else "-")
            for (split, of, value), count in sorted(counts.items())
        ),
    )
    say(
        *(f"{kind.name} is not divided: {kind.why_not}." for kind in kinds.values() if kind.why_not)
    )
    used = command_line(opened.home, "classes", "--group-by", grouping.name)
    say("Next:", f"  {used}")


def _source(grouping: "Grouping") -> str:
    return f"{grouping.source}, corrected by hand" if grouping.corrected else grouping.source


def _counts(grouping: "Grouping") -> str:
    return ", ".join(f"{value} {count}" for value, count in grouping.counts.items())


def _purity(grouping: "Grouping", listed: "Split") -> str:
    from engine.grouping.laying import mean_purity

    found = mean_purity(grouping, listed)
    return "-" if found is None else f"{found:.2f}"
