"""A classifier from what a workspace names: the architecture, its weights, its preprocessing."""

import dataclasses
import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
import torch
from torch import nn

from engine.models.classifier import Classifier, split_model
from engine.models.containers import Contents, read_contents
from engine.models.conversion import HubFolder
from engine.models.facts import Facts, class_names, read_facts
from engine.models.fitting import Fitted, fit, outputs_of
from engine.models.hub import NOT_CACHED, with_weights
from engine.models.other_libraries import (
    of_folder,
    transformers_folder,
    with_arguments,
    with_transform,
)
from engine.models.preprocessing import create_arguments, data_config, size_of
from engine.models.wanted import wanted
from engine.schema.errors import CheckpointError, ModelError
from engine.schema.requests import Source, TrainRequest
from engine.schema.source_specs import local_directory

SHOWN = 5  # class names


def load_classifier(source: Source, classes: int | None, device: torch.device) -> Classifier:
    """Build the model, load its weights and split it.

    Args:
        source: Names the architecture and the checkpoint.
        classes: How many classes the data have; None: as many as the checkpoint has.
        device: Where to run it.

    Raises:
        ModelError: The architecture is unknown, has no linear classifier head, or timm's pretrained
            weights cannot be downloaded.
        CheckpointError: The checkpoint is missing, damaged, or does not fit the model or the data.
    """
    if source.untrained:
        raise ModelError("This workspace has no weights yet; make them with `train`.")
    folder = transformers_folder(source)
    if source.pretrained and folder is None:
        facts, notes = Facts(), tuple[str, ...]()
        body = build(source, None, pretrained=True)
    else:
        path = folder.weights if folder and source.pretrained else Path(source.checkpoint)
        contents = read_contents(path, trust_pickle=source.trust_pickle)
        facts = read_facts(contents)
        facts = facts if folder is None else of_folder(folder, facts)
        facts = with_arguments(source, contents, facts)
        body, notes, conversion = _with_checkpoint(source, classes, contents, facts)
        facts = facts if folder else with_transform(source, conversion, facts)
    config, of_config = data_config(body, source, facts)
    classifier = _split(body, device, config, notes)
    names, of_names = _names(body, source, facts, classifier.decision.out_features)
    _check_classes(source, classifier.decision.out_features, classes, names)
    return dataclasses.replace(
        classifier,
        notes=(*notes, *of_config, *facts.notes, *of_names),
        model_args=create_arguments(source, facts)[0],
        class_names=names,
    )


def _split(
    body: nn.Module, device: torch.device, config: dict[str, Any], notes: tuple[str, ...]
) -> Classifier:
    """Split the model; where that fails, say also which of two sets of weights it has."""
    try:
        return split_model(body, device, config)
    except ModelError as error:
        choice = [note for note in notes if "average" in note]
        raise ModelError(" ".join([str(error), *choice])) from error


def _with_checkpoint(
    source: Source, classes: int | None, contents: Contents, facts: Facts
) -> tuple[nn.Module, tuple[str, ...], str | None]:
    expected = classes if facts.class_names is None else len(facts.class_names)
    body = build(source, expected, facts=facts)
    outputs = outputs_of(contents, wanted(body))
    if outputs not in (None, _classes(body)):
        body = build(source, outputs, facts=facts)
    fitted = fit(contents, body, wanted(body), source.weights)
    if fitted.classes not in (0, _classes(body)):
        body = build(source, fitted.classes, facts=facts)
    _load(body, fitted)
    _, notes = create_arguments(source, facts)
    return body, (*fitted.notes, *notes), fitted.conversion


def _classes(body: nn.Module) -> int:
    return int(getattr(body, "num_classes", 0))


def _load(body: nn.Module, fitted: Fitted) -> None:
    for name in fitted.unbiased:
        body.get_submodule(name).register_parameter("bias", None)
    body.load_state_dict(body.state_dict() | fitted.state)


