"""`search`: images and neurons by a text, or by an image."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.schema.errors import RequestError
from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.options import DetachFeatures, Executor, Json, Workspace
from neuroinspect_tui.cli.output import below, print_json, say, table
from screens.words import counted

if TYPE_CHECKING:
    from engine.clip.image_features import ClipFeatures
    from engine.features.cache import FeatureCache
    from engine.schema.arrays import Array
    from neuroinspect_tui.cli.opening import Opened

LONGEST = 1000


def command(
    query: Annotated[
        str,
        typer.Argument(
            metavar="TEXT|IMAGE",
            help="A word or sentence, or an image: a file, or one of the split by its path.",
        ),
    ],
    workspace: Workspace = None,
    images: Annotated[bool, typer.Option("--images", help="Find images [default].")] = False,
    neurons: Annotated[bool, typer.Option("--neurons", help="Find neurons.")] = False,
    class_key: Annotated[
        str | None,
        typer.Option(
            "--class",
            "-c",
            metavar="NAME|INDEX",
            autocompletion=completion.classes,
            help="Among the images of this class alone.",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option("--top", metavar="N", min=1, max=100_000, help="How many.")
    ] = 20,
    detach: DetachFeatures = False,
    executor: Executor = None,
    json: Json = False,
) -> None:
    """Find images or neurons that fit a text, or are like an image, as CLIP sees it.

    Images are ordered by the cosine of their CLIP feature with that of the query; the most alike
    come first, even where none shows what is asked for. Neurons are ordered by the correlation of
    their activation with that cosine over the images. It needs a CLIP (`clip` in workspace.toml).

    Example: neuroinspect-tui search "a bird on water" --neurons --top 5
    """  # fmt: skip
    from engine.clip.identity import clip_key
    from neuroinspect_tui.cli.opening import class_of, open_workspace

    if images and neurons:
        raise RequestError("--images and --neurons are two searches; give one.")
    opened = open_workspace(workspace, detach=detach, executor=executor)
    clip_key(opened.home, opened.source)  # before long work: is there a CLIP?
    asked, features, embedded = _asked(opened, query)
    cache = opened.cache()
    k = None if class_key is None else class_of(cache, class_key)
    found = _neurons if neurons else _images
    answer = {"query": query, "note": features.note}
    answer |= found(cache, features, embedded, top=top, class_index=k, but=asked)
    if json:
        return print_json(answer)
    return _show(answer, cache)


def _asked(opened: "Opened", query: str) -> "tuple[int | None, ClipFeatures, Array]":
    """Return the row of an image of the split that is asked about, features, and what to find."""
    text = " ".join(query.encode("utf-8", "replace").decode("utf-8").split())
    if not text or len(query) > LONGEST:
        raise RequestError(f"Search for a text of 1 to {LONGEST} characters, or for an image.")
    row = _row(opened, query)
    if row is not None:
        features, _ = opened.clip()
        [own], [present] = features.at([row])
        if not present:
            raise RequestError(f"{query} has no CLIP feature: there is only {features.note}.")
        return row, features, own
    file = Path(query).expanduser()
    if _is_picture(file) and (file.is_file() or not opened.detach):
        features, embedded = opened.clip_image(file)
        return None, features, embedded
    features, [embedded] = opened.clip(texts=[text])
    return None, features, embedded


def _row(opened: "Opened", query: str) -> int | None:
    """Return the row of the split's image of this path; None for a text, or another file."""
    from engine.attribution.query import find_image

    if opened.detach or not set(query) & set("/.#"):
        return None
    cache = opened.cache()
    if any(query in (sample.path, cache.path(row)) for row, sample in enumerate(cache.samples)):
        return find_image(cache, query)
    if _is_picture(Path(query)) and not Path(query).expanduser().is_file():
        return find_image(cache, query)  # or a sentence that says that there is no such image
    return None


def _is_picture(path: Path) -> bool:
    """Tell whether a text is meant as the path of an image: by its ending."""
    from engine.data.readers.base import EXTENSIONS

    return path.suffix.lower() in EXTENSIONS


def _images(
    cache: "FeatureCache", features: "ClipFeatures", embedded: "Array", **asked: Any
) -> dict[str, Any]:
    from engine.words.search import find_images

    return {"results": find_images(cache, features, embedded, **asked)}


def _neurons(
    cache: "FeatureCache",
    features: "ClipFeatures",
    embedded: "Array",
    *,
    top: int,
    class_index: int | None,
    but: int | None,
) -> dict[str, Any]:
    from engine.words.search import FoundNeuron, best, neuron_likeness

    del but
    found = neuron_likeness(cache, features, embedded, class_index)
    order = map(int, best(found.scores, top))
    return {
        "images": found.images,
        "chance": found.chance,
        "results": [FoundNeuron(neuron=j, score=float(found.scores[j])) for j in order],
    }


def _show(answer: dict[str, Any], cache: "FeatureCache") -> None:
    if answer["note"]:
        say(f"Among {answer['note']}.")
    results = answer["results"]
    if "chance" in answer:
        say(
            f"Correlation over {counted(answer['images'], 'image')}; in 1 of 20 searches one of "
            f"{cache.meta.width:,} neurons reaches {answer['chance']:.2f} by chance."
        )
        table((">neuron", ">correlation"), ((str(n.neuron), f"{n.score:+.3f}") for n in results))
        return
    say(f"{counted(len(results), 'image')}; they are in {cache.root}")
    table(
        (">cosine", "class", "predicted as", "image"),
        (
            (
                f"{image.score:.3f}",
                image.class_,
                image.predicted,
                below(cache.root, image.image),
            )
            for image in results
        ),
    )
