"""The terminal around the app: what it must be, its clipboard, its notifications."""

import codecs
import contextlib
import os
import subprocess
import sys

from engine.schema.errors import EngineError
from screens.shown import shown

CLIPBOARD_SECONDS = 2.0


def is_terminal() -> bool:
    """Tell whether the app could be drawn here: Textual draws on stderr and reads stdin."""
    streams = (sys.__stdin__, sys.__stderr__)  # noqa: TID251  only asked
    return all(stream is not None and stream.isatty() for stream in streams)


def need_terminal() -> None:
    """Refuse to start where the app cannot be drawn.

    Raises:
        EngineError: stdin or stderr is not a terminal, or it is a dumb one or one without UTF-8.
    """
    instead = "the commands of `neuroinspect-tui --help` work without one"
    for name in ("stdin", "stderr"):
        stream = getattr(sys, f"__{name}__")
        if stream is None or not stream.isatty():
            raise EngineError(f"The app needs a terminal, but {name} is not one; {instead}.")
    stream = getattr(sys, "__stderr__")  # noqa: B009  asked, not written to
    encoding = str(getattr(stream, "encoding", "utf-8"))
    if codecs.lookup(encoding).name != "utf-8":
        raise EngineError(
            f"The app draws in UTF-8, but the encoding here is {encoding}; set LC_ALL=C.UTF-8 and "
            "unset PYTHONIOENCODING, or use the commands of `neuroinspect-tui --help`."
        )
    if os.environ.get("TERM") == "dumb":
        raise EngineError(f"The app cannot be drawn on a dumb terminal (TERM=dumb); {instead}.")


def has_shell() -> bool:
    """Tell whether a shell with job control started this process: it can be suspended."""
    return os.getpgrp() != os.getsid(0)


def notification(title: str, body: str) -> str:
    """Return the escapes for a desktop notification: OSC 9 and OSC 777, through tmux too."""
    # a `;` would separate the fields of the escape
    title, body = (shown(text).replace(";", ",") for text in (title, body))
    escapes = f"\x1b]9;{title}: {body}\x1b\\\x1b]777;notify;{title};{body}\x1b\\"
    if "TMUX" not in os.environ:
        return escapes
    return "\x1bPtmux;" + escapes.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def copy_in_tmux(text: str) -> None:
    """Hand text to tmux, which hands it on to the terminal it is shown in."""
    if "TMUX" not in os.environ:
        return
    # OSC 52 was sent as well: without tmux's help nothing is lost but its buffer
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            ["tmux", "load-buffer", "-w", "-"], input=text.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
            timeout=CLIPBOARD_SECONDS,
        )  # fmt: skip
