"""`init`: make a workspace."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.data.readers import READERS
from engine.schema.source_specs import NONE, local_directory, local_spec
from neuroinspect_tui.cli.options import Json
from neuroinspect_tui.cli.output import print_json, say
from neuroinspect_tui.program import command_line

if TYPE_CHECKING:
    ReaderName = str
else:  # the readers that are installed
    ReaderName = Literal[READERS.names()]


def command(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The workspace to make.")],
    model: Annotated[str, typer.Option("--model", help="A timm name, or local-dir:DIR.")],
    data: Annotated[str, typer.Option("--data", help="The images: a folder or a file.")],
    reader: Annotated[
        ReaderName | None,
        typer.Option("--reader", help="How to read them [default: detected from the data]."),
    ] = None,
    checkpoint: Annotated[
        str, typer.Option("--checkpoint", help=".safetensors, .pt, .pth, or none (--pretrained).")
    ] = NONE,
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="With --checkpoint none: timm's own weights.")
    ] = False,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="There are no weights yet; `train` makes them.")
    ] = False,
    train_split: Annotated[
        str, typer.Option("--train-split", help="The split to train and edit on.")
    ] = "train",
    eval_split: Annotated[
        str, typer.Option("--eval-split", help="The split to evaluate on.")
    ] = "valid",
    clip: Annotated[str, typer.Option("--clip", help="none, MODEL/TAG, or local-dir:DIR.")] = NONE,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda:N or mps.")] = "auto",
    class_names: Annotated[
        Path | None, typer.Option("--class-names", help="Text (one name per line) or JSON.")
    ] = None,
    trust_pickle: Annotated[
        bool,
        typer.Option(
            "--trust-pickle",
            help="Load a pickled model. A pickle runs its author's code on this machine, with "
            "your rights: only for files you made or trust fully.",
        ),
    ] = False,
    half_features: Annotated[
        bool, typer.Option("--half-features", help="Store features as float16, in half the space.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of augmentation.")] = 0,
    json: Json = False,
) -> None:
    """Make a workspace, and check that all it names loads.

    Example: neuroinspect-tui init ws --model resnet50 --checkpoint best.pth --data flowers/
    """
    from engine.schema.errors import RequestError
    from engine.schema.requests import UNTRAINED, Source
    from neuroinspect_tui.cli.progress import follow
    from neuroinspect_tui.workspace import FILE, write_source

    if untrained:
        checkpoint = UNTRAINED
    if checkpoint == NONE and not pretrained and local_directory(model) is None:
        raise RequestError(
            "No weights: give --checkpoint FILE, --pretrained for timm's own, or --untrained."
        )
    if (directory / FILE).exists():
        raise RequestError(f"{directory / FILE} exists already; edit it, or choose another DIR.")
    if directory.exists() and not directory.is_dir():
        raise RequestError(f"{directory} is a file; a workspace is a directory.")
    _absolute(directory)  # or its pictures could not be named in JSON
    source = Source(
        model=_local(model),
        checkpoint=checkpoint if checkpoint in (NONE, UNTRAINED) else _absolute(checkpoint),
        data=_absolute(data),
        reader=reader,
        train_split=train_split,
        eval_split=eval_split,
        class_names=None if class_names is None else _absolute(class_names),
        clip=_local(clip),
        device=device,
        trust_pickle=trust_pickle,
        half_features=half_features,
        seed=seed,
    )
    from engine.data.splits import open_split

    listed = open_split(source, eval_split)  # refuses bad data before torch is imported
    trained = open_split(source, train_split)
    from engine.session import TorchEngine

    engine = TorchEngine(source, directory)
    follow(engine.check(), first="importing torch")
    device = str(engine.device)  # refused before anything is written
    path = write_source(directory, source)
    width = None if untrained else engine.classifier.width
    if json:
        return print_json(
            {
                "workspace": str(directory),
                "reader": listed.reader,
                "classes": len(listed.classes),
                "neurons": width,
                "images": {listed.name: len(listed.samples), trained.name: len(trained.samples)},
                "device": device,
            }
        )
    say(
        f"{source.data} read as {READERS.get(listed.reader).title} (reader {listed.reader}).",
        f"{path} written: {model}, {f'{width} neurons' if width else 'untrained'}, "
        f"{len(listed.classes)} classes, {len(listed.samples)} images to evaluate, "
        f"{len(trained.samples)} to train, on {device}.",
        f"Next: {command_line(directory, 'train' if untrained else 'classes')}",
    )
    return None


def _absolute(path: str | Path) -> str:
    from engine.schema.errors import RequestError
    from neuroinspect_tui.workspace import expanded

    try:
        found = str(expanded(path).resolve())
        found.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RequestError(f"{path} is not named in UTF-8; rename it or its directory.") from error
    except (RuntimeError, ValueError) as error:  # a circle of links, a NUL byte
        raise RequestError(f"{path} leads nowhere: {error}.") from error
    return found


def _local(spec: str) -> str:
    local = local_directory(spec)
    return spec if local is None else local_spec(_absolute(local))
