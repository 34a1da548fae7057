"""`study`: a quiz about what neurons see, its answers, and how often they are right."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.schema.errors import RequestError
from engine.schema.source_specs import NONE as NO_CLIP
from neuroinspect_tui.cli.options import Device, Json, Seed, Workspace
from neuroinspect_tui.cli.output import note, print_json, say, table
from neuroinspect_tui.cli.progress import follow
from neuroinspect_tui.program import NAME
from screens.shown import command
from screens.words import counted, interval, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.schema.records import Progress
    from engine.schema.requests import Source
    from neuroinspect_tui.study.records import Answers, Quiz
    from neuroinspect_tui.study.scoring import ObserverScore, Score, Scores

app = typer.Typer(
    no_args_is_help=True, help="Ask people which image goes with a neuron, and score the answers."
)
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE.json", help="The right answers [default: beside the "
                 "quiz, QUIZ.key.json]."),
]  # fmt: skip


@app.command()
def make(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE.html", help="A file that is not there yet.")
    ],
    key: KeyFile = None,
    workspace: Workspace = None,
    neurons: Annotated[
        int,
        typer.Option("--neurons", min=1, max=500, metavar="N", help="Neurons, drawn at random."),
    ] = 20,
    neuron: Annotated[
        list[int] | None,
        typer.Option("--neuron", "-n", metavar="J", help="Ask about this one; may be repeated."),
    ] = None,
    questions: Annotated[
        int | None,
        typer.Option("--questions", min=1, max=2000, metavar="N",
                     help="Questions an observer is asked [default: one a neuron]."),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option("--condition", metavar="NAME", help="What explains a neuron: none, "
                     "activation, published, maco, images or heat; may be repeated [default: "
                     "all]."),
    ] = None,
    steps: Annotated[
        int, typer.Option("--steps", min=1, max=100_000, help="Optimization steps of a drawing.")
    ] = 450,
    seed: Seed = 0,
    device: Device = None,
) -> None:  # fmt: skip
    """Write a quiz as one HTML file, and its right answers as another.

    A question explains a neuron by a drawing, or by real images with heat maps or without, or not
    at all, and asks which of two images of one class the neuron activates for. The quiz has as many
    forms as conditions; give each observer the next. The right answers are in the key alone.

    Example: neuroinspect-tui study make -w ws --out quiz.html --neurons 20
    """
    from neuroinspect_tui.cli.opening import open_workspace
    from neuroinspect_tui.study.conditions import chosen
    from neuroinspect_tui.study.design import draw_pairs
    from neuroinspect_tui.study.making import check_new, put_together, write
    from neuroinspect_tui.study.material import Drawn, explained

    page, answers = _files(out, key)
    check_new(page, answers)
    opened = open_workspace(workspace, device)
    names = chosen(condition or (), clip=opened.source.has_clip)
    cache = opened.cache()
    asked = questions or len(dict.fromkeys(neuron or ())) or neurons
    pairs = draw_pairs(cache, neuron or (), min(neurons, asked), asked, seed)
    shown = explained(cache, pairs, names, opened.run, Drawn(steps, seed))
    origin = _origin(opened.source, cache.meta.weights, seed, steps)
    made = put_together(cache, pairs, shown, seed, origin)
    write(made, page, answers)
    about = counted(len({pair.neuron for pair in pairs}), "neuron")
    say(
        f"{page}: {counted(len(pairs), 'question')} about {about}, {counted(len(names), 'form')}, "
        f"{page.stat().st_size / 1e6:.1f} MB.",
        f"{answers}: the right answers; keep them to yourself.",
        f"Conditions: {', '.join(names)}. Give each observer the next form, from 1 to "
        f"{len(names)}.",
        "Next:",
        f"  {command(NAME, 'study', 'score', 'ANSWERS.json', '--key', str(answers))}",
    )


@app.command()
def answer(
    quiz: Annotated[Path, typer.Argument(metavar="QUIZ.html", help="The page of `study make`.")],
    clip: Annotated[
        str, typer.Option("--clip", metavar="MODEL/TAG", help="Which CLIP; also local-dir:DIR.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE.json", help="A file that is not there yet.")
    ],
    device: Device = None,
) -> None:
    """Let a CLIP answer a quiz in people's place: a first look, not a study.

    It takes the image that is more like the pictures that explain the neuron. A CLIP that guided
    the drawings flatters them; take another.

    Example: neuroinspect-tui study answer quiz.html --clip ViT-B-32/laion2b_s34b_b79k -o clip.json
    """
    from engine.io.atomic import write_json
    from neuroinspect_tui.study.making import check_new
    from neuroinspect_tui.study.page import read_quiz

    if clip == NO_CLIP:
        raise RequestError("--clip none answers nothing; give MODEL/TAG or local-dir:DIR.")
    file = out.expanduser().absolute()
    check_new(file)
    read = read_quiz(quiz.expanduser().absolute())
    found = follow(_answered(read, clip, device or "auto"), first="importing torch")
    write_json(file, found)
    say(
        f"{file}: {counted(len(found.answers), 'answer')} by {_named(clip)}, a stand-in for people."
    )


@app.command()
def score(
    answers: Annotated[
        list[Path], typer.Argument(metavar="ANSWERS.json...", help="Files that the quiz saved.")
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE.json", help="The right answers.")
    ],
    json: Json = False,
) -> None:  # fmt: skip
    """Say how often observers were right, by what explained the neuron.

    Chance is 50%. The intervals are Wilson's, over all answers as if they were independent.
    Stand-ins are never added to people.

    Example: neuroinspect-tui study score anna.json ben.json --key quiz.key.json
    """
    from neuroinspect_tui.study.reading import read_answers, read_key
    from neuroinspect_tui.study.scoring import score as scored

    solved = read_key(key.expanduser())
    found = scored(read_answers([file.expanduser() for file in answers], solved), solved)
    guide = solved.made_from.get("drawings guided by")
    for one in found.observers:
        if guide != NO_CLIP and one.stand_in == _named(str(guide)):
            note(f"{one.stand_in} guided the drawings with CLIP itself, so it flatters them.")
    return print_json(found) if json else _show(found)


def _named(clip: str) -> str:
    """Return what a CLIP is called that answers."""
    return f"CLIP {clip}"


def _files(out: Path, key: Path | None) -> tuple[Path, Path]:
    """Return the quiz's file and its key's.

    Raises:
        RequestError: They are one.
    """
    page = out.expanduser().absolute()
    answers = page.with_suffix(".key.json") if key is None else key.expanduser().absolute()
    if page == answers:
        raise RequestError(f"--out and --key are both {page}; the right answers go elsewhere.")
    return page, answers


def _origin(source: "Source", weights: str, seed: int, steps: int) -> dict[str, str]:
    return {
        "model": source.model,
        "weights": weights,
        "data": source.data,
        "split": source.eval_split,
        "drawings guided by": source.clip,
        "steps": str(steps),
        "seed": str(seed),
    }


def _answered(quiz: "Quiz", clip: str, device: str) -> "Iterator[Progress | Answers]":
    from engine.clip.pictures import embed_pictures
    from engine.models.classifier import pick_device
    from engine.models.clip import load_clip
    from neuroinspect_tui.study.stand_in import answer as answered
    from neuroinspect_tui.study.stand_in import openers

    model = load_clip(clip, pick_device(device))
    assert model is not None  # `none` is refused
    embedded = yield from embed_pictures(model, openers(quiz))
    yield answered(quiz, embedded, _named(clip))


def _show(found: "Scores") -> None:
    from neuroinspect_tui.study.scoring import PEOPLE

    for kind, scores in found.by.items():
        stand_in = kind != PEOPLE
        table(
            ("|explained by", ">answers", ">right", ">accuracy", ">95% interval", ">median s"),
            [_cells(one) for one in scores],
            title=f"{kind}: a stand-in, no person" if stand_in else kind,
        )
    table(
        ("|observer", ">form", ">answered", ">of", ">right", ">accuracy"),
        (
            (
                one.observer if one.stand_in is None else one.stand_in,
                "all" if one.form is None else str(one.form),
                str(one.score.answered),
                str(one.asked),
                str(one.score.right),
                percent(one.score.accuracy),
            )
            for one in found.observers
        ),
    )
    if unfinished := [one for one in found.observers if _short(one)]:
        names = ", ".join(one.observer for one in unfinished)
        note(f"Not all was answered by {names}; what was answered counts.")
    if len(set(found.forms)) > 1:
        counts = ", ".join(f"form {at}: {n}" for at, n in enumerate(found.forms, start=1))
        note(
            "The forms were not answered equally often, so conditions met different neurons "
            f"({counts})."
        )


def _short(one: "ObserverScore") -> bool:
    return one.stand_in is None and one.score.answered < one.asked


def _cells(one: "Score") -> tuple[str, ...]:
    return (
        one.title,
        str(one.answered),
        str(one.right),
        percent(one.accuracy),
        "-" if one.ci is None else interval(*one.ci),
        "-" if one.seconds is None else f"{one.seconds:.1f}",
    )
