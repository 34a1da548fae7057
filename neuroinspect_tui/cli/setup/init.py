"""`init`: make a workspace."""

from pathlib import Path
from typing import Annotated

import typer

from neuroinspect_tui.cli.options import Json
from neuroinspect_tui.cli.output import print_json, say
from neuroinspect_tui.program import command_line


def command(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The workspace to make.")],
    model: Annotated[str, typer.Option("--model", help="A timm name, or local-dir:DIR.")],
    data: Annotated[str, typer.Option("--data", help="An image folder or a CSV file.")],
    checkpoint: Annotated[
        str, typer.Option("--checkpoint", help=".safetensors, .pt, .pth, or none (--pretrained).")
    ] = "none",
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="With --checkpoint none: timm's own weights.")
    ] = False,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="No weights yet: `train` will make them.")
    ] = False,
    train_split: Annotated[str, typer.Option("--train-split")] = "train",
    eval_split: Annotated[str, typer.Option("--eval-split")] = "valid",
    clip: Annotated[
        str, typer.Option("--clip", help="none, MODEL/TAG, or local-dir:DIR.")
    ] = "none",
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda:N or mps.")] = "auto",
    class_names: Annotated[
        Path | None, typer.Option("--class-names", help="Text (a name a line) or JSON.")
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
        bool, typer.Option("--half-features", help="Keep features as float16: half the disk.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
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
    if checkpoint == "none" and not pretrained and not model.startswith("local-dir:"):
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
        checkpoint=checkpoint if checkpoint in ("none", UNTRAINED) else _absolute(checkpoint),
        data=_absolute(data),
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

    listed = open_split(source, eval_split)  # cheap refusals before torch is loaded
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
                "classes": len(listed.classes),
                "neurons": width,
                "images": {listed.name: len(listed.samples), trained.name: len(trained.samples)},
                "device": device,
            }
        )
    say(
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
    except (RuntimeError, ValueError) as error:  # links in a ring, a NUL byte
        raise RequestError(f"{path} leads nowhere: {error}.") from error
    return found


def _local(spec: str) -> str:
    scheme, _, rest = spec.partition(":")
    return f"local-dir:{_absolute(rest)}" if scheme == "local-dir" else spec
