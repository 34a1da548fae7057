"""`doctor`: what works here, what does not, and how to repair it."""

from collections.abc import Iterator

import typer

from engine.schema.records import Progress
from neuroinspect_tui.cli.options import Json, Workspace
from neuroinspect_tui.cli.output import print_json, table

SIGNS = {"ok": "ok", "warning": "!", "failed": "FAILED"}


def command(workspace: Workspace = None, json: Json = False) -> None:
    """Check versions, device, memory, checkpoint, data and CLIP. Exit code 1 if one fails.

    Example: neuroinspect-tui doctor -w ws
    """
    from neuroinspect_tui.cli.progress import follow
    from neuroinspect_tui.doctor import Check, examine

    checks: list[Check] = []

    def gathered() -> Iterator[Progress]:
        for check in examine(workspace):
            checks.append(check)
            yield Progress(stage=f"examined {check.what}", done=0, total=0)

    follow(gathered(), first="examining")
    if json:
        print_json(checks)
    else:
        table(("", "|what", "found"), ((SIGNS[c.state], c.what, c.found) for c in checks))
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(1)
