"""A timm classifier, split into backbone and decision layer (METHOD: notation)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from PIL import Image
from timm.data.config import resolve_model_data_config
from timm.data.transforms_factory import create_transform
from torch import Tensor, nn

from engine.models.checkpoint import fit_state, read_state
from engine.schema.errors import CheckpointError, ModelError
from engine.schema.requests import Source, TrainRequest
from engine.schema.source_specs import local_directory

Transform = Callable[[Image.Image], Tensor]


@dataclass(frozen=True)
class Classifier:
    """A model in eval mode, and the linear layer that makes its decision."""

    body: nn.Module
    decision: nn.Linear
    head_name: str
    """The decision layer's name in the state dict."""
    input_config: dict[str, Any]
    """timm's data config: input_size (3, H, W), interpolation, mean, std, crop_pct."""
    device: torch.device

    @property
    def input_size(self) -> int:
        """Pixels a side."""
        return int(self.input_config["input_size"][-1])

    @property
    def width(self) -> int:
        """D, the number of neurons."""
        return self.decision.in_features

    @property
    def has_bias(self) -> bool:
        """Whether the decision layer has a bias."""
        return bool("bias" in self.decision.state_dict())

    @property
    def bias(self) -> Tensor:
        """(C,), zeros where the decision layer has none."""
        zeros = torch.zeros(self.decision.out_features)
        return self.decision.state_dict().get("bias", zeros).detach()

    def feature_map(self, images: Tensor) -> Tensor:
        """Return the unpooled features of normalised images (B, 3, H, W)."""
        return self.body.forward_features(images)  # type: ignore[operator]

    def pool(self, feature_map: Tensor) -> Tensor:
        """Return the penultimate features (B, D)."""
        return self.body.forward_head(feature_map, pre_logits=True)  # type: ignore[operator]

    def features(self, images: Tensor) -> Tensor:
        """Return the penultimate features (B, D) of normalised images (B, 3, H, W)."""
        return self.pool(self.feature_map(images))

    def transform(self) -> Transform:
        """Return timm's own evaluation transform: PIL image -> (3, H, W)."""
        return create_transform(**self.input_config, is_training=False)

    def denormalise(self, images: Tensor) -> Tensor:
        """Undo `normalise`."""
        mean = torch.tensor(self.input_config["mean"], device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(self.input_config["std"], device=images.device).view(1, 3, 1, 1)
        return images * std + mean

    def normalise(self, images: Tensor) -> Tensor:
        """Map pixels in 0 to 1 (B, 3, H, W) to what the model expects."""
        mean = torch.tensor(self.input_config["mean"], device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(self.input_config["std"], device=images.device).view(1, 3, 1, 1)
        return (images - mean) / std


def pick_device(name: str) -> torch.device:
    """Return the device `auto`, `cpu`, `cuda`, `cuda:N` or `mps` means here.

    Raises:
        ModelError: It is not here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"Unknown device {name!r}; use auto, cpu, cuda:N or mps.") from error
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    here = {
        "cpu": True,
        "cuda": (device.index or 0) < count,
        "mps": torch.backends.mps.is_available(),
    }
    if not here.get(device.type, False):
        found = f"{count} CUDA devices" if device.type == "cuda" else "none"
        raise ModelError(f"No device {name!r} here (found {found}); use --device auto or cpu.")
    return device


def load_classifier(source: Source, classes: int, device: torch.device) -> Classifier:
    """Build the model, load its weights, split it.

    Raises:
        ModelError: Unknown architecture, or a decision that is not one linear layer.
        CheckpointError: Weights that cannot be had or do not fit.
    """
    if source.untrained:
        raise ModelError("This workspace has no weights yet; make them with `train`.")
    classes_of_model = None if source.pretrained else classes
    body = _create(source.model, pretrained=source.pretrained, classes=classes_of_model)
    if not source.pretrained:
        path = Path(source.checkpoint)
        fit_state(body, read_state(path, trust_pickle=source.trust_pickle), path)
    classifier = split_model(body, device)
    if classifier.decision.out_features != classes:
        raise CheckpointError(
            f"{source.model} decides between {classifier.decision.out_features} classes, "
            f"the data has {classes}; give a checkpoint trained on this data."
        )
    return classifier


def build(name: str, classes: int, *, pretrained: bool = False) -> nn.Module:
    """Build an architecture with a new head of so many classes.

    Raises:
        ModelError: Unknown, or its weights cannot be had.
    """
    return _create(name, pretrained=pretrained, classes=classes)


def new_classifier(
    source: Source, request: TrainRequest, classes: int, device: torch.device
) -> Classifier:
    """Return a classifier to train: from scratch, timm's weights, or a file's, with a new head.

    Raises:
        ModelError: Unknown architecture, or a decision that is not one linear layer.
        CheckpointError: A file that does not fit.
    """
    torch.manual_seed(request.seed)
    body = build(source.model, classes, pretrained=request.start == "pretrained")
    classifier = split_model(body, device)
    if request.init is not None:
        path = Path(request.init)
        fresh = {key: value for key, value in body.state_dict().items() if is_head(classifier, key)}
        kept = read_state(path, trust_pickle=source.trust_pickle)
        fit_state(body, {k: v for k, v in kept.items() if not is_head(classifier, k)} | fresh, path)
    return classifier


def is_head(classifier: Classifier, key: str) -> bool:
    """Whether a state dict's key is of the decision layer."""
    return key.startswith(f"{classifier.head_name}.")


def _create(name: str, *, pretrained: bool, classes: int | None) -> nn.Module:
    local = local_directory(name)
    if local is not None and not (local / "config.json").is_file():
        raise ModelError(f"No config.json in {local}; give a folder that timm saved.")
    if local is None and not name.startswith("hf-hub:") and not timm.is_model(name):
        import difflib  # noqa: PLC0415  only for a wrong name

        near = difflib.get_close_matches(name, timm.list_models(), 3)
        hint = f"did you mean {', '.join(near)}?" if near else "see timm.list_models()."
        raise ModelError(f"timm {timm.__version__} has no model {name!r}; {hint}")
    size: dict[str, Any] = {} if classes is None else {"num_classes": classes}
    try:
        model: nn.Module = timm.create_model(name, pretrained=pretrained, **size)
    # hub, cache and config errors are of many families
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ModelError(
            f"timm cannot build {name}{' with pretrained weights' if pretrained else ''}: {first}; "
            "on a machine without network give --checkpoint FILE."
        ) from error
    return model


def split_model(body: nn.Module, device: torch.device) -> Classifier:
    """Split a timm model through its contract, and check that the split is exact.

    Raises:
        ModelError: The decision is not `linear(forward_head(forward_features(x)))`.
    """
    name = type(body).__name__
    for method in ("forward_features", "forward_head", "get_classifier"):
        if not hasattr(body, method):
            raise ModelError(f"{name} has no {method}(); only timm's classifiers can be split.")
    decision = body.get_classifier()  # type: ignore[operator]
    if not isinstance(decision, nn.Linear):
        found = type(decision).__name__
        raise ModelError(
            f"{name} decides with a {found}, not one linear layer: no neurons to blame."
        )
    head_name = next(key for key, module in body.named_modules() if module is decision)
    body.eval().requires_grad_(False)
    body.to(device)
    classifier = Classifier(body, decision, head_name, resolve_model_data_config(body), device)
    _check_split(classifier, name)
    return classifier


@torch.inference_mode()
def _check_split(classifier: Classifier, name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    size = classifier.input_config["input_size"]
    images = torch.randn(1, *size, generator=generator).to(classifier.device)
    features = classifier.features(images)
    whole = classifier.body(images)
    if features.ndim != 2 or features.shape[1] != classifier.width:
        raise ModelError(f"{name}'s penultimate features are {tuple(features.shape)}, not (1, D).")
    if not torch.allclose(classifier.decision(features), whole, rtol=1e-3, atol=1e-3):
        raise ModelError(f"{name} does more after its features than one linear layer.")
