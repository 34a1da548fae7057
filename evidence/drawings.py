"""Do drawings show what drives a neuron? CLIP compares them with words for birds and places."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.data.images import decode
from engine.models.clip import ClipModel, load_clip
from engine.schema.records import Illusions
from engine.schema.requests import PUBLISHED_OBJECTIVE, PUBLISHED_PARAMETERIZATION, IllusionRequest
from engine.session import TorchEngine
from evidence.models import Model
from evidence.rankings import background_dependence, bird_dependence
from neuroinspect_tui.demo.birds import LANDBIRDS, WATERBIRDS
from neuroinspect_tui.demo.places import LAND, WATER
from neuroinspect_tui.demo.scenes import BIRDS, PLACES

NEURONS = 5
STEPS = 128
Options = Mapping[str, float | bool | str]
PUBLISHED: Options = {
    "parameterization": PUBLISHED_PARAMETERIZATION,
    "objective": PUBLISHED_OBJECTIVE,
}
AS_PUBLISHED = "with class and CLIP, as published"
CHOSEN = "with class and CLIP, MACO, neuron first"
SETTINGS: Mapping[str, Options] = {
    "activation alone": {"gamma": 0.0, "use_clip": False, **PUBLISHED},
    "with the class": {"use_clip": False, **PUBLISHED},
    AS_PUBLISHED: PUBLISHED,
    "with class and CLIP, Fourier, neuron first": {**PUBLISHED, "objective": "neuron-first"},
    "with class and CLIP, MACO, product": {**PUBLISHED, "parameterization": "maco"},
    CHOSEN: {"parameterization": "maco", "objective": "neuron-first"},
}
"""By the name of a way to draw, the fields of its request."""
BACKGROUND_WORDS = (*PLACES, *LAND, *WATER)
BIRD_WORDS = (*BIRDS, *(species.name for species in (*LANDBIRDS, *WATERBIRDS)))


def measure(model: Model, judge: str | None = None) -> dict[str, list[float]]:
    """Return by setting the cosine of drawings with their best background and bird word.

    Means over the background-driven neurons, then over the bird-driven ones: four figures. The best
    word counts, as a drawing of a lake should be far from `forest`.

    Args:
        model: Whose neurons.
        judge: The CLIP that reads, as a workspace names it; None for the one that guides.
    """
    engine = model.engine(clip=model.plan.source.clip)
    reader = engine.clip_model if judge is None else load_clip(judge, engine.device)
    assert reader is not None
    background = background_dependence(engine.classifier, model.seed)
    bird = bird_dependence(engine.classifier, model.seed)
    sets = [np.argsort(-score)[:NEURONS] for score in (background - bird, bird - background)]
    texts = [reader.embed(words).cpu() for words in (BACKGROUND_WORDS, BIRD_WORDS)]
    cosines = {}
    for name, options in SETTINGS.items():
        figures: list[float] = []
        for neurons in sets:
            pictures = drawn(engine, neurons.tolist(), options, model.home / "drawn")
            seen = embedded(reader, pictures)
            figures += [float((seen @ text.T).amax(dim=1).mean()) for text in texts]
        cosines[name] = figures
    return cosines


def drawn(
    engine: TorchEngine, neurons: Sequence[int], options: Options, out: Path
) -> list[Image.Image]:
    """Draw neurons, each given the class of its largest weight; return them as a person sees them.

    Args:
        engine: What draws, with its CLIP.
        neurons: Which.
        options: Fields of the request.
        out: Where drawings are kept, and not made twice.
    """
    weight = engine.classifier.decision.weight.detach()
    for_class = weight[:, list(neurons)].argmax(dim=0).tolist()
    found: dict[int, Image.Image] = {}
    for k in sorted(set(for_class)):
        members = tuple(j for j, of in zip(neurons, for_class, strict=True) if of == k)
        request = IllusionRequest(class_index=k, neurons=members, steps=STEPS, **options)  # type: ignore[arg-type]
        *_, last = engine.illusion(request, str(out))
        assert isinstance(last, Illusions)  # the last record
        found |= {one.neuron: decode(Path(str(one.path))) for one in last.illusions}
    return [found[neuron] for neuron in neurons]


def embedded(clip_model: ClipModel, images: Sequence[Image.Image]) -> Tensor:
    """Return (n, E), CLIP's embeddings of images, each of length 1."""
    parts = [
        clip_model.embed_images(torch.stack([clip_model.preprocess(image) for image in part]))
        for part in (images[at : at + 32] for at in range(0, len(images), 32))
    ]
    return torch.cat(parts).cpu()
