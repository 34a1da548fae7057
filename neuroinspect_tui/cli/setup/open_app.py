"""`open`, which is also what no command means: the app."""

import gc
import os
import subprocess
from collections.abc import Container
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs

from engine.schema.errors import RequestError
from neuroinspect_tui.cli.options import Color, Device, Mouse, Pictures, SlowLink, Theme
from neuroinspect_tui.cli.options import Workspace as WorkspaceOption
from neuroinspect_tui.cli.output import note
from neuroinspect_tui.config import Config, demo_home, read_config, set_color
from neuroinspect_tui.program import PROGRAM, command_line
from screens.words import counted

SLOW_LINK = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_FPS": "12", "TEXTUAL_SMOOTH_SCROLL": "0"}
OPTIONS = (
    "--device", "--color", "--slow-link", "--no-slow-link", "--mouse", "--no-mouse", "--theme",
    "--pictures",
)  # fmt: skip


def command(
    workspace: Annotated[
        Path | None,
        typer.Argument(
            metavar="[WORKSPACE]",
            show_default=False,
            help="[default: this directory, or the nearest parent with workspace.toml]",
        ),
    ] = None,
    device: Device = None,
    at: WorkspaceOption = None,
    color: Color = None,
    slow_link: SlowLink = None,
    mouse: Mouse = None,
    pictures: Pictures = None,
    theme: Theme = None,
) -> None:
    """Open the app. `neuroinspect-tui [WORKSPACE]` does the same.

    Example: neuroinspect-tui ws --slow-link
    """  # fmt: skip
    from neuroinspect_tui.app.terminal import need_terminal

    need_terminal()
    given = {"color": color, "slow_link": slow_link, "mouse": mouse, "theme": theme,
             "pictures": pictures}  # fmt: skip
    config = structs.replace(
        read_config(), **{name: value for name, value in given.items() if value is not None}
    )
    place, said = _place(_one(workspace, at))
    set_color(config.color)  # before textual is imported
    if config.slow_link:
        for name, value in SLOW_LINK.items():
            os.environ.setdefault(name, value)
    raise typer.Exit(_run(config, place, said, device))


def _one(workspace: Path | None, at: Path | None) -> Path | None:
    """Return the workspace, named by an argument or by -w."""
    if workspace is not None and at is not None and workspace.resolve() != at.resolve():
        raise RequestError(f"Two workspaces are named, {at} and {workspace}; give one.")
    return workspace or at


def _place(start: Path | None) -> tuple[Path | None, str]:
    """Return the workspace; or where one could be made, and why there is none."""
    from neuroinspect_tui.workspace import FILE, WorkspaceError, expanded, find_home

    start = None if start is None else expanded(start)
    if start is not None and start.name == FILE:
        start = start.parent
    try:
        return find_home(start), ""
    except WorkspaceError as error:
        if start is not None and not start.is_dir():
            raise
        return start, str(error)


def _run(config: Config, at: Path | None, said: str, device: str | None) -> int:
    """Run the app, and again after the demo was made; return the exit code."""
    gc.disable()  # a seventh of the time of these imports goes into looking for garbage
    from neuroinspect_tui.app.app import DEMO, NeuroinspectApp
    from neuroinspect_tui.app.local_workspace import LocalWorkspace
    from neuroinspect_tui.app.probe import ask

    gc.freeze()  # nor is there any in what was imported, when a key waits
    gc.enable()

    def opened(path: Path) -> LocalWorkspace:
        return LocalWorkspace(path, device)

    while True:
        app = NeuroinspectApp(config, opened, at, said, ask())
        left_for = app.run(mouse=config.mouse)
        if left_for != DEMO:
            break
        code = subprocess.call([*PROGRAM, "demo", "--no-open"])
        if code:
            return code
        at, said = demo_home(), ""
    if app.active and app.workspace is not None:
        runs = "continues" if app.active == 1 else "continue"
        listed = command_line(app.workspace.home, "jobs", "list")
        note(f"{counted(app.active, 'job')} {runs}; list them with: {listed}")
    return app.return_code or 0


def meant(words: list[str], commands: Container[str]) -> list[str]:
    """Return the words of the command line, with `open` where the app is meant."""
    if not words:
        return ["open"]
    first = words[0]
    if first.startswith(("-w", "--workspace")):  # DIR is the next word, or follows in this one
        here = 1 if "=" in first or (first != "-w" and not first.startswith("--")) else 2
        return [*words[:here], *meant(words[here:], commands)]
    option = first.partition("=")[0] in OPTIONS
    path = first not in commands and (Path(first).is_dir() or first.startswith((".", "~", "/")))
    return ["open", *words] if option or path else words
