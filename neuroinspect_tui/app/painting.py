"""The part of the app that deals with the terminal: its pictures, its colours, its mouse."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from textual import events
from textual.app import SystemCommand

from neuroinspect_tui.app import pictures, probe
from neuroinspect_tui.app.driver import LateAnswers, PictureDriver
from neuroinspect_tui.app.keyboard import KeyboardApp
from neuroinspect_tui.config import remember_tiles, remembered_tiles
from screens.messages import LargerPictures
from screens.widgets.gallery import Gallery
from screens.widgets.picture import Picture
from screens.widgets.pictures.base import RENDERERS, PixelRenderer, Terminal
from screens.widgets.pixels.painter import BlankPainter, Painter
from screens.widgets.previews import ANYWHERE, Display
from screens.widgets.tile_size import FEWEST_STEPS, MOST_STEPS


class PaintingApp(KeyboardApp):
    """Draws pictures.

    Args:
        renderer: The name of a picture renderer, or `auto`.
        terminal: What is known of the terminal.
        answers: What it answered.
        slow_link: Whether `auto` is to take cells, which are fewer bytes than pixels.
    """

    def __init__(
        self,
        renderer: str,
        terminal: Terminal = ANYWHERE,
        answers: probe.Answers = probe.NO_ANSWERS,
        *,
        slow_link: bool = False,
    ) -> None:
        super().__init__(PictureDriver)
        self.answers = answers
        self.painter: Painter = BlankPainter()
        """Draws pictures within what Textual writes, where they are pixels."""
        self.uses_mouse = True
        self.display_pictures = Display()
        """What draws pictures, and where."""
        self.larger_tiles = min(MOST_STEPS, max(FEWEST_STEPS, remembered_tiles()))
        """By how many steps tiles are larger than their place suggests."""
        self._asked_renderer, self._slow_link = renderer, slow_link
        self._kernel_cell = probe.cell_size()
        self.picture_problems = self._choose(terminal)

    def _choose(self, terminal: Terminal) -> list[str]:
        """Choose a renderer for a terminal; return what went wrong, a sentence each."""
        seen = replace(terminal, colors=None if self.no_color else self.console.color_system)
        if self._slow_link:
            seen = replace(seen, graphics=frozenset())
        name, problems = pictures.chosen(self._asked_renderer, seen)
        self._show_with(Display(name, seen))
        return problems

    def _show_with(self, display: Display) -> None:
        """Draw all pictures with something else, or of another size."""
        if display == self.display_pictures:
            return
        self.display_pictures = display
        self.send_to_terminal(self.painter.forget())
        renderer = RENDERERS.get(display.renderer)
        self.painter = BlankPainter()
        if isinstance(renderer, PixelRenderer):
            self.painter = renderer.painter(display.terminal)
        if self.is_running:
            self._redraw()

    def _redraw(self) -> None:
        self._send_again()
        for screen in self.screen_stack:
            for gallery in screen.query(Gallery):
                gallery.redraw()
            for picture in screen.query(Picture):
                picture.redraw()
            screen.refresh()

    def draw_pictures(self, renderer: str) -> None:
        """Draw with another renderer, until the app is left."""
        self._asked_renderer = renderer
        self._show_with(replace(self.display_pictures, renderer=renderer))

    def picture_commands(self) -> Iterator[SystemCommand]:
        """Return the palette's entries: the renderers that the terminal shows."""
        for name, renderer in pictures.offered(self.display_pictures.terminal).items():
            what = (type(renderer).__doc__ or "").partition("\n")[0]
            yield SystemCommand(f"Pictures: {name}", what, partial(self.draw_pictures, name))

    def on_larger_pictures(self, message: LargerPictures) -> None:
        """Make tiles larger, or smaller, on every screen and the next time."""
        steps = min(MOST_STEPS, max(FEWEST_STEPS, self.larger_tiles + message.steps))
        if steps == self.larger_tiles:
            return
        self.larger_tiles = steps
        for screen in self.screen_stack:
            for gallery in screen.query(Gallery):
                gallery.refit()
        remember_tiles(steps)

    def seen_here(self) -> dict[str, str]:
        """Return what is known of the terminal, by the line of the doctor's report that says it."""
        colors = None if self.no_color else self.console.color_system
        name = {None: "none", "standard": "16"}.get(colors, str(colors))
        drawn, terminal = self.display_pictures.renderer, self.display_pictures.terminal
        why = "; ".join(pictures.described(terminal))
        return {"colours": f"{name}, as the app draws now", "pictures": f"{drawn} ({why})"}

    def mouse_commands(self) -> Iterator[SystemCommand]:
        """Return the palette's entry that turns the mouse off, or on again."""
        if self.uses_mouse:
            what = "Let the terminal select text, until you quit"
            yield SystemCommand("Mouse: off", what, partial(self.use_mouse, False))
        else:
            what = "Let the mouse choose, scroll and press keys of the footer"
            yield SystemCommand("Mouse: on", what, partial(self.use_mouse, True))

    def use_mouse(self, on: bool) -> None:
        """Turn the mouse on or off, until the app is left."""
        if isinstance(self._driver, PictureDriver):
            self._driver.use_mouse(on)
        self.uses_mouse = on
        off = "The mouse is off: the terminal selects text. `Mouse: on` in the palette undoes it."
        self.notify("The mouse is on: it chooses, scrolls and presses keys." if on else off)

    def on_late_answers(self, message: LateAnswers) -> None:
        """Choose again, now that the terminal has answered."""
        self._choose(probe.understood_here(message.text))

    def _send_again(self) -> None:
        """Send all lines even where the terminal may show them already."""
        if isinstance(self._driver, PictureDriver):
            self._driver.send_again()

    def on_resize(self) -> None:
        """Draw anew for another size of font."""
        self._send_again()
        before, after = self._kernel_cell, probe.cell_size()
        terminal = self.display_pictures.terminal
        self._kernel_cell = after
        if before and after and before != after and terminal.cell:
            # the terminal's own word may differ, by the pixels of its screen
            across, down = (
                round(cell * new / old)
                for cell, new, old in zip(terminal.cell, after, before, strict=True)
            )
            seen = replace(terminal, cell=(across, down))
            self._show_with(replace(self.display_pictures, terminal=seen))

    def on_app_focus(self, event: events.AppFocus) -> None:
        """Send pictures again: tmux passes nothing on while another window is shown."""
        del event
        if self.display_pictures.terminal.tmux:
            self.send_to_terminal(self.painter.forget())
            self._redraw()

    def send_to_terminal(self, escapes: str) -> None:
        """Send escape sequences to the terminal."""
        if self._driver is not None and escapes:  # Textual has no public way
            self._driver.write(escapes)
