"""What a drawing maximises, as the models judge it, and the real images that it is held to."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.data.splits import Split
from engine.features.cache import FeatureCache
from engine.models.classifier import Classifier
from engine.models.clip import ClipModel
from engine.schema.records import Progress
from engine.schema.requests import IllusionRequest
from engine.visualization.objectives import OBJECTIVES
from engine.visualization.objectives.base import Terms
from engine.visualization.parameterizations import PARAMETERIZATIONS
from engine.visualization.sizes import drawing_size
from engine.visualization.spectrum import ready_spectrum
from engine.visualization.store import top_activations


@dataclass(frozen=True)
class RealImages:
    """What drawings are held to: what the real images of the split are like.

    Args:
        spectrum: (3, H, W/2 + 1), their mean spectrum; None where no parameterization needs it.
        activations: (D,), what the images that activate a neuron most reach, their mean; None where
            no objective needs it.
    """

    spectrum: Tensor | None = None
    activations: Tensor | None = None

    def reached(self, neurons: Tensor) -> Tensor | None:
        """Return (B,), what real images reach; 1 for a neuron that activates on none of them."""
        if self.activations is None:
            return None
        found = self.activations.to(neurons.device)[neurons]
        return torch.where(found > 0, found, 1.0)


@dataclass(frozen=True)
class Objective:
    """What a drawing maximises: a neuron, a class's logit and, if there is one, CLIP's agreement.

    Args:
        classifier: Whose neurons are drawn.
        clip_model: Guides the drawing; None draws without CLIP.
        text: (E,), CLIP's embedding of the class's name; None without CLIP.
        real: What real images are like.
    """

    classifier: Classifier
    clip_model: ClipModel | None
    text: Tensor | None
    real: RealImages = RealImages()

    def evaluate(
        self, images: Tensor, neurons: Tensor, request: IllusionRequest, progress: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Return the objective (B,) and the neurons' activations (B,), for each image by itself.

        Args:
            images: (B, 3, H, W) pixels in 0 to 1.
            neurons: (B,), the neuron of each image.
            request: Names the objective, the class, gamma and epsilon.
            progress: The share of steps taken, 0 to 1.
        """
        device = images.device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            features = self.classifier.features(self.classifier.normalise(images))
            cosine = None
            if self.clip_model is not None and self.text is not None:
                cosine = self.clip_model.cosine(images, self.text).float()
        features = features.float()
        terms = Terms(
            activation=features.gather(1, neurons[:, None])[:, 0],
            real=self.real.reached(neurons),
            logits=self.classifier.decision(features),
            class_index=request.class_index,
            cosine=cosine,
            gamma=request.gamma,
            epsilon=request.epsilon,
            progress=progress,
        )
        return OBJECTIVES.get(request.objective).value(terms), terms.activation


def ready_real_images(
    home: Path, cache: FeatureCache, split: Split, classifier: Classifier, request: IllusionRequest
) -> Generator[Progress, None, RealImages]:
    """Return what the drawings of a request are held to, as far as it needs that.

    Args:
        home: The workspace.
        cache: Of its evaluation split.
        split: The listing of that.
        classifier: Whose neurons are drawn.
        request: Names the parameterization and the objective.

    Raises:
        DataError: None of the images can be decoded any more.
        RequestError: The images are each of one colour, or the size does not fit the classifier.
        StorageError: The workspace cannot be written.
    """
    spectrum, activations = None, None
    if PARAMETERIZATIONS.get(request.parameterization).needs_spectrum:
        size = drawing_size(classifier, request)
        spectrum = yield from ready_spectrum(home, cache, split, classifier, size)
    if OBJECTIVES.get(request.objective).needs_real:
        activations = torch.from_numpy(top_activations(cache)).float()
    return RealImages(spectrum, activations)
