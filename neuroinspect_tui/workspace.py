"""A workspace: a directory with workspace.toml, which `init` writes and people may edit."""

import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from engine.data.class_list import ORDERS, ClassList
from engine.io.atomic import cannot_write, write_json, write_text
from engine.schema.errors import EngineError
from engine.schema.requests import Source
from engine.schema.source_specs import local_directory, local_spec

FILE = "workspace.toml"
CLASSES = "classes.json"
MADE_IN = "made_in"
COMMENTS = {
    "model": "a timm architecture, or local-dir:DIR",
    "checkpoint": ".safetensors, .pt or .pth; none: timm's pretrained weights; untrained",
    "data": "an image folder ROOT (ROOT/SPLIT/CLASS/*) or a CSV (path,label,split[,group])",
    "reader": "the data reader; without this entry the one that matches the data",
    "clip": "none, MODEL/TAG as open_clip lists them, or local-dir:DIR",
    "device": "auto, cpu, cuda:N or mps",
    "executor": "who runs the jobs: local, or an executor that another package installs",
    "trust_pickle": "true lets a pickled checkpoint run its own code as it loads",
}
PATHS = ("checkpoint", "data", "classes", "class_names", "class_order", "image_root")
RENAMED = {"half_bank": "half_features"}
"""Entries of version 0.1, and what they are called now."""


class WorkspaceError(EngineError):
    """There is no workspace here, or its file is broken."""


def find_home(start: Path | None) -> Path:
    """Return the workspace at `start`, or, without one, here or in the nearest parent.

    Raises:
        WorkspaceError: There is none.
    """
    if start is not None:
        if (start / FILE).is_file():
            return start
        raise WorkspaceError(f"{start} is not a workspace (no {FILE}); make one with `init`.")
    try:
        here = Path.cwd()
    except OSError as error:
        raise WorkspaceError("This directory was removed; name a workspace with -w DIR.") from error
    for directory in (here, *here.parents):
        if (directory / FILE).is_file():
            return directory
    raise WorkspaceError(
        f"No {FILE} in {here} or above; make a workspace with `init`, or name one with -w DIR."
    )


def read_source(home: Path) -> Source:
    """Read workspace.toml. Relative paths count from the workspace.

    Raises:
        WorkspaceError: It cannot be read, is not TOML, or holds a wrong or unknown entry.
    """
    path = home / FILE
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        made_in = entries.pop(MADE_IN, None)
        source = msgspec.convert(_renamed(entries), Source)
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"Cannot read {path}: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise WorkspaceError(f"{path} is not valid TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise WorkspaceError(
            f"{path} is wrong: {error}; correct that entry or run `init` again."
        ) from error
    changes = {}
    for name in PATHS:
        value = getattr(source, name)
        no_file = (name == "checkpoint" and (source.pretrained or source.untrained)) or (
            name == "class_order" and value in ORDERS
        )
        if value is not None and not no_file:
            if "\0" in value:
                raise WorkspaceError(f"{path} is wrong: {name} holds a NUL byte.")
            changes[name] = str(_found(home, value, made_in))
    for name in ("model", "clip"):
        local = local_directory(getattr(source, name))
        if local is not None:
            changes[name] = local_spec(_found(home, local, made_in))
    return msgspec.structs.replace(source, **changes)


def _found(home: Path, value: str | Path, made_in: object) -> Path:
    """Return where a path leads: where it says, else where it went together with the workspace."""
    path = home / expanded(value)
    if isinstance(made_in, str) and Path(value).is_absolute() and not path.exists():
        moved = home / os.path.relpath(value, made_in)
        if moved.exists():
            return Path(os.path.normpath(moved))
    return path


def _renamed(entries: dict[str, Any]) -> dict[str, Any]:
    """Return the entries with the names that they have now; the new name wins over the old."""
    kept = {
        name: value
        for name, value in entries.items()
        if name not in RENAMED or RENAMED[name] not in entries
    }
    return {RENAMED.get(name, name): value for name, value in kept.items()}


def expanded(path: str | Path) -> Path:
    """Return a path with ~ replaced by the home directory.

    Raises:
        WorkspaceError: There is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise WorkspaceError(f"No home directory for {path}; write the path in full.") from error


def write_source(home: Path, source: Source) -> Path:
    """Write workspace.toml, with comments; return its path.

    Raises:
        WorkspaceError: The directory cannot be made.
        StorageError: The file cannot be written.
    """
    document = tomlkit.document()
    document.add(tomlkit.comment("neuroinspect-tui workspace; edit by hand, paths may be relative"))
    made_in = tomlkit.item(str(home.absolute()))
    made_in.comment("what moved together with this directory is found by this")
    document.add(MADE_IN, made_in)
    for name, value in msgspec.structs.asdict(source).items():
        if value is None or value == {}:
            continue
        item = tomlkit.item(value)
        if name in COMMENTS:
            item.comment(COMMENTS[name])
        document.add(name, item)
    path = home / FILE
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(cannot_write(path, error)) from error
    write_text(path, tomlkit.dumps(document))
    return path


def write_classes(home: Path, classes: ClassList) -> None:
    """Write classes.json, the model's classes in the order of its outputs.

    Raises:
        StorageError: The file cannot be written.
    """
    write_json(home / CLASSES, classes)


def set_checkpoint(home: Path, checkpoint: str) -> None:
    """Change the checkpoint in workspace.toml, and keep all else that a person wrote there."""
    path = home / FILE
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    item = tomlkit.item(checkpoint)
    item.comment(COMMENTS["checkpoint"])
    document["checkpoint"] = item
    write_text(path, tomlkit.dumps(document))
