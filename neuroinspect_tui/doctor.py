"""What works on this machine and in a workspace, what does not, and what to do about it."""

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import psutil
from msgspec import Struct
from rich.console import Console  # noqa: TID251  asked for its colours

from engine.data.readers import READERS
from engine.data.splits import open_split
from engine.schema.errors import EngineError, RequestError
from engine.schema.requests import Source
from engine.schema.source_specs import NONE
from neuroinspect_tui.config import read_config
from neuroinspect_tui.jobs.launcher import lingers, logout_kills
from neuroinspect_tui.version_0_1 import leftovers
from neuroinspect_tui.workspace import find_home, read_source

if TYPE_CHECKING:
    from engine.intake.intake import Intake

PACKAGES = (
    "neuroinspect-tui",
    "torch",
    "torchvision",
    "timm",
    "open_clip_torch",
    "numpy",
    "pillow",
)
SCARCE = 2 << 30


class Check(Struct, frozen=True):
    """One line of the doctor's report."""

    what: str
    state: Literal["ok", "warning", "failed"]
    found: str


def examine(workspace: Path | None) -> Iterator[Check]:
    """Check versions, device, memory and readers, then all that a workspace names.

    Args:
        workspace: Its directory; None: here, or the nearest parent.
    """
    yield Check("python", "ok", f"{platform.python_version()} on {platform.platform(terse=True)}")
    for name in PACKAGES:
        yield _guarded(name, partial(_version, name))
    yield _guarded("device", _devices)
    yield _memory()
    yield _readers()
    yield _guarded("colours", _colors)
    yield _guarded("pictures", _pictures)
    try:
        home = find_home(workspace)
        source = read_source(home)
    except EngineError as error:
        yield Check("workspace", "failed" if workspace else "warning", str(error))
        return
    yield Check("workspace", "ok", str(home.resolve()))
    yield _disk(home)
    yield _logout()
    for sentence in leftovers(home):
        yield Check("version 0.1", "warning", sentence)
    yield from _named(source)


def _guarded(what: str, check: Callable[[], str]) -> Check:
    try:
        return Check(what, "ok", check())
    except EngineError as error:
        return Check(what, "failed", " ".join(str(error).split()))
    # a broken installation raises anything as it is imported
    except Exception as error:  # noqa: BLE001
        return Check(what, "failed", f"{type(error).__name__}: {error}".splitlines()[0])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError as error:
        raise EngineError(f"not installed; run: pip install {name}") from error


def _devices() -> str:
    import torch

    if not torch.cuda.is_available():
        return f"cpu, {os.cpu_count()} cores, {torch.get_num_threads()} threads; no CUDA device"
    found = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        name = torch.cuda.get_device_name(index)
        found.append(f"cuda:{index} {name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free")
    return "; ".join(found)


def _memory() -> Check:
    found = psutil.virtual_memory()
    free, total = found.available / 2**30, found.total / 2**30
    return Check("memory", _scarce(found.available), f"{free:.1f} of {total:.1f} GiB free")


def _readers() -> Check:
    """List the data readers; a warning says which third party's cannot be imported."""
    failed: list[str] = []
    for name in READERS.names():
        try:
            READERS.get(name)
        except RequestError as error:
            failed.append(str(error))
    if failed:
        return Check("readers", "warning", " ".join(" ".join(failed).split()))
    return Check("readers", "ok", ", ".join(READERS.names()))


def _colors() -> str:
    """Return how many colours the app would draw with, and why."""
    asked = read_config().color
    if "NO_COLOR" in os.environ:
        found = "none"
    elif asked != "auto":
        found = asked
    else:
        # stdout may be a file, while the app draws on the terminal
        seen = Console(force_terminal=True).color_system or "none"
        found = "16" if seen == "standard" else seen
    names = ("TERM", "COLORTERM", "NO_COLOR")
    why = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    why += ["in tmux"] if "TMUX" in os.environ else []
    why += [f"config.toml says {asked}"] if asked != "auto" else []
    more = "" if found == "truecolor" else "; more, where the terminal has them: --color truecolor"
    return f"{found} ({', '.join(why) or 'TERM is not set'}){more}"


