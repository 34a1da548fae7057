"""The entry point: run a command; an expected failure is one line on stderr and exit code 2."""

import io
import logging
import os
import sys
import traceback
import warnings
from types import TracebackType
from typing import NoReturn

import typer

from engine.schema.errors import EngineError
from neuroinspect_tui.cli import NAMES, app, spelled
from neuroinspect_tui.cli.output import note, note_lines
from neuroinspect_tui.cli.setup.open_app import meant
from neuroinspect_tui.cli.usage import sentence
from neuroinspect_tui.program import NAME
from screens.shown import shown


def main() -> None:
    """Run the program."""
    # Before torch is imported: a thread that waits for another spins by default, which makes a step
    # of training ten times as slow where decoding, or another program, needs the same cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _ready_streams()
    _show_only()
    try:
        code = app(meant(sys.argv[1:], NAMES), prog_name=NAME, standalone_mode=False)
        sys.stdout.flush()  # noqa: TID251  here, where a reader that left is no error
    except EngineError as error:
        _fail(" ".join(str(error).split()))
    except typer.TyperException as error:
        told = sentence(error)
        if told.startswith("Usage:"):  # a group without a command shows its help
            note_lines(told)
            raise SystemExit(2) from None
        _fail(told)
    except (typer.Abort, KeyboardInterrupt):
        raise SystemExit(130) from None
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # typer's exit for it is 1
            _leave_pipe()
        raise
    except BrokenPipeError:
        _leave_pipe()
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        _fail(f"The operating system refused{where}: {error.strerror or error}.")
    except Exception:
        sys.excepthook = _show_traceback  # after Typer's own
        raise
    raise SystemExit(code if isinstance(code, int) else 0)


def _ready_streams() -> None:
    """Let no closed stream (`>&-`) and no narrow locale (LC_ALL=C) end a command."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115  for as long as we run
        elif isinstance(stream, io.TextIOWrapper) and stream.errors != "backslashreplace":
            stream.reconfigure(errors=spelled.NAME)


def _leave_pipe() -> NoReturn:
    """Exit as other tools do whose reader, such as `head`, has read enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    raise SystemExit(141) from None


def _show_only() -> None:
    """Let warnings and log records, ours and those of libraries, be text that is only shown."""
    warnings.formatwarning = _one_line
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Shown())


class _Shown(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return the message as one line."""
        return shown(super().format(record))


def _one_line(message: Warning | str, *_: object, **__: object) -> str:
    return f"{NAME}: warning: {shown(str(message))}\n"


def _show_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    note_lines("".join(traceback.format_exception(kind, error, trace)).rstrip())


def _fail(told: str) -> NoReturn:
    note(f"{NAME}: {told}")
    raise SystemExit(2) from None
