"""What the app does with keys before and beside its screens: typed ahead, ctrl+c, ctrl+z."""

from textual import events
from textual.driver import Driver
from textual.screen import ModalScreen

from neuroinspect_tui.app.errors import ErrorReportingApp
from neuroinspect_tui.app.terminal import has_shell
from neuroinspect_tui.app.typed_ahead import TypedAhead, enter_typed_early


class KeyboardApp(ErrorReportingApp):
    """Gives keys to the screens that they are meant for, and says how to leave."""

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver_class)
        self._typed_ahead = TypedAhead(self)
        self.keys: dict[str, str] = {}
        """A person's own keys, by id."""

    async def on_event(self, event: events.Event) -> None:
        """Let keys wait for the screen that they are meant for."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            if "ctrl+j" not in self.keys.values():  # a person's own key
                event = enter_typed_early(event)
            if self._typed_ahead.holds(event):
                return
        await super().on_event(event)

    def action_help_quit(self) -> None:
        """Name the key that quits here: in a field or a dialog, `q` does not."""
        from neuroinspect_tui.app.keys import display  # noqa: PLC0415  imports all screens

        typing = self.focused is not None and self.focused.check_consume_key("q", "q")
        elsewhere = typing or isinstance(self.screen, ModalScreen)
        key = "ctrl+q" if elsewhere else display(self.keys.get("app.quit", "q"))
        self.notify(f"Press {key} to quit the app; jobs go on.")

    def action_suspend_process(self) -> None:
        """Go to the shell that started this; without one, nothing could bring the app back."""
        if has_shell():
            super().action_suspend_process()
        else:
            self.notify("No shell started this app, so ctrl+z has none to go to.")
