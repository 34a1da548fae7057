"""`groups`: list, make, show and export groupings of images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from engine.schema.errors import EngineError, RequestError
from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.options import Device, Json, Seed, Workspace
from neuroinspect_tui.cli.output import note, print_json, say, table
from neuroinspect_tui.program import command_line
from screens.words import percent

if TYPE_CHECKING:
    from engine.data.splits import Split
    from engine.grouping.store import Grouping
    from neuroinspect_tui.cli.opening import Opened

Space = Literal["clip", "features"]
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
            note(str(error))
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
    words: Annotated[
        str | None,
        typer.Option("--words", metavar="A,B", help="Divide by which of two words CLIP finds "
                     "images more like, such as land,water."),
    ] = None,
    query: Annotated[
        list[str] | None,
        typer.Option("--query", metavar="TEXT", help="Divide by how like a text CLIP finds them."),
    ] = None,
    space: Annotated[
        Space | None,
        typer.Option("--space", help="What describes the images to directions: CLIP's image "
                     "features, or the classifier's own [default: where the gaps between the "
                     "kinds are clearer]."),
    ] = None,
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

    Without --neuron, --words, --query and --csv, by the direction of each class's mistakes. What is
    found is found on the images that `edit` with the same --seed chooses on, and on none that it
    reports on.

    Example: neuroinspect-tui groups make kinds -w ws

    Example: neuroinspect-tui groups make place -w ws --words land,water

    Example: neuroinspect-tui groups make n12 -w ws --neuron 12 --class waterbird
    """
    from engine.grouping.store import check_new, save
    from neuroinspect_tui.cli import group_sources as sources
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    given = {"--neuron": neuron, "--csv": csv, "--words": words, "--query": query}
    _check([option for option, value in given.items() if value is not None], space)
    opened = open_workspace(workspace, device)
    check_new(opened.home, name)
    listed = opened.split()
    classes = [class_of(listed, key) for key in class_key or ()] or range(len(listed.classes))
    asked = sources.Asked(opened, list(dict.fromkeys(classes)), split, seed)
    if csv is not None:
        members, origin = sources.from_csv(asked, csv)
    elif neuron:
        members, origin = sources.from_neurons(asked, neuron)
    elif words is not None:
        members, origin = sources.from_words(asked, words)
    elif query:
        members, origin = sources.from_query(asked, query)
    else:
        members, origin = sources.from_directions(asked, space)
    grouping = save(opened.home, name, members, origin)
    return print_json(_summary(grouping, listed)) if json else _show(grouping, opened, listed)


def _check(sources: list[str], space: str | None) -> None:
    if len(sources) > 1:
        raise RequestError(f"A grouping is made from one source: give {' or '.join(sources)}.")
    if sources and space is not None:
        raise RequestError(f"--space is of directions; {sources[0]} needs none: leave it out.")


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
        "space": (grouping.origin and grouping.origin.space) or None,
        "kinds": grouping.origin.kinds if grouping.origin else (),
    }


def _show(grouping: "Grouping", opened: "Opened", listed: "Split") -> None:
    from engine.grouping.described import IN_SPACE

    origin = grouping.origin
    kinds = {kind.name: kind for kind in origin.kinds} if origin else {}
    say(f"{grouping.name}: from {_source(grouping)}; purity against the data's groups "
        f"{_purity(grouping, listed)}")  # fmt: skip
    if origin and origin.space:
        say(f"Found {IN_SPACE[origin.space]}. {origin.why}".strip())
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
    say(*(kind.in_words for kind in kinds.values() if kind.in_words))
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