def _pictures() -> str:
    """Return what the app would draw pictures with here, and why."""
    from neuroinspect_tui.app import pictures, probe
    from neuroinspect_tui.app.terminal import is_terminal

    config = read_config()
    answers = probe.ask() if is_terminal() else None
    terminal = probe.understood_here("" if answers is None else answers.text)
    colors = None if "NO_COLOR" in os.environ else "truecolor"
    name, problems = pictures.chosen(config.pictures, replace(terminal, colors=colors))
    why = [*problems]
    if config.pictures != pictures.AUTO:
        why.append(f"config.toml says {config.pictures}")
    if answers is None:
        why.append("the terminal was not asked, as stdin or stderr is not one")
    elif not answers.complete:
        why.append(f"no answer within {probe.SECONDS:g} s; the app waits on as it runs")
    why += pictures.described(terminal)
    return f"{name} ({'; '.join(why)})"


def _disk(home: Path) -> Check:
    free = psutil.disk_usage(str(home)).free
    writable = os.access(home, os.W_OK)
    found = f"{free / 2**30:.1f} GiB free, {'writable' if writable else 'read-only'}"
    return Check("disk", _scarce(free) if writable else "warning", found)


def _logout() -> Check:
    """Check whether jobs outlive a logout."""
    if not logout_kills():
        return Check("logout", "ok", "leaves jobs running")
    if lingers() and shutil.which("systemd-run"):
        return Check("logout", "ok", "jobs run in their own systemd scope, which outlives it")
    return Check(
        "logout", "warning",
        "kills running jobs here (KillUserProcesses=yes); run: loginctl enable-linger",
    )  # fmt: skip


def _scarce(free: int) -> Literal["ok", "warning"]:
    return "ok" if free > SCARCE else "warning"


def _named(source: Source) -> Iterator[Check]:
    for name in (source.train_split, source.eval_split):
        yield _guarded(f"data, {name}", partial(_listed, source, name))
    from engine.intake.intake import Intake

    found: list[Intake] = []
    yield _guarded("checkpoint", lambda: _loaded(source, found))
    for intake in found:
        yield from (Check("decided", "ok", note) for note in intake.notes)
        if intake.doubt is not None:
            yield Check("decided", "warning", intake.doubt.sentence)
    if not source.has_clip:
        yield Check(
            "CLIP", "warning", "none: no words, no search, and visualizations without its guidance"
        )
    else:
        yield _guarded("CLIP", lambda: _clip(source))


def _listed(source: Source, name: str) -> str:
    split = open_split(source, name)
    skipped = f", {len(split.skipped)} skipped" if split.skipped else ""
    title = READERS.get(split.reader).title
    return f"{len(split.samples)} images of {len(split.classes)} classes{skipped}; {title}"


def _loaded(source: Source, found: "list[Intake]") -> str:
    """Load the checkpoint and try it, as `init` does; CLIP is checked apart."""
    from engine.intake.intake import Intake, take_in
    from engine.intake.listing import listed

    evaluation, training, _ = listed(source)
    without_clip = msgspec.structs.replace(source, clip=NONE)
    for record in take_in(without_clip, (evaluation, training), frozenset()):
        if isinstance(record, Intake):
            found.append(record)
    width = f"{found[0].width} neurons" if found[0].width else "untrained"
    return f"{source.model}, {width}, {len(found[0].classes.keys)} classes, on {found[0].device}"


def _clip(source: Source) -> str:
    from engine.models.classifier import pick_device
    from engine.models.clip import load_clip

    load_clip(source.clip, pick_device(source.device))
    return f"{source.clip} loads"
