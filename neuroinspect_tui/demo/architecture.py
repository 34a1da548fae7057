"""A small network at the pictures' size, as a timm folder. No torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.io.atomic import write_json
from engine.schema.source_specs import local_spec
from neuroinspect_tui.demo.scenes import SIZE

ARCHITECTURE = "test_byobnet"


def write_architecture(
    root: Path, name: str = ARCHITECTURE, model_args: Mapping[str, Any] | None = None
) -> str:
    """Write a timm architecture below `root`, unless it is there; return it as a model.

    Args:
        root: Gets a directory `architecture`.
        name: As timm lists it.
        model_args: What timm makes it with; None for nothing.

    Raises:
        StorageError: It cannot be written.
    """
    config = {
        "architecture": name,
        **({"model_args": dict(model_args)} if model_args else {}),
        "num_classes": 0,
        "pretrained_cfg": {
            "input_size": [3, SIZE, SIZE], "crop_pct": 1.0, "interpolation": "bilinear",
            "mean": [0.5] * 3, "std": [0.5] * 3,
        },
    }  # fmt: skip
    path = root / "architecture" / "config.json"
    if not path.is_file():
        write_json(path, config)
    return local_spec(path.parent)
