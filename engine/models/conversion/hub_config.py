"""The config.json of a folder that transformers saved, read with its defaults."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.schema.errors import ModelError

READ = "ViT, DeiT, Swin, ConvNeXt, ConvNeXt V2, ResNet and TimmWrapper"
ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_pytorch_tanh": "gelu_tanh",
    "quick_gelu": "quick_gelu",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}
"""timm's names by transformers'."""


@dataclass(frozen=True)
class HubConfig:
    """What config.json says.

    Attributes:
        folder: It is in.
        values: As transformers wrote them; what it left out has its default.
    """

    folder: Path
    values: Mapping[str, Any]

    @property
    def model_type(self) -> str:
        """The family that transformers files the network under."""
        return str(self.values.get("model_type", ""))

    @property
    def kind(self) -> str:
        """The class that transformers loads it as; empty where none is named."""
        kinds = self.values.get("architectures")
        return str(kinds[0]) if isinstance(kinds, list) and kinds else ""

    def get(self, key: str, default: Any) -> Any:
        """Return a value, or transformers' default."""
        return self.values.get(key, default)

    def side(self, key: str, default: int) -> int:
        """Return a side of a square, which transformers writes as one number or as two."""
        value = self.get(key, default)
        sides = set(value) if isinstance(value, list) else {value}
        if len(sides) != 1 or not isinstance(next(iter(sides)), int):
            raise self.unlike(f"{key} is {value}, and only squares are read")
        return int(next(iter(sides)))

    def activation(self, default: str = "gelu") -> str:
        """Return timm's name of the activation."""
        value = self.get("hidden_act", default)
        if value not in ACTIVATIONS:
            raise self.unlike(f"its activation is {value}")
        return ACTIVATIONS[value]

    def require(self, key: str, expected: Any, default: Any) -> None:
        """Refuse the folder unless a value is as expected.

        Raises:
            ModelError: It is another.
        """
        value = self.get(key, default)
        if value != expected:
            raise self.unlike(f"{key} is {value}, in timm it is {expected}")

    def unlike(self, why: str) -> ModelError:
        """Return the error that timm does not have the network."""
        return ModelError(
            f"{self.folder} is a {self.kind or self.model_type} of transformers, and timm does not "
            f"have that network: {why}; give a folder of {READ}, or a timm model with its weights."
        )


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a file's JSON object; None where there is no file.

    Raises:
        ModelError: It cannot be read, or is something else.
    """
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"Cannot read {path}: {error}.") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} is not a JSON object, as transformers and timm write it.")
    return content
