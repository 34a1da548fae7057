"""What the shell offers after Tab: names in the workspace that -w, or the current directory, means.

Each reads a few small files: no torch, no numpy. A workspace that cannot be read offers nothing.
"""

import contextlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import typer

from screens.shown import shown

VARIABLE = "_NEUROINSPECT_TUI_COMPLETE"
NEWEST = 40
"""Jobs offered; each costs a small file to read."""

Offered = list[tuple[str, str]]
"""Values, each with a line of help."""


def _cautious(offer: Callable[[Path], Iterator[tuple[str, str]]]) -> Callable[..., Offered]:
    """Let a completion know its workspace, and offer what there is before anything fails."""

    def offering(ctx: typer.Context) -> Offered:
        offered: Offered = []
        with contextlib.suppress(Exception):  # a traceback would land in the command line
            for value, help_ in offer(_home(ctx)):
                if shown(value) == value:  # else only an index or an id names it
                    offered.append((value, shown(help_)))
        return offered

    return offering


def _home(ctx: typer.Context) -> Path:
    from neuroinspect_tui.workspace import expanded, find_home

    given = ctx.params.get("workspace") or ctx.find_root().params.get("workspace")
    return find_home(None if given is None else expanded(given))


@_cautious
def edits(home: Path) -> Iterator[tuple[str, str]]:
    """Offer the edits, newest first."""
    names = (path.parent.name for path in (home / "edits").glob("[!.]*/edit.json"))
    yield from ((name, "") for name in sorted(names, reverse=True))


@_cautious
def groupings(home: Path) -> Iterator[tuple[str, str]]:
    """Offer the groupings."""
    yield from ((name, "") for name in sorted(path.stem for path in home.glob("groups/*.csv")))


@_cautious
def jobs(home: Path) -> Iterator[tuple[str, str]]:
    """Offer the newest jobs, each with its title."""
    from neuroinspect_tui.jobs.job import JobError, is_id, read_job

    names = sorted((path.name for path in (home / "jobs").iterdir()), reverse=True)
    for name in list(filter(is_id, names))[:NEWEST]:
        with contextlib.suppress(JobError):
            yield name, read_job(home / "jobs" / name).title


@_cautious
def executors(home: Path) -> Iterator[tuple[str, str]]:
    """Offer the executors that are installed."""
    from neuroinspect_tui.jobs.executors import EXECUTORS

    del home
    yield from ((name, "") for name in EXECUTORS.names())


@_cautious
def classes(home: Path) -> Iterator[tuple[str, str]]:
    """Offer the names of the classes."""
    yield from ((ClassName(name), "") for name in _class_names(home))


class ClassName(str):
    """A class's name as the shell inserts it; bash alone does not quote its spaces by itself.

    Typer keeps what starts with the typed text, which has no quotes any more and may be in any
    case, as `--class` itself allows.
    """

    def __new__(cls, name: str) -> "ClassName":
        """Quote a name where the shell does not."""
        in_bash = os.environ.get(VARIABLE) == "complete_bash"
        return super().__new__(cls, re.sub(r"([^\w.,:/+@%-])", r"\\\1", name) if in_bash else name)

    def __init__(self, name: str) -> None:
        self.name = name

    def startswith(self, typed: object, *_: object) -> bool:
        """Tell whether the name itself starts with some text, in any case."""
        return self.name.casefold().startswith(str(typed).casefold())


class _Named(msgspec.Struct):
    """The part of a feature cache's meta.json that names its classes."""

    folders: tuple[str, ...]


def _class_names(home: Path) -> list[str]:
    """Return the names as `classes` prints them; a folder's where two classes share a name."""
    from engine.data.class_list import DataClasses, in_order, read_class_list
    from engine.data.class_names import all_readable
    from neuroinspect_tui.workspace import read_source

    source = read_source(home)
    if source.classes is not None:
        listed = read_class_list(Path(source.classes))
        return _distinct(listed.names, listed.keys)
    caches = sorted(home.glob("features/*/meta.json"), key=lambda path: path.stat().st_mtime_ns)
    if caches:
        folders = msgspec.json.decode(caches[-1].read_bytes(), type=_Named).folders
    else:  # an image folder lists its classes itself; a CSV is read when its features are
        with os.scandir(Path(source.data) / source.eval_split) as entries:
            folders = tuple(sorted(entry.name for entry in entries if entry.is_dir()))
    data = DataClasses(folders, all_readable(folders), (1,) * len(folders))
    listed = in_order(data, source.class_order, source.class_names)
    return _distinct(listed.names, listed.keys)


def _distinct(names: Sequence[str], keys: Sequence[str]) -> list[str]:
    times = Counter(names)
    return [name if times[name] == 1 else key for name, key in zip(names, keys, strict=True)]
