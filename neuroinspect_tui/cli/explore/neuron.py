"""`neuron`: one neuron, the classes that use it and the images that activate it most."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from engine.schema.records import Neuron, NeuronImage, NeuronUse
from neuroinspect_tui.cli.options import ClassKey, Detach, Device, Executor, Json, Workspace
from neuroinspect_tui.cli.output import below, print_json, say, table


def command(
    neuron: Annotated[int, typer.Argument(metavar="J", help="The neuron's index, from 0.")],
    class_key: ClassKey,
    workspace: Workspace = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write heat maps of these images there."),
    ] = None,
    device: Device = None,
    detach: Detach = False,
    executor: Executor = None,
    json: Json = False,
) -> None:
    """Show which classes use a neuron, and its top activating images.

    Example: neuroinspect-tui neuron 853 --class "sweet pea" --out pictures/
    """
    from engine.attribution.neurons import describe_neuron
    from engine.schema.requests import HeatRequest
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    opened = open_workspace(workspace, device, detach=detach, executor=executor)
    if detach and out is not None:  # that job extracts the features itself
        k = class_of(opened.split(), class_key)
        opened.run(HeatRequest(class_index=k, neuron=neuron), out=out)
    cache = opened.cache()
    k = class_of(cache, class_key)
    answer = describe_neuron(cache, neuron, k)
    if out is not None:
        answer = opened.run(HeatRequest(class_index=k, neuron=neuron), out=out)
    if json:
        return print_json(answer)
    return show(answer, cache.root)


def _uses(uses: Sequence[NeuronUse]) -> str:
    return ", ".join(f"{use.name} {use.weight:+.3f}" for use in uses) or "none"


def show(answer: Neuron, root: str = "") -> None:
    """Print a neuron; its images' paths are shown relative to `root`."""
    say(
        f"neuron {answer.neuron}: weight {answer.weight:+.4f} for {answer.class_.name}, "
        f"largest activation {answer.largest_activation:.3f}",
        f"positive weight: {_uses(answer.used_by)}",
        f"negative weight: {_uses(answer.opposed_by)}",
    )
    if root:
        say(f"Images are in {root}")
    _images("top activating images, all classes", answer.top_images, root)
    _images(f"mistakes of {answer.class_.name}", answer.mistakes, root)


def _images(title: str, images: tuple[NeuronImage, ...], root: str) -> None:
    table(
        (">activation", "class", "image"),
        (
            (
                f"{image.activation:.3f}",
                image.true.name
                + ("" if image.true == image.predicted else f" → {image.predicted.name}"),
                image.heat or below(root, image.path),
            )
            for image in images
        ),
        title=title,
    )
