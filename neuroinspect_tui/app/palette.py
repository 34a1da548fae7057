"""The palette's entries for what has a key: all that a screen can do now, then the app's."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.screen import Screen

from neuroinspect_tui.app.actions import APP
from screens.base import COMMON, Base


def entries(app: App[Any], screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Yield every action that works now on a screen."""
    table = getattr(screen, "TABLE", ())
    for command in (*table, *(COMMON if isinstance(screen, Base) else ())):
        if screen.check_action(command.action, ()):
            run = partial(app.run_action, command.action, screen)
            yield SystemCommand(command.title, command.help, run)
    for command in APP:
        if command.id != "app.palette" and app.check_action(command.action, ()):
            run = partial(app.run_action, command.action)
            yield SystemCommand(command.title, command.help, run)
