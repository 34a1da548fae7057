"""The pictures of a quiz, made by the engine where they are missing, as `data:` addresses."""

import base64
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from engine.data.images import decode, open_image
from engine.features.cache import FeatureCache
from engine.schema.errors import DataError, RequestError
from engine.schema.records import Illusions, Neuron
from engine.schema.requests import HeatRequest, IllusionRequest
from neuroinspect_tui.study.conditions import CONDITIONS
from neuroinspect_tui.study.design import REFERENCES, Pair

SIDE = 224
"""Pixels of a picture's longer side."""
QUALITY = 85
Run = Callable[[Any], Any]
"""Runs a request and returns its last record."""


@dataclass(frozen=True)
class Drawn:
    """How drawings are made.

    Args:
        steps: Of the optimization.
        seed: Of its noise.
    """

    steps: int
    seed: int


def explained(
    cache: FeatureCache, pairs: Sequence[Pair], conditions: Sequence[str], run: Run, how: Drawn
) -> dict[str, dict[int, tuple[str, ...]]]:
    """Return by condition and neuron the pictures that explain it.

    Args:
        cache: Of the evaluation split.
        pairs: The questions.
        conditions: Names of `CONDITIONS`.
        run: What makes drawings and heat maps.
        how: How to draw.

    Raises:
        DataError: An image cannot be read.
        RequestError: A heat map cannot be had.
    """
    by_neuron = {pair.neuron: pair for pair in pairs}
    makers: Mapping[str, Callable[[str], dict[int, tuple[str, ...]]]] = {
        "nothing": lambda _: dict.fromkeys(by_neuron, ()),
        "drawing": lambda name: _drawings(by_neuron, name, run, how),
        "images": lambda _: {j: _references(cache, pair) for j, pair in by_neuron.items()},
        "heat": lambda _: {j: _heat(pair, run) for j, pair in by_neuron.items()},
    }
    return {name: makers[CONDITIONS[name].shows](name) for name in conditions}


def _references(cache: FeatureCache, pair: Pair) -> tuple[str, ...]:
    return tuple(address_of(cache, row) for row in pair.references)


def _heat(pair: Pair, run: Run) -> tuple[str, ...]:
    found: Neuron = run(HeatRequest(class_index=pair.class_index, neuron=pair.neuron))
    images = found.top_images[:REFERENCES]
    if lacking := [image.path for image in images if image.heat is None]:
        raise RequestError(f"There is no heat map of neuron {pair.neuron} on {lacking[0]}.")
    return tuple(_address(decode(Path(str(image.heat)), SIDE)) for image in images)


def _drawings(
    by_neuron: Mapping[int, Pair], name: str, run: Run, how: Drawn
) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for request in _drawing_requests(by_neuron, name, how):
        drawn: Illusions = run(request)
        for illusion in drawn.illusions:
            found[illusion.neuron] = (_address(decode(Path(str(illusion.path)), SIDE)),)
    return found


def _drawing_requests(
    by_neuron: Mapping[int, Pair], name: str, how: Drawn
) -> Iterator[IllusionRequest]:
    """Yield a request a class."""
    fields: dict[str, Any] = {"steps": how.steps, "seed": how.seed} | dict(CONDITIONS[name].drawing)
    for k in sorted({pair.class_index for pair in by_neuron.values()}):
        members = tuple(j for j, pair in by_neuron.items() if pair.class_index == k)
        yield IllusionRequest(class_index=k, neurons=members, **fields)


def address_of(cache: FeatureCache, row: int) -> str:
    """Return an image of the split as a `data:` address, without anything the file says of itself.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return _address(open_image(cache, cache.samples[row], SIDE))
    except DataError as error:
        raise DataError(f"{cache.path(row)} cannot be shown: {error}") from error


def _address(picture: Image.Image) -> str:
    picture = picture.convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    if max(picture.size) < SIDE:  # as large as the others: size tells nothing
        scale = SIDE / max(picture.size)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
