"""What torchvision and transformers say of a checkpoint: its arguments, transform and names."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.models.containers import Contents
from engine.models.conversion import (
    HubFolder,
    is_published,
    read_folder,
    torchvision_arguments,
    torchvision_transform,
    torchvision_weights,
)
from engine.models.facts import Facts
from engine.schema.requests import Source
from engine.schema.source_specs import local_directory

TORCHVISION = "torchvision's"
"""How the conversions of torchvision's names begin."""
FIELDS = ("mean", "std", "crop_pct", "interpolation", "crop_mode")


def transformers_folder(source: Source) -> HubFolder | None:
    """Return what the model's folder holds, where transformers saved it.

    Raises:
        ModelError: It is of transformers and cannot be read, or timm has no such network.
    """
    local = local_directory(source.model)
    return None if local is None else read_folder(local)


def of_folder(folder: HubFolder, facts: Facts) -> Facts:
    """Return the facts of a checkpoint with those of its folder, which win."""
    return dataclasses.replace(
        facts,
        class_names=folder.class_names or facts.class_names,
        transform=_transform(folder.input_config) or facts.transform,
        notes=(f"{folder.kind} of transformers is timm's {folder.model}.", *folder.notes,
               *facts.notes),
    )  # fmt: skip


def with_arguments(source: Source, contents: Contents, facts: Facts) -> Facts:
    """Return the facts with the arguments that make timm's network torchvision's."""
    found = torchvision_arguments(source.model, contents.tensors)
    return dataclasses.replace(facts, model_args={**found, **facts.model_args})


def with_transform(source: Source, conversion: str | None, facts: Facts) -> Facts:
    """Return the facts with torchvision's transform, where the checkpoint is torchvision's.

    Of networks whose weights have the same names in both libraries it is so only by the file's
    name; otherwise timm's transform is used, and a note says how to take the other.
    """
    file = Path(source.checkpoint).name
    theirs = torchvision_transform(source.model, file)
    if facts.transform or theirs is None:
        return facts
    weights = torchvision_weights(source.model, file)
    stated = any(getattr(source, name) is not None for name in ("mean", "img_size", "crop_pct"))
    by_name = is_published(source.model, file)
    if by_name or (conversion or "").startswith(TORCHVISION):
        note = f"Prepared for as torchvision does ({weights})."
        return dataclasses.replace(facts, transform=_transform(theirs), notes=(*facts.notes, note))
    if conversion is not None or stated:
        return facts
    note = (
        "timm and torchvision give these weights the same names; timm's transform is used, and "
        f"torchvision's is --img-size {theirs['input_size'][-1]} --crop-pct "
        f"{theirs['crop_pct']:.4g} --interpolation {theirs['interpolation']}."
    )
    return dataclasses.replace(facts, notes=(*facts.notes, note))


def _transform(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return timm's data config under the names that a workspace has."""
    if not config:
        return {}
    found = {name: config[name] for name in FIELDS if name in config}
    return {**found, "img_size": int(config["input_size"][-1])}
