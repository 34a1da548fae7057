"""Do drawings show what drives a neuron? CLIP compares them with words for birds and places."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torchvision.transforms.functional import to_tensor

from engine.data.images import decode
from engine.models.clip import ClipModel
from engine.schema.records import Illusions
from engine.schema.requests import IllusionRequest
from engine.session import TorchEngine
from evidence.models import Model
from evidence.rankings import background_dependence, bird_dependence
from neuroinspect_tui.demo.birds import LANDBIRDS, WATERBIRDS
from neuroinspect_tui.demo.places import LAND, WATER
from neuroinspect_tui.demo.scenes import BIRDS, PLACES

NEURONS = 5
STEPS = 200
OBJECTIVES: dict[str, dict[str, float | bool]] = {
    "activation alone": {"gamma": 0.0, "use_clip": False},
    "with the class": {"use_clip": False},
    "with the class and CLIP": {},
}
BACKGROUND_WORDS = (*PLACES, *LAND, *WATER)
BIRD_WORDS = (*BIRDS, *(species.name for species in (*LANDBIRDS, *WATERBIRDS)))


def measure(model: Model) -> dict[str, list[float]]:
    """Return by objective the cosine of drawings with their best background and bird word.

    Means over the background-driven neurons, then over the bird-driven ones: four figures. The best
    word counts, as a drawing of a lake should be far from `forest`.
    """
    engine = model.engine(clip=model.plan.source.clip)
    background = background_dependence(engine.classifier, model.seed)
    bird = bird_dependence(engine.classifier, model.seed)
    sets = [np.argsort(-score)[:NEURONS] for score in (background - bird, bird - background)]
    cosines = {}
    for name, options in OBJECTIVES.items():
        figures: list[float] = []
        for neurons in sets:
            figures += _mean_cosines(engine, [int(j) for j in neurons], options)
        cosines[name] = figures
    return cosines


def _mean_cosines(
    engine: TorchEngine, neurons: list[int], options: dict[str, float | bool]
) -> tuple[float, float]:
    """Draw neurons, each given the class of its largest weight; return two mean cosines."""
    clip_model = engine.clip_model
    assert clip_model is not None
    weight = engine.classifier.decision.weight.detach()
    for_class = weight[:, neurons].argmax(dim=0).tolist()
    cosines = []
    for k in sorted(set(for_class)):
        members = tuple(j for j, of in zip(neurons, for_class, strict=True) if of == k)
        request = IllusionRequest(class_index=k, neurons=members, steps=STEPS, **options)  # type: ignore[arg-type]
        with TemporaryDirectory() as out:
            *_, drawn = engine.illusion(request, out)
            assert isinstance(drawn, Illusions)  # the last record
            paths = [Path(str(illusion.path)) for illusion in drawn.illusions]
            cosines += [_cosines(clip_model, path) for path in paths]
    background, bird = np.mean(cosines, axis=0)
    return float(background), float(bird)


@torch.inference_mode()
def _cosines(clip_model: ClipModel, path: Path) -> tuple[float, float]:
    image = to_tensor(decode(path))[None].to(clip_model.device)
    background, bird = (
        max(float(clip_model.cosine(image, text)[0]) for text in clip_model.embed(words))
        for words in (BACKGROUND_WORDS, BIRD_WORDS)
    )
    return background, bird
