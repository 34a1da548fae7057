"""`init`: make a workspace."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.data.readers import READERS
from engine.schema.requests import Interpolation, WeightsChoice
from engine.schema.source_specs import NONE, local_directory, local_spec
from neuroinspect_tui.cli.options import Json

Triple = tuple[float, float, float] | None

if TYPE_CHECKING:
    ReaderName = str
else:  # the readers that are installed
    ReaderName = Literal[READERS.names()]


def command(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The workspace to make.")],
    model: Annotated[
        str | None, typer.Option("--model", help="A timm name, or local-dir:DIR.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="The images: a folder or a file.")
    ] = None,
    reader: Annotated[
        ReaderName | None,
        typer.Option(
            "--reader",
            metavar="NAME",
            help=f"How to read them: {', '.join(READERS.names())} [default: detected].",
        ),
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
    weights: Annotated[
        WeightsChoice,
        typer.Option("--weights", help="Of a checkpoint that has both: the average (ema) or not."),
    ] = "auto",
    train_split: Annotated[
        str, typer.Option("--train-split", help="The split to train and edit on.")
    ] = "train",
    eval_split: Annotated[
        str, typer.Option("--eval-split", help="The split to evaluate on.")
    ] = "valid",
    valid_from: Annotated[
        str | None,
        typer.Option(
            "--valid-from",
            metavar="SPLIT:SHARE",
            help="Hold out a share of each class to evaluate on: train:0.15, or all:0.2.",
        ),
    ] = None,
    class_order: Annotated[
        str | None,
        typer.Option(
            "--class-order",
            metavar="ORDER",
            help="Of the outputs: sorted, natural (2 before 10), lower, or a file of names.",
        ),
    ] = None,
    class_names: Annotated[
        Path | None,
        typer.Option(
            "--class-names",
            help="Text (one name per line) or JSON; the folders' own names state their order.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="ROLE=NAME", help="Of a table: label=diagnosis."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="As --column label=NAME: Blond_Hair.")
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", help="As --column group=NAME: Male.")
    ] = None,
    image_root: Annotated[
        Path | None, typer.Option("--image-root", help="Of a table: where its paths begin.")
    ] = None,
    mean: Annotated[
        Triple, typer.Option("--mean", help="Of the transform, by channel, of pixels 0 to 1.")
    ] = None,
    std: Annotated[Triple, typer.Option("--std", help="By channel, like --mean.")] = None,
    img_size: Annotated[
        int | None, typer.Option("--img-size", min=1, max=8192, help="Pixels a side.")
    ] = None,
    crop_pct: Annotated[
        float | None,
        typer.Option(
            "--crop-pct", min=0.01, max=4.0, help="Side of the crop over that of the image."
        ),
    ] = None,
    interpolation: Annotated[
        Interpolation | None, typer.Option("--interpolation", help="How images are resized.")
    ] = None,
    model_arg: Annotated[
        list[str] | None,
        typer.Option(
            "--model-arg", metavar="NAME=VALUE", help="For timm.create_model: global_pool=max."
        ),
    ] = None,
    exif: Annotated[
        bool, typer.Option("--exif", help="Turn images by EXIF for the model; timm does not.")
    ] = False,
    background: Annotated[
        str | None,
        typer.Option("--background", help="Lay transparency on this colour; timm drops it."),
    ] = None,
    clip: Annotated[str, typer.Option("--clip", help="none, MODEL/TAG, or local-dir:DIR.")] = NONE,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda:N or mps.")] = "auto",
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
    """Make a workspace: decide how data and checkpoint fit, try it on some images, and say so.

    On a workspace that is there already, change what is given and keep the rest.

    Example: neuroinspect-tui init ws --model resnet50 --checkpoint best.pth --data flowers/

    Example: neuroinspect-tui init ws --data /new/place/flowers
    """
    from engine.schema.requests import UNTRAINED, Source
    from neuroinspect_tui.cli.setup.intake import make

    if untrained or pretrained:
        checkpoint = UNTRAINED if untrained else NONE
    asked = {
        "model": None if model is None else _local(model),
        "checkpoint": _checkpoint(checkpoint),
        "data": None if data is None else _absolute(data),
        "reader": reader,
        "train_split": train_split,
        "eval_split": eval_split,
        "classes": None,
        "class_names": None if class_names is None else _absolute(class_names),
        "class_order": _order(class_order),
        "valid_from": valid_from,
        "columns": _columns(column or [], target, group),
        "image_root": None if image_root is None else _absolute(image_root),
        "weights": weights,
        "mean": mean,
        "std": std,
        "img_size": img_size,
        "crop_pct": crop_pct,
        "interpolation": interpolation,
        "model_args": _pairs("--model-arg", model_arg or []),
        "exif": exif,
        "background": _color(background),
        "clip": _local(clip),
        "device": device,
        "trust_pickle": trust_pickle,
        "half_features": half_features,
        "seed": seed,
    }
    flags = {"column": "columns", "target": "columns", "group": "columns",
             "model_arg": "model_args", "pretrained": "checkpoint",
             "untrained": "checkpoint"}  # fmt: skip
    stated = frozenset(
        flags.get(name, name)
        for name in ctx.params
        if getattr(ctx.get_parameter_source(name), "name", "") == "COMMANDLINE"
    )
    _absolute(directory)  # or its pictures could not be named in JSON
    make(directory, asked, stated & frozenset(Source.__struct_fields__), json=json)


def _checkpoint(checkpoint: str) -> str:
    from engine.schema.requests import UNTRAINED

    return checkpoint if checkpoint in (NONE, UNTRAINED) else _absolute(checkpoint)


def _order(order: str | None) -> str | None:
    from engine.data.class_list import ORDERS

    return order if order is None or order in ORDERS else _absolute(order)


def _columns(given: list[str], target: str | None, group: str | None) -> dict[str, str]:
    columns = {name: str(value) for name, value in _pairs("--column", given).items()}
    columns |= {} if target is None else {"label": target}
    return columns | ({} if group is None else {"group": group})


def _pairs(option: str, given: list[str]) -> dict[str, str | int | float | bool]:
    """Read NAME=VALUE; a value is a number, true or false where it looks like one."""
    from engine.schema.errors import RequestError

    found: dict[str, str | int | float | bool] = {}
    for pair in given:
        name, sign, text = pair.partition("=")
        if not (name and sign):
            raise RequestError(f"{option} {pair} is not of the form NAME=VALUE.")
        found[name] = text if option == "--column" else _value(text)
    return found


def _value(text: str) -> str | int | float | bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _color(name: str | None) -> str | None:
    from PIL import ImageColor

    from engine.schema.errors import RequestError

    try:
        if name is not None:
            ImageColor.getrgb(name)
    except ValueError as error:
        raise RequestError(f"--background: {error}; give, for example, white.") from error
    return name


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
