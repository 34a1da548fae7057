"""The end of a job's log, as much of it as fits."""

from screens.latest import LatestTask
from screens.ports import Workspace
from screens.widgets.text import Static, stacked

LINES = 40


class Log(Static):
    """The last lines of a job's log.

    Args:
        workspace: The workspace.
    """

    DEFAULT_CSS = """
    Log { height: 1fr; padding: 1 1 0 1; color: $text-muted; }
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._read = LatestTask(
            self, lambda job: workspace.log(job, LINES), self._show, self.update
        )

    def load(self, job: str) -> None:
        """Show the end of a job's log as it is now."""
        self._read.start(job)

    def _show(self, lines: list[str]) -> None:
        self.update(stacked(lines[-max(1, self.size.height) :]))
