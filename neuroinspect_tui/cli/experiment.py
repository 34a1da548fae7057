"""`experiment`: list, show and run the paper's experiments, with ours beside them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.schema.errors import RequestError
from engine.schema.source_specs import NONE
from neuroinspect_tui.cli.options import Device, Json
from neuroinspect_tui.cli.output import print_json, say, table
from neuroinspect_tui.program import NAME
from screens.shown import command as spelled

if TYPE_CHECKING:
    from neuroinspect_tui.experiments.declaration import Experiment
    from neuroinspect_tui.experiments.results import Results

app = typer.Typer(
    no_args_is_help=True, help="Run the paper's experiments end to end, with ours beside them."
)
MOST_SEEDS = 100


def _names() -> list[str]:
    from neuroinspect_tui.experiments.declaration import names

    return list(names())


Name = Annotated[
    str,
    typer.Argument(metavar="NAME", autocompletion=_names, help="Of an experiment, or of several "
                   "(metashift); or a file of one's own, FILE.toml."),
]  # fmt: skip


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List the experiments: what each is about, its data, and the published result.

    Example: neuroinspect-tui experiment list
    """
    from neuroinspect_tui.experiments.declaration import find, names

    found = [find(name) for name in names()]
    if json:
        return print_json(found)
    return table(
        ("|experiment", "what", "data", "published"),
        ((e.name, e.title, e.data.needs, _published(e)) for e in found),
    )


@app.command()
def show(name: Name, json: Json = False) -> None:
    """Say what an experiment is, and what running it does.

    Example: neuroinspect-tui experiment show waterbirds
    """
    from neuroinspect_tui.experiments.declaration import find_all
    from neuroinspect_tui.experiments.words import described

    found = find_all(name)
    if json:
        return print_json(found[0] if len(found) == 1 else found)
    for experiment in found:
        say(*described(experiment))
    return None


@app.command()
def run(
    name: Name,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Where the real data lie [default: data/ in "
                     "--dir]."),
    ] = None,
    miniature: Annotated[
        bool,
        typer.Option("--miniature", help="On generated pictures in the layout of the real data."),
    ] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="Take this classifier; train none."),
    ] = None,
    clip: Annotated[
        str | None,
        typer.Option("--clip", metavar="NAME", help="For real data: MODEL/TAG as open_clip lists "
                     "them, or local-dir:DIR; it gives words, groups and guides drawings."),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=MOST_SEEDS, help="Models to train, a seed each.")
    ] = 1,
    seed: Annotated[
        list[int] | None,
        typer.Option("--seed", min=0, max=2**31 - 1, help="The first seed [default: 0]; or, "
                     "repeated, each of them."),
    ] = None,
    download: Annotated[
        bool,
        typer.Option("--download", help="Download data that are missing, through torchvision."),
    ] = False,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Where experiments are kept [default: in your "
                     "user data]."),
    ] = None,
    device: Device = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Train or take a classifier, find, draw and edit, and print one table of it all.

    Published figures, the published edit here, ours, and every control. What is interrupted goes on
    where it was; each seed is a workspace that the app opens.

    Example: neuroinspect-tui experiment run waterbirds --miniature

    Example: neuroinspect-tui experiment run flowers102 --data ~/data --download --seeds 3
    """
    from neuroinspect_tui.cli.progress import follow
    from neuroinspect_tui.cli.record_lines import line, row
    from neuroinspect_tui.config import experiments_home
    from neuroinspect_tui.experiments.declaration import find_all

    if miniature and (download or any(x is not None for x in (data, checkpoint, clip))):
        raise RequestError(
            "--miniature draws its data and trains on them, with a CLIP of its own; it takes no "
            "--data, --download, --checkpoint or --clip."
        )
    chosen = _seeds(seed or [0], seeds)
    if checkpoint is not None and len(chosen) > 1:
        raise RequestError("--checkpoint is one classifier; leave --seeds out.")
    experiments = find_all(name)
    from neuroinspect_tui.experiments.run import Asked, Run

    asked = Asked(
        root=(directory or experiments_home()).expanduser().resolve(),
        miniature=miniature,
        data=None if data is None else data.expanduser(),
        checkpoint=None if checkpoint is None else checkpoint.expanduser(),
        clip=clip or NONE,
        seeds=chosen,
        download=download,
        device=device or "auto",
        command=_command(name, chosen, miniature=miniature),
    )
    found: list[Results] = []

    def records() -> Any:
        for experiment in experiments:
            results = yield from Run(experiment, asked).records()
            found.append(results)

    follow(records(), first="importing torch", on_record=line, keep=row)
    if len(experiments) == 1:
        return print_json(found[0]) if json else show_results(found[0])
    return _show_all(found, asked.root / name, asked.command, json=json)


def _show_all(found: "list[Results]", home: Path, command: str, *, json: bool) -> None:
    """Print several experiments, and what they say together."""
    from neuroinspect_tui.experiments import summary

    whole = summary.summarise(found, command)
    files = summary.write(whole, home)
    if json:
        return print_json({"experiments": found, "summary": whole})
    for results in found:
        show_results(results)
    heads = (summary.NAMING_HEADS[0], *(f">{head}" for head in summary.NAMING_HEADS[1:]))
    table(heads, map(summary.naming_cells, whole.naming), title=whole.title)
    return say(f"Written: {', '.join(files)}")


def _seeds(given: list[int], count: int) -> tuple[int, ...]:
    if len(given) == 1:
        return tuple(range(given[0], given[0] + count))
    if count > 1:
        raise RequestError("--seeds counts from one --seed; with several, leave it out.")
    return tuple(dict.fromkeys(given))


def _command(name: str, seeds: tuple[int, ...], *, miniature: bool) -> str:
    """Return the command that does it again."""
    words = [NAME, "experiment", "run", name, *(["--miniature"] if miniature else [])]
    if len(seeds) > 1 and seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return spelled(*words, "--seeds", str(len(seeds)), "--seed", str(seeds[0]))
    return spelled(*words, *(word for seed in seeds for word in ("--seed", str(seed))))


def _published(experiment: "Experiment") -> str:
    from neuroinspect_tui.experiments.words import published

    return published(experiment)


def show_results(results: "Results") -> None:
    """Print an experiment's table."""
    from neuroinspect_tui.experiments.results import HEADS, cells, controls_once

    heads = ("", *(f">{head}" for head in HEADS), ">fixed", ">broken")
    table(heads, map(cells, controls_once(results.rows)), title=results.title)
    say(*results.notes, f"Written: {', '.join(results.files)}")
    for one in results.of_seeds:
        if one.sheet is not None:
            drawn = ", ".join(map(str, one.neurons))
            say(f"Seed {one.seed}: neurons {drawn} drawn in {one.sheet}; open {one.workspace}")