def _names(
    body: nn.Module, source: Source, facts: Facts, classes: int
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the checkpoint's names of its classes, where there are as many as outputs."""
    names = facts.class_names
    if source.pretrained and names is None:
        names, _ = class_names([getattr(body, "pretrained_cfg", {})])
    if names is None or len(names) == classes:
        return names, ()
    return None, (f"The checkpoint names {len(names)} classes and has {classes} outputs; "
                  "the names are not used.",)  # fmt: skip


def _check_classes(
    source: Source, outputs: int, classes: int | None, names: tuple[str, ...] | None
) -> None:
    if classes is None or outputs == classes:
        return
    shown = ""
    if names is not None:
        shown = f" ({', '.join(names[:SHOWN])}{', ...' if outputs > SHOWN else ''})"
    owner = source.model if source.pretrained else f"The checkpoint {source.checkpoint}"
    raise CheckpointError(
        f"{owner} has {outputs} classes{shown}, the data have {classes}; "
        "give a checkpoint trained on these data."
    )


def new_classifier(
    source: Source, request: TrainRequest, classes: int, device: torch.device
) -> Classifier:
    """Return a classifier to train, with a new head; the rest from scratch or from given weights.

    Raises:
        ModelError: The architecture is unknown, has no linear classifier head, or timm's pretrained
            weights cannot be downloaded.
        CheckpointError: The checkpoint to start from is missing, damaged, or does not fit.
    """
    torch.manual_seed(request.seed)
    body = build(source, classes, pretrained=request.start == "pretrained")
    config, notes = data_config(body, source, Facts())
    if request.init is not None:
        contents = read_contents(Path(request.init), trust_pickle=source.trust_pickle)
        fitted = fit(contents, body, wanted(body, head=False), source.weights)
        body.load_state_dict(body.state_dict() | fitted.state)
        notes += fitted.notes
    arguments, _ = create_arguments(source, Facts())
    return dataclasses.replace(
        split_model(body, device, config), notes=tuple(notes), model_args=arguments
    )


def build(
    source: Source, classes: int | None, *, pretrained: bool = False, facts: Facts | None = None
) -> nn.Module:
    """Build the architecture with a newly initialised head of so many classes.

    Args:
        source: Names the architecture, its arguments and its image size.
        classes: None: as many as timm's weights have.
        pretrained: Whether to load timm's weights.
        facts: What a checkpoint says of the model.

    Raises:
        ModelError: The architecture is unknown, or its pretrained weights cannot be downloaded.
    """
    name, facts = source.model, facts or Facts()
    local = local_directory(name)
    if local is not None and not (local / "config.json").is_file():
        raise ModelError(f"No config.json in {local}; give a folder that timm saved.")
    if local is None and not name.startswith("hf-hub:") and not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), 3)
        hint = f"did you mean {', '.join(near)}?" if near else "see timm.list_models()."
        raise ModelError(f"timm {timm.__version__} has no model {name!r}; {hint}")
    options, _ = create_arguments(source, facts)
    size = size_of(source, facts)
    if size is not None and _has_fixed_size(name, local):
        options.setdefault("img_size", size)
    if classes is not None:
        options["num_classes"] = classes
    if (folder := transformers_folder(source)) is not None:
        return folder.build(**_resized(folder, options, size))
    if local is None and (pretrained or name.startswith("hf-hub:")):
        return with_weights(name, lambda: _create(name, {**options, "pretrained": pretrained}))
    return _create(name, {**options, "pretrained": pretrained})


def _resized(folder: HubFolder, options: dict[str, Any], size: int | None) -> dict[str, Any]:
    """Return the options with a stated image size, where the folder's network has a fixed one."""
    return {**options, "img_size": size} if size and "img_size" in folder.model_args else options


def _has_fixed_size(name: str, local: Path | None) -> bool:
    """Return whether a model is built for one image size, as those with position embeddings are."""
    if local is not None:
        try:
            config = json.loads((local / "config.json").read_text())
        except (OSError, ValueError):
            return False  # timm says what is wrong with it
        own = config.get("pretrained_cfg", config) if isinstance(config, dict) else {}
        if isinstance(own, Mapping) and own.get("fixed_input_size"):
            return True
        name = str(config.get("architecture", "")) if isinstance(config, dict) else ""
    known = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
    return bool(known is not None and known.fixed_input_size)


def _create(name: str, options: dict[str, Any]) -> nn.Module:
    pretrained = options["pretrained"]
    try:
        model: nn.Module = timm.create_model(name, **options)
    except NOT_CACHED:
        raise
    # its constructors, configurations and the hub raise errors of many types
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        given = {k: v for k, v in options.items() if k not in ("pretrained", "num_classes")}
        arguments = f" with {', '.join(f'{k}={v}' for k, v in given.items())}" if given else ""
        weights = " with pretrained weights" if pretrained else ""
        hint = "; on a machine without network give --checkpoint FILE" if pretrained else ""
        raise ModelError(f"timm cannot build {name}{weights}{arguments}: {first}{hint}.") from error
    return model
