"""Do the drawings show it? CLIP reads pictures of background-driven and of bird-driven neurons."""

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
from evidence.finding import background_dependence, bird_dependence
from evidence.models import Model
from neuroinspect_tui.demo.birds import LANDBIRDS, WATERBIRDS
from neuroinspect_tui.demo.places import LAND, WATER
from neuroinspect_tui.demo.scenes import BIRDS, PLACES

NEURONS = 5
STEPS = 200
WAYS: dict[str, dict[str, float | bool]] = {
    "activation alone": {"gamma": 0.0, "use_clip": False},
    "with the class": {"use_clip": False},
    "with the class and CLIP": {},
}
BACKGROUND_WORDS = (*PLACES, *LAND, *WATER)
BIRD_WORDS = (*BIRDS, *(species.name for species in (*LANDBIRDS, *WATERBIRDS)))


def measure(model: Model) -> dict[str, list[float]]:
    """Return by way of drawing the cosine of pictures with their best background and bird word.

    Means over the background-driven neurons, then over the bird-driven ones: four figures. The
    best word, as a picture of a lake should be far from `forest`.
    """
    engine = model.engine(clip=True)
    background = background_dependence(engine.classifier, model.seed)
    bird = bird_dependence(engine.classifier, model.seed)
    sets = [np.argsort(-some)[:NEURONS] for some in (background - bird, bird - background)]
    found = {}
    for name, options in WAYS.items():
        figures: list[float] = []
        for neurons in sets:
            figures += _read(engine, [int(j) for j in neurons], options)
        found[name] = figures
    return found


def _read(
    engine: TorchEngine, neurons: list[int], options: dict[str, float | bool]
) -> tuple[float, float]:
    """Draw neurons, each given the class that it speaks for most, and let CLIP read them."""
    clip_model = engine.clip_model
    assert clip_model is not None
    weight = engine.classifier.decision.weight.detach()
    for_class = weight[:, neurons].argmax(dim=0).tolist()
    seen = []
    for k in sorted(set(for_class)):
        mine = tuple(j for j, of in zip(neurons, for_class, strict=True) if of == k)
        request = IllusionRequest(class_index=k, neurons=mine, steps=STEPS, **options)  # type: ignore[arg-type]
        with TemporaryDirectory() as out:
            *_, drawn = engine.illusion(request, out)
            assert isinstance(drawn, Illusions)  # the last record
            seen += [_cosines(clip_model, Path(str(some.path))) for some in drawn.illusions]
    background, bird = np.mean(seen, axis=0)
    return float(background), float(bird)


@torch.inference_mode()
def _cosines(clip_model: ClipModel, path: Path) -> tuple[float, float]:
    image = to_tensor(decode(path))[None].to(clip_model.device)
    background, bird = (
        max(float(clip_model.cosine(image, text)[0]) for text in clip_model.embed(words))
        for words in (BACKGROUND_WORDS, BIRD_WORDS)
    )
    return background, bird
