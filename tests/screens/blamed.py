"""Planted features whose first class has six mistakes, and heat maps and drawings made by code."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from engine.attribution.neurons import describe_neuron
from engine.schema.records import Illusion, Label
from engine.schema.requests import IllusionRequest
from engine.visualization.heatmap_store import heat_path
from engine.visualization.store import Facts, facts_of, mask_path, picture_path, save_drawing
from tests.screens.fake import FakeWorkspace
from tests.screens.planted import Planted, plant, write_cache

SIDE = 32


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """A workspace where ants are predicted as bees, six times, because of the spurious neuron."""
    made = plant(tmp_path)
    directory = made.home / "features" / "planted-valid"
    shutil.rmtree(directory)
    write_cache(directory, made.split, seed=13)
    return made


def paint(path: Path, seed: int) -> None:
    """Write a picture of two colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (SIDE, SIDE), (200, 60 + seed * 37 % 160, 90))
    image.paste((30, 40, seed * 31 % 255), (0, SIDE // 2, SIDE, SIDE))
    image.save(path)


def paint_heat(workspace: FakeWorkspace, neuron: int, class_index: int = 0) -> None:
    """Write the heat maps of a neuron on a class's images."""
    cache = workspace.planted.cache()
    found = describe_neuron(cache, neuron, class_index)
    for images in (found.top_images, found.mistakes):
        for number, image in enumerate(images):
            path = heat_path(workspace.home / "heat", cache, neuron, image.path)
            assert path is not None
            paint(path, number)


def facts(workspace: FakeWorkspace, request: IllusionRequest) -> dict[int, Facts]:
    """Return what the pictures of a request depend on."""
    return facts_of(workspace.source, workspace.planted.cache(), request, "cpu")


def draw(workspace: FakeWorkspace, request: IllusionRequest) -> tuple[Illusion, ...]:
    """Finish the drawings of a request."""
    found, folder = [], workspace.home / "illusions"
    clip = workspace.source.clip if request.use_clip and workspace.source.clip != "none" else None
    for neuron, fact in facts(workspace, request).items():
        paint(picture_path(folder, fact.stem), neuron)
        paint(mask_path(folder, fact.stem), neuron + 1)
        illusion = Illusion(
            neuron=neuron, path=str(picture_path(folder, fact.stem)),
            mask=str(mask_path(folder, fact.stem)), activation=9.0,
            activation_ratio=1.8, predicted=Label(1, "bee"), p_class=0.93, clip_cosine=0.27,
            steps=request.steps, seconds=3.0, seed=request.seed, size=SIDE,
            clip=clip, parameterization=request.parameterization, objective=request.objective,
        )  # fmt: skip
        save_drawing(folder, fact, illusion)
        found.append(illusion)
    return tuple(found)
