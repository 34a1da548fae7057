"""The entry point: run a command; an expected failure is one line on stderr and exit code 2."""

import io
import os
import sys
import warnings
from typing import NoReturn

import typer

from engine.schema.errors import EngineError
from neuroinspect_tui.cli import NAMES, app
from neuroinspect_tui.cli.setup.open_app import meant
from neuroinspect_tui.cli.usage import sentence
from neuroinspect_tui.program import NAME


def main() -> None:
    """Run the program."""
    # Before torch is imported: a thread that waits for another spins by default, which makes a step
    # of training ten times as slow where decoding, or another program, needs the same cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _ready_streams()
    warnings.formatwarning = _one_line
    try:
        code = app(meant(sys.argv[1:], NAMES), prog_name=NAME, standalone_mode=False)
    except EngineError as error:
        _fail(" ".join(str(error).split()))
    except typer.TyperException as error:
        told = sentence(error)
        if told.startswith("Usage:"):  # a group without a command shows its help
            sys.stderr.write(f"{told}\n")
            raise SystemExit(2) from None
        _fail(told)
    except (typer.Abort, KeyboardInterrupt):
        raise SystemExit(130) from None
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        _fail(f"The operating system refused{where}: {error.strerror or error}.")
    raise SystemExit(code if isinstance(code, int) else 0)


def _ready_streams() -> None:
    """Let no closed stream (`>&-`) and no narrow locale (LC_ALL=C) end a command."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115  for as long as we run
        elif isinstance(stream, io.TextIOWrapper) and stream.errors != "backslashreplace":
            stream.reconfigure(errors="replace")


def _one_line(message: Warning | str, *_: object, **__: object) -> str:
    return f"{NAME}: warning: {message}\n"


def _fail(told: str) -> NoReturn:
    printable = told.encode("utf-8", "replace").decode("utf-8")
    sys.stderr.write(f"{NAME}: {printable}\n")
    raise SystemExit(2) from None
