"""What works here, what does not, and the mend: every check on its own."""

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from rich.console import Console

from engine.data.splits import open_split
from engine.schema.errors import EngineError
from engine.schema.requests import Source
from neuroinspect_tui.config import read_config
from neuroinspect_tui.jobs.launcher import lingers, logout_kills
from neuroinspect_tui.workspace import find_home, read_source

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

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
    """Check versions, memory and device, then, in a workspace, everything it names."""
    yield Check("python", "ok", f"{platform.python_version()} on {platform.platform(terse=True)}")
    for name in PACKAGES:
        yield _guarded(name, partial(_version, name))
    yield _guarded("device", _devices)
    yield _memory()
    yield _guarded("colours", _colors)
    try:
        home = find_home(workspace)
        source = read_source(home)
    except EngineError as error:
        yield Check("workspace", "failed" if workspace else "warning", str(error))
        return
    yield Check("workspace", "ok", str(home.resolve()))
    yield _disk(home)
    yield _logout()
    yield from _named(home, source)


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
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return Check("memory", "ok", "unknown on this system")
    return Check("memory", _scarce(free), f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB free")


def _colors() -> str:
    """Tell how many colours the app would draw with, and why."""
    asked = read_config().color
    if "NO_COLOR" in os.environ:
        found = "none"
    elif asked != "auto":
        found = asked
    else:
        # not our own stdout, which may be a file: the app draws on the terminal
        seen = Console(force_terminal=True).color_system or "none"
        found = "16" if seen == "standard" else seen
    names = ("TERM", "COLORTERM", "NO_COLOR")
    why = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    why += ["in tmux"] if "TMUX" in os.environ else []
    why += [f"config.toml says {asked}"] if asked != "auto" else []
    more = "" if found == "truecolor" else "; more, where the terminal has them: --color truecolor"
    return f"{found} ({', '.join(why) or 'TERM is not set'}){more}"


def _disk(home: Path) -> Check:
    free = shutil.disk_usage(home).free
    writable = os.access(home, os.W_OK)
    found = f"{free / 2**30:.1f} GiB free, {'writable' if writable else 'read-only'}"
    return Check("disk", _scarce(free) if writable else "warning", found)


def _logout() -> Check:
    """Tell whether jobs outlive a logout."""
    if not logout_kills():
        return Check("logout", "ok", "leaves jobs running")
    if lingers() and shutil.which("systemd-run"):
        return Check("logout", "ok", "jobs run in a systemd scope of their own, which it spares")
    return Check(
        "logout", "warning",
        "kills running jobs here (KillUserProcesses=yes); run: loginctl enable-linger",
    )  # fmt: skip


def _scarce(free: int) -> Literal["ok", "warning"]:
    return "ok" if free > SCARCE else "warning"


def _named(home: Path, source: Source) -> Iterator[Check]:
    from engine.session import TorchEngine

    engine = TorchEngine(source, home)
    for name in (source.train_split, source.eval_split):
        yield _guarded(f"data, {name}", partial(_listed, source, name))
    yield _guarded("checkpoint", lambda: _loaded(engine.classifier, source))
    if source.clip == "none":
        yield Check("CLIP", "warning", "none: pictures are drawn without guidance")
    else:
        yield _guarded("CLIP", lambda: f"{source.clip}, {engine.clip_model and 'loads'}")


def _listed(source: Source, name: str) -> str:
    split = open_split(source, name)
    left = f", {len(split.skipped)} left out" if split.skipped else ""
    return f"{len(split.samples)} images of {len(split.classes)} classes{left}"


def _loaded(classifier: "Classifier", source: Source) -> str:
    return (
        f"{source.model}, {classifier.width} neurons, {classifier.decision.out_features} classes, "
        f"{classifier.input_size} px, on {classifier.device}"
    )
