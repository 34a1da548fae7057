"""The entry point: run a command; an expected failure is one line on stderr and exit code 2."""

import io
import os
import sys

from engine.schema.errors import EngineError
from neuroinspect_tui.cli import NAMES, app
from neuroinspect_tui.cli.setup.open_app import meant
from neuroinspect_tui.program import NAME


def main() -> None:
    """Run the program."""
    _ready_streams()
    try:
        app(meant(sys.argv[1:], NAMES), prog_name=NAME)
    except EngineError as error:
        _fail(" ".join(str(error).split()))
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        _fail(f"The operating system refused{where}: {error.strerror or error}.")


def _ready_streams() -> None:
    """Let no closed stream (`>&-`) and no narrow locale (LC_ALL=C) end a command."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115  for as long as we run
        elif isinstance(stream, io.TextIOWrapper) and stream.errors != "backslashreplace":
            stream.reconfigure(errors="replace")


def _fail(sentence: str) -> None:
    printable = sentence.encode("utf-8", "replace").decode("utf-8")
    sys.stderr.write(f"{NAME}: {printable}\n")
    raise SystemExit(2) from None
