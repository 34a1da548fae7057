"""A folder that transformers saved: an image classifier's configuration, weights, preprocessing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
from torch import nn

from engine.models.conversion.hub_config import HubConfig, read_json
from engine.models.conversion.hub_images import preprocessing
from engine.models.conversion.hub_networks import HubNetwork, network
from engine.models.conversion.settings import set_epsilons
from engine.schema.errors import ModelError

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
SEVERAL = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


@dataclass(frozen=True)
class HubFolder:
    """An image classifier that transformers saved, in timm's terms.

    Attributes:
        kind: The class that transformers loads it as, such as `ViTForImageClassification`.
        model: timm's name of the network.
        model_args: What timm.create_model is given, `num_classes` among it.
        eps: Epsilons of layer norms by patterns of their names; see `set_epsilons`.
        weights: The file, with transformers' names (`conversions` brings them to timm's) or, of a
            wrapper, timm's own under `timm_model.`.
        class_names: In the order of the outputs; empty: the folder names none.
        input_config: timm's data config: input_size, interpolation, mean, std, crop_pct and
            crop_mode; empty: the folder does not say.
        notes: Where preprocessing was guessed or cannot be equal, in sentences.
    """

    kind: str
    model: str
    model_args: Mapping[str, Any]
    eps: Mapping[str, float]
    weights: Path
    class_names: tuple[str, ...]
    input_config: Mapping[str, Any]
    notes: tuple[str, ...]

    def build(self, **options: object) -> nn.Module:
        """Return timm's network, newly initialised, that computes what transformers' does.

        Args:
            options: Of timm.create_model; they go before `model_args`.

        Raises:
            ModelError: timm cannot build it.
        """
        try:
            model: nn.Module = timm.create_model(self.model, **{**self.model_args, **options})
        # its constructors raise errors of many types
        except Exception as error:
            first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise ModelError(
                f"timm cannot build {self.model} as {self.weights.parent} describes it: {first}."
            ) from error
        set_epsilons(model, self.eps)
        return model


def read_folder(path: Path) -> HubFolder | None:
    """Return what a folder of transformers' image classifier holds; None for any other folder.

    A folder that timm saved, whose config.json names no model type of transformers, is another.

    Raises:
        ModelError: The folder is of transformers and cannot be read, or timm does not have the
            same network.
    """
    values = read_json(path / CONFIG)
    if values is None or "model_type" not in values:
        return None
    config = HubConfig(path, values)
    found = network(config)
    images, notes = preprocessing(config, found)
    names = _class_names(config)
    several = config.get("problem_type", None) == "multi_label_classification"
    if several:
        notes += ("It was trained to name several classes an image; here it names one.",)
    return HubFolder(
        config.kind,
        found.model,
        {
            "num_classes": _outputs(config, names),
            **_size(config, found, images),
            **found.model_args,
        },
        found.eps,
        _weights(path),
        () if all(name == f"LABEL_{index}" for index, name in enumerate(names)) else names,
        images,
        notes,
    )


def _size(config: HubConfig, found: HubNetwork, images: Mapping[str, Any]) -> dict[str, int]:
    if not found.sized:
        return {}
    side = images["input_size"][-1] if images else config.side("image_size", 224)
    return {"img_size": side}


def _class_names(config: HubConfig) -> tuple[str, ...]:
    listed = config.get("label_names", None)
    if isinstance(listed, list):  # of a wrapper
        return tuple(str(name) for name in listed)
    by_index = config.get("id2label", None) or {}
    try:
        numbered = {int(index): str(name) for index, name in by_index.items()}
    except (AttributeError, ValueError) as error:
        raise ModelError(f"id2label in {config.folder / CONFIG} is no {{index: name}}.") from error
    if sorted(numbered) != list(range(len(numbered))):
        raise ModelError(
            f"id2label in {config.folder / CONFIG} does not number the classes from 0 without gaps."
        )
    return tuple(numbered[index] for index in range(len(numbered)))


def _outputs(config: HubConfig, names: tuple[str, ...]) -> int:
    """Return C: transformers' own default is 2."""
    return len(names) or int(config.get("num_classes", None) or config.get("num_labels", 2))


def _weights(path: Path) -> Path:
    for name in WEIGHTS:
        if (path / name).is_file():
            return path / name
    if any((path / name).is_file() for name in SEVERAL):
        raise ModelError(
            f"The weights in {path} are in several files; save them as one, with "
            "save_pretrained(..., max_shard_size='100GB')."
        )
    raise ModelError(f"No weights in {path}; {' or '.join(WEIGHTS)} belongs beside {CONFIG}.")
