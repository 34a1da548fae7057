"""`open`, which is also what no command means: the app."""

import gc
import os
import shlex
import subprocess
import sys
from collections.abc import Container
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs

from engine.schema.errors import RequestError
from neuroinspect_tui.cli.options import Device
from neuroinspect_tui.config import COLORS, Config, demo_home, read_config, set_color
from neuroinspect_tui.program import PROGRAM
from screens.words import counted

SLOW_LINK = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_FPS": "12", "TEXTUAL_SMOOTH_SCROLL": "0"}
OPTIONS = (
    "--device", "--color", "--slow-link", "--no-slow-link", "--mouse", "--no-mouse", "--theme",
)  # fmt: skip


def command(
    workspace: Annotated[
        Path | None,
        typer.Argument(
            metavar="[WORKSPACE]",
            show_default=False,
            help="[default: here, or the nearest parent with workspace.toml]",
        ),
    ] = None,
    device: Device = None,
    color: Annotated[
        str | None, typer.Option("--color", help=f"{', '.join(COLORS)} [default: config.toml's].")
    ] = None,
    slow_link: Annotated[
        bool | None,
        typer.Option("--slow-link/--no-slow-link", help="Fewer bytes: small pictures."),
    ] = None,
    mouse: Annotated[
        bool | None, typer.Option("--mouse/--no-mouse", help="Without it the terminal selects.")
    ] = None,
    theme: Annotated[str | None, typer.Option("--theme", help="ctrl+p lists them.")] = None,
) -> None:
    """Open the app. `neuroinspect-tui [WORKSPACE]` does the same.

    Example: neuroinspect-tui ws --slow-link
    """  # fmt: skip
    from neuroinspect_tui.app.terminal import need_terminal

    need_terminal()
    if color is not None and color not in COLORS:
        raise RequestError(f"--color {color!r} is none of {', '.join(COLORS)}.")
    given = {"color": color, "slow_link": slow_link, "mouse": mouse, "theme": theme}
    config = structs.replace(
        read_config(), **{name: value for name, value in given.items() if value is not None}
    )
    at, said = _place(workspace)
    set_color(config.color)  # before textual is imported
    if config.slow_link:
        for name, value in SLOW_LINK.items():
            os.environ.setdefault(name, value)
    raise typer.Exit(_run(config, at, said, device))


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

    gc.freeze()  # nor is there any in what was imported, when a key waits
    gc.enable()

    while True:
        app = NeuroinspectApp(config, lambda path: LocalWorkspace(path, device), at, said)
        left_for = app.run(mouse=config.mouse)
        if left_for != DEMO:
            break
        code = subprocess.call([*PROGRAM, "demo", "--no-open"])
        if code:
            return code
        at, said = demo_home(), ""
    if app.active and app.workspace is not None:
        home = shlex.quote(str(app.workspace.home.resolve()))
        goes = "goes" if app.active == 1 else "go"
        sys.stderr.write(
            f"{counted(app.active, 'job')} {goes} on; look again with "
            f"neuroinspect-tui jobs list -w {home}\n"
        )
    return app.return_code or 0


def meant(words: list[str], commands: Container[str]) -> list[str]:
    """Return the words of the command line, with `open` where the app is meant."""
    if not words:
        return ["open"]
    first = words[0]
    option = first.partition("=")[0] in OPTIONS
    path = first not in commands and (Path(first).is_dir() or first.startswith((".", "~", "/")))
    return ["open", *words] if option or path else words
