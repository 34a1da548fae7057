"""`illusion`: draw what neurons respond to, given a class."""

from pathlib import Path
from typing import Annotated

import typer

from engine.schema.records import Illusions
from engine.schema.requests import OBJECTIVE, PARAMETERIZATION, IllusionRequest
from neuroinspect_tui.cli.choices import ObjectiveName, ParameterizationName
from neuroinspect_tui.cli.options import ClassKey, Detach, Device, Executor, Json, Seed, Workspace
from neuroinspect_tui.cli.output import print_json, say, table


def command(
    class_key: ClassKey,
    neuron: Annotated[
        list[int], typer.Option("--neuron", "-n", metavar="J", help="A neuron; may be repeated.")
    ],
    workspace: Workspace = None,
    steps: Annotated[
        int, typer.Option("--steps", min=1, max=100_000, help="Optimization steps.")
    ] = 450,
    size: Annotated[
        int,
        typer.Option("--size", min=0, max=2048, help="Pixels a side (0: the model's input size)."),
    ] = 0,
    seed: Seed = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Write the pictures there [default: illusions/ of the workspace].",
        ),
    ] = None,
    every: Annotated[
        int,
        typer.Option(
            "--every", min=0, metavar="K", help="Write a preview every K steps (0: none)."
        ),
    ] = 0,
    clip: Annotated[
        bool, typer.Option("--clip/--no-clip", help="Guide the optimization by CLIP.")
    ] = True,
    parameterization: Annotated[
        ParameterizationName,
        typer.Option(
            "--parameterization",
            help="What the picture is made of: fourier, the published one, or maco, the phases of "
            "a picture whose magnitudes are those of the evaluation images.",
        ),
    ] = PARAMETERIZATION,
    objective: Annotated[
        ObjectiveName,
        typer.Option(
            "--objective",
            help="What is maximized: product, the published one, or neuron-first, in which class "
            "and CLIP count once the neuron activates as on its top images.",
        ),
    ] = OBJECTIVE,
    device: Device = None,
    detach: Detach = False,
    executor: Executor = None,
    json: Json = False,
) -> None:
    """Draw what neurons respond to, given a class.

    Writes a PNG for each neuron, and one sheet with all of them. The paper's drawings are those
    of --parameterization fourier --objective product.

    Example: neuroinspect-tui illusion --class "sweet pea" --neuron 853 --neuron 573
    """
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    opened = open_workspace(workspace, device, detach=detach, executor=executor)
    request = IllusionRequest(
        class_index=class_of(opened.split(), class_key),
        neurons=tuple(dict.fromkeys(neuron)),
        steps=steps,
        size=size,
        seed=seed,
        every=every,
        use_clip=clip,
        parameterization=parameterization,
        objective=objective,
    )
    answer = opened.run(request, out=out)
    return print_json(answer) if json else show(answer)


def show(answer: Illusions) -> None:
    """Print what was drawn."""
    first = answer.illusions[0]
    guide = f"with {answer.clip}" if answer.clip else "without CLIP"
    say(f"{answer.class_.name}, drawn {guide} ({first.parameterization}, {first.objective})")
    table(
        (
            ">neuron",
            ">activation",
            ">of real",
            "predicted",
            ">p(class)",
            ">CLIP",
            ">core sens.",
            ">s",
            "picture",
        ),
        (
            (
                str(i.neuron),
                f"{i.activation:.3f}",
                "-" if i.activation_ratio is None else f"{i.activation_ratio:.1f}x",
                i.predicted.name,
                f"{i.p_class:.2f}",
                "-" if i.clip_cosine is None else f"{i.clip_cosine:.2f}",
                "-" if i.core_sensitivity is None else f"{i.core_sensitivity:.2f}",
                f"{i.seconds:.0f}",
                Path(i.path or "").name,
            )
            for i in answer.illusions
        ),
    )
    say(f"Pictures are in {Path(str(answer.sheet)).parent}; all on one sheet: {answer.sheet}")
