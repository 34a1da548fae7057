"""An app of two screens of pictures, to be run in a terminal: python -m ... RENDERER FILE FILE ...

It draws as the whole app does. Keys: a to z are shown; 2 shows another screen, 1 goes back; the
arrows scroll; 3 covers a part with a dialog; q quits. CONTROL names a pipe from which keys are
read too, a line each, and STATE a file for the size of a cell in pixels.
"""

import os
import sys
import threading
from pathlib import Path

from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from neuroinspect_tui.app.painting import PaintingApp
from neuroinspect_tui.app.probe import ask, understood_here
from screens.widgets.gallery import Gallery, Tile


class Other(Screen[None]):
    def compose(self):
        yield Static("no pictures here")


class Dialog(ModalScreen[None]):
    CSS = """
    Dialog { background: #000000 0%; }
    Dialog Static { margin: 4 0 0 8; width: 20; height: 6; }
    """

    def compose(self):
        yield Static("a dialog")


class First(Screen[None]):
    """Above the app's own, as in the whole app: keys wait until it is there."""

    def compose(self):
        yield Static("", id="pressed", markup=False)
        yield Gallery(captions=1)

    def on_mount(self):
        files = self.app.files
        gallery = self.query_one(Gallery)
        gallery.show(len(files), lambda i: Tile(files[i], [files[i].name]))
        gallery.focus()
        self.app.opened()


class GalleryApp(PaintingApp):
    """A gallery under a line of what was pressed."""

    CSS = "Static { height: 1; } Screen { background: #000000; }"

    def __init__(self, renderer, files, answers):
        super().__init__(renderer, understood_here(answers.text), answers)
        self.files, self.pressed = files, ""

    def on_mount(self):
        self.push_screen(First())

    def opened(self):
        """Say what there is, once it is shown."""
        self._say()
        if "STATE" in os.environ:
            Path(os.environ["STATE"]).write_text(repr(self.display_pictures.terminal.cell))
        if "CONTROL" in os.environ:
            threading.Thread(target=self._obey, daemon=True).start()

    def _obey(self):
        with Path(os.environ["CONTROL"]).open() as pipe:
            for line in pipe:
                self.call_from_thread(self.simulate_key, line.strip())

    def _say(self):
        shown = f"<{self.display_pictures.renderer}:{self.pressed}>"
        self.screen_stack[1].query_one("#pressed", Static).update(shown)

    def on_late_answers(self, message):
        super().on_late_answers(message)
        self._say()

    def on_key(self, event):
        if event.key == "q":
            self.exit()
        elif event.key == "2":
            self.push_screen(Other())
        elif event.key == "3":
            self.push_screen(Dialog())
        elif event.key == "1":
            self.pop_screen()
        elif event.character:
            self.pressed += event.character
            self._say()


if __name__ == "__main__":
    renderer, *files = sys.argv[1:]
    GalleryApp(renderer, [Path(file) for file in files], ask()).run()
