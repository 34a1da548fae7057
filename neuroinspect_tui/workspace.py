"""A workspace: a directory with workspace.toml, written by `init`, edited by hand."""

import tomllib
from pathlib import Path

import msgspec
import tomlkit

from engine.io.atomic import cannot_write, write_beside
from engine.schema.errors import EngineError
from engine.schema.requests import UNTRAINED, Source

FILE = "workspace.toml"
COMMENTS = {
    "model": "a timm architecture, or local-dir:DIR",
    "checkpoint": ".safetensors, .pt or .pth; none: timm's pretrained weights; untrained",
    "data": "an image folder ROOT (ROOT/SPLIT/CLASS/*) or a CSV (path,label,split[,group])",
    "clip": "none, MODEL/TAG as open_clip lists them, or local-dir:DIR",
    "device": "auto, cpu, cuda:N or mps",
    "executor": "who runs the jobs: local, or an executor that another package installs",
    "trust_pickle": "true lets a pickled checkpoint run its own code as it loads",
}
PATHS = ("checkpoint", "data", "class_names")


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
        raise WorkspaceError(f"{start} is no workspace (no {FILE}); make one with `init`.")
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
        source = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Source)
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"Cannot read {path}: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise WorkspaceError(f"{path} is not valid TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise WorkspaceError(
            f"{path} is wrong: {error}; mend that entry or run `init` again."
        ) from error
    changes = {}
    for name in PATHS:
        value = getattr(source, name)
        if value is not None and not (name == "checkpoint" and value in ("none", UNTRAINED)):
            if "\0" in value:
                raise WorkspaceError(f"{path} is wrong: {name} holds a NUL byte.")
            changes[name] = str(home / expanded(value))
    for name in ("model", "clip"):  # local-dir:DIR
        scheme, _, rest = getattr(source, name).partition(":")
        if scheme == "local-dir":
            changes[name] = f"local-dir:{home / expanded(rest)}"
    return msgspec.structs.replace(source, **changes)


def expanded(path: str | Path) -> Path:
    """Return a path with its ~ read.

    Raises:
        WorkspaceError: There is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise WorkspaceError(f"No home directory for {path}; write the path in full.") from error


def write_source(home: Path, source: Source) -> Path:
    """Write workspace.toml with a comment an entry; return its path."""
    document = tomlkit.document()
    document.add(tomlkit.comment("neuroinspect-tui workspace; edit by hand, paths may be relative"))
    for name, value in msgspec.structs.asdict(source).items():
        if value is None:
            continue
        item = tomlkit.item(value)
        if name in COMMENTS:
            item.comment(COMMENTS[name])
        document.add(name, item)
    path = home / FILE
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise WorkspaceError(cannot_write(path, error)) from error
    write_beside(path, lambda temporary: _write_text(temporary, tomlkit.dumps(document)))
    return path


def set_checkpoint(home: Path, checkpoint: str) -> None:
    """Change one entry of workspace.toml, and nothing a person wrote around it."""
    path = home / FILE
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    item = tomlkit.item(checkpoint)
    item.comment(COMMENTS["checkpoint"])
    document["checkpoint"] = item
    write_beside(path, lambda temporary: _write_text(temporary, tomlkit.dumps(document)))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
