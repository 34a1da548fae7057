"""The end of a job's log, as much as there is room for."""

from textual.widgets import Static

from screens.latest import Asker
from screens.ports import Workspace

LINES = 40


class Log(Static):
    """The last lines a job logged.

    Args:
        workspace: The workspace.
    """

    DEFAULT_CSS = """
    Log { height: 1fr; padding: 1 1 0 1; color: $text-muted; }
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(markup=False)
        self._asker = Asker(self, lambda job: workspace.log(job, LINES), self._show, self.update)

    def look(self, job: str) -> None:
        """Show what a job has logged by now."""
        self._asker.ask(job)

    def _show(self, lines: list[str]) -> None:
        self.update("\n".join(lines[-max(1, self.size.height) :]))
