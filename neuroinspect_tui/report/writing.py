"""A report as a file: whole or not at all, and never in another's place."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from engine.io.atomic import write_text
from engine.schema.errors import RequestError
from neuroinspect_tui.report.collecting import collect
from neuroinspect_tui.report.facts import Report
from neuroinspect_tui.report.page import page
from screens.ports import Workspace

FOLDER = "reports"
"""Where in a workspace the app writes them."""


def write_report(workspace: Workspace, out: Path, classes: Sequence[str] = ()) -> Report:
    """Write a report; return what it tells.

    Args:
        workspace: Its evaluation split's features are there.
        out: The file, which must not be there.
        classes: Names or indices of the classes to tell of; none for the worst.

    Raises:
        RequestError: The file is there already, the features are not, or there is no such class.
        EngineError: A file of the workspace is damaged, or the report cannot be written.
    """
    if out.exists():
        raise RequestError(f"{out} exists already; name a new file.")
    report = collect(workspace, classes)
    write_text(out, page(report))
    return report


def write_new(workspace: Workspace) -> Path:
    """Write a report into the workspace, under a name of its own; return the file.

    Raises:
        EngineError: As for `write_report`.
    """
    out = workspace.home / FOLDER / f"report-{datetime.now(UTC):%Y%m%d-%H%M%S}.html"
    write_report(workspace, out)
    return out
