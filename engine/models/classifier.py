"""A timm classifier, split into backbone and decision layer.

Source: docs/concepts.md, notation.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from PIL import Image
from timm.data import create_transform, resolve_model_data_config
from torch import Tensor, nn

from engine.models.head import LinearHead, close, find_head
from engine.schema.errors import ModelError

Transform = Callable[[Image.Image], Tensor]


@dataclass(frozen=True)
class Classifier:
    """A model in eval mode and its decision layer, a linear classifier head.

    Shapes below: B images of 3 x H x W, D neurons (the decision layer's inputs), C classes.
    """

    body: nn.Module
    decision: nn.Linear
    """The head, or, where it is several maps or a convolution, one layer that equals it."""
    head: LinearHead
    """The head's modules in the body."""
    input_config: dict[str, Any]
    """timm's data config: input_size (3, H, W), interpolation, mean, std, crop_pct."""
    device: torch.device
    captured: bool = False
    """Whether features are what the head's modules are given as the model runs, because timm's
    `forward_head(..., pre_logits=True)` gives something else."""
    notes: tuple[str, ...] = ()
    """What was taken from its checkpoint and what was left, in sentences."""
    model_args: Mapping[str, Any] = field(default_factory=dict)
    """What timm.create_model was given besides: as stated, and as its checkpoint says."""
    class_names: tuple[str, ...] | None = None
    """What its checkpoint calls the classes, in the order of the outputs; None: it does not say."""

    @property
    def input_size(self) -> int:
        """Pixels a side."""
        return int(self.input_config["input_size"][-1])

    @property
    def width(self) -> int:
        """D, the number of neurons: `decision.in_features`, not timm's `num_features`."""
        return self.decision.in_features

    @property
    def has_bias(self) -> bool:
        """Whether the decision layer has a bias."""
        return self.head.has_bias

    @property
    def bias(self) -> Tensor:
        """(C,); zeros where the decision layer has none."""
        return self.head.bias()

    def feature_map(self, images: Tensor) -> Tensor:
        """Return the unpooled features of normalised images (B, 3, H, W).

        The shape is the architecture's own: (B, C, h, w), (B, h, w, C) or (B, tokens, C).
        """
        return self.body.forward_features(images)  # type: ignore[operator]

    def pool(self, feature_map: Tensor) -> Tensor:
        """Return the penultimate features (B, D) of a feature map."""
        if self.captured:
            with self.head.inputs() as inputs:
                self.body.forward_head(feature_map)  # type: ignore[operator]
            return torch.cat(inputs, dim=1)
        return self.body.forward_head(feature_map, pre_logits=True)  # type: ignore[operator]

    def features(self, images: Tensor) -> Tensor:
        """Return the penultimate features (B, D) of normalised images (B, 3, H, W)."""
        return self.pool(self.feature_map(images))

    def resolved(self) -> dict[str, Any]:
        """Return the preprocessing in use under the names that `Source` has for it."""
        config = self.input_config
        return {
            "mean": tuple(map(float, config["mean"])),
            "std": tuple(map(float, config["std"])),
            "img_size": self.input_size,
            "crop_pct": float(config["crop_pct"]),
            "interpolation": str(config["interpolation"]),
        }

    def transform(self) -> Transform:
        """Return timm's own evaluation transform: PIL image -> (3, H, W)."""
        return create_transform(**self.input_config, is_training=False)

    def denormalise(self, images: Tensor) -> Tensor:
        """Undo `normalise`: return pixels in 0 to 1, (B, 3, H, W)."""
        mean = torch.tensor(self.input_config["mean"], device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(self.input_config["std"], device=images.device).view(1, 3, 1, 1)
        return images * std + mean

    def normalise(self, images: Tensor) -> Tensor:
        """Scale pixels in 0 to 1 (B, 3, H, W) by the mean and std that the model expects."""
        mean = torch.tensor(self.input_config["mean"], device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(self.input_config["std"], device=images.device).view(1, 3, 1, 1)
        return (images - mean) / std


def pick_device(name: str) -> torch.device:
    """Return the device that `auto`, `cpu`, `cuda`, `cuda:N` or `mps` names on this machine.

    Raises:
        ModelError: The name is unknown, or this machine has no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"Unknown device {name!r}; choose from auto, cpu, cuda:N, mps.") from error
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    available = {
        "cpu": True,
        "cuda": (device.index or 0) < count,
        "mps": torch.backends.mps.is_available(),
    }
    if not available.get(device.type, False):
        there_are = f" (CUDA devices: {count})" if device.type == "cuda" else ""
        raise ModelError(
            f"Device {name!r} is not available{there_are}; use --device auto or --device cpu."
        )
    return device


def split_model(
    body: nn.Module, device: torch.device, config: dict[str, Any] | None = None
) -> Classifier:
    """Split a timm model into backbone and linear head, and prove that both give its logits.

    Args:
        body: The model.
        device: Where to run it.
        config: timm's data config of its images; None: the model's own.

    Raises:
        ModelError: The model's logits are not a linear map of any of its features.
    """
    name = type(body).__name__
    for method in ("forward_features", "forward_head", "get_classifier"):
        if not hasattr(body, method):
            raise ModelError(f"{name} has no {method}(); only timm classifiers are supported.")
    body.eval().requires_grad_(False)
    body.to(device)
    config = resolve_model_data_config(body) if config is None else config
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, *config["input_size"], generator=generator).to(device)
    _refuse_useless(body, images)
    for classifier in _splits(body, config, images):
        if _is_exact(classifier, images, generator):
            return classifier
    decision = body.get_classifier()  # type: ignore[operator]
    if isinstance(decision, nn.Linear):
        raise ModelError(f"The logits of {name} are not a fixed linear map of its features; "
                         "a linear classifier head as the last layer is required.")  # fmt: skip
    raise ModelError(f"{name} has an unsupported head {type(decision).__name__}; "
                     "a linear classifier head is required.")  # fmt: skip


@torch.inference_mode()
def _refuse_useless(body: nn.Module, images: Tensor) -> None:
    """Check that the model gives a row of finite logits an image.

    Raises:
        ModelError: It does not.
    """
    name = type(body).__name__
    logits = body(images)
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        given = f"shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else "several outputs"
        raise ModelError(f"{name} gives {given} for 2 images instead of a row of logits each; "
                         "only classifiers are supported.")  # fmt: skip
    if not bool(torch.isfinite(logits).all()):
        raise ModelError(f"{name} gives NaN or infinite logits for a random image; its weights "
                         "do not belong to this architecture, or are damaged.")  # fmt: skip


def _splits(body: nn.Module, config: dict[str, Any], images: Tensor) -> Iterator[Classifier]:
    """Yield the split of timm's contract, then the one that a forward pass shows."""
    decision = body.get_classifier()  # type: ignore[operator]
    if isinstance(decision, nn.Linear):
        named = next(key for key, module in body.named_modules() if module is decision)
        head = LinearHead((named,), (decision,))
        yield Classifier(body, decision, head, config, images.device)
    found = find_head(body, images)
    if found is not None:
        yield Classifier(body, found.merged(), found, config, images.device, captured=True)


@torch.no_grad()
def _is_exact(classifier: Classifier, images: Tensor, generator: torch.Generator) -> bool:
    """Return whether another head, put into the model, gives the logits that its features say.

    Random weights prove it: with the model's own, a head that begins at zero would fit any
    features. Small ones show what else is added to the logits, large ones what bends or caps them.

    Raises:
        ModelError: The features are all 0.
    """
    try:
        features = classifier.features(images)
    except (TypeError, NotImplementedError):  # its forward_head takes no pre_logits, or nothing
        return False
    if features.ndim != 2 or features.shape[1] != classifier.width:
        return False
    norm = features.norm(dim=1).mean()
    if not bool(norm > 0):
        raise ModelError(f"All features of {type(classifier.body).__name__} are 0 for a random "
                         "image; its weights are damaged.")  # fmt: skip
    own = float(classifier.decision(features).abs().max()) or 1.0
    classes = classifier.decision.out_features
    for size in (0.01 * own, 100 * max(own, 1.0)):
        weight = torch.randn(classes, classifier.width, generator=generator).to(features) / norm
        bias = torch.randn(classes, generator=generator).to(features) * classifier.has_bias
        with classifier.head.holding(size * weight, size * bias):
            if not close(size * (features @ weight.T + bias), classifier.body(images)):
                return False
    return True
