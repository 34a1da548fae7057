"""The keys that work now, at the bottom: those of the app are there at any width."""

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import HorizontalGroup
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

ALWAYS = ("help", "jobs", "quit")
"""Actions of the app: without them a person is lost."""


@dataclass(frozen=True)
class Shown:
    """A key as it is shown."""

    key: str
    display: str
    title: str
    action: str
    enabled: bool
    tooltip: str

    def widget(self) -> FooterKey:
        """Return a widget that shows it."""
        return FooterKey(
            self.key, self.display, self.title, self.action, disabled=not self.enabled,
            tooltip=self.tooltip,
        )  # fmt: skip


class KeyLine(Footer):
    """Textual's footer, whose last keys are never cut off.

    It makes its keys itself: Textual's are bound to the footer's `compact`, which keeps every key
    that was ever shown alive.
    """

    DEFAULT_CSS = """
    KeyLine FooterKey { padding: 0 1; }
    KeyLine HorizontalGroup { dock: right; width: auto; height: 1; background: $footer-background; }
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._shown: list[Shown] = []

    def compose(self) -> ComposeResult:
        """Put the app's keys at the right, over what has no room."""
        always = [key.widget() for key in self._shown if key.action in ALWAYS]
        yield from (key.widget() for key in self._shown if key.action not in ALWAYS)
        if always:
            yield HorizontalGroup(*always)

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Show other keys, where they are others."""
        before, self._shown = self._shown, self._wanted(screen)
        if self._shown != before and self.is_attached and screen is self.screen:
            self.call_after_refresh(self.recompose)

    def _wanted(self, screen: Screen[object]) -> list[Shown]:
        wanted: dict[str, Shown] = {}  # an action only once, however many keys it has
        for _, binding, enabled, tooltip in screen.active_bindings.values():
            if binding.show and binding.action not in wanted:
                display = self.app.get_key_display(binding)
                wanted[binding.action] = Shown(
                    binding.key, display, binding.description, binding.action, enabled, tooltip
                )
        return list(wanted.values())
