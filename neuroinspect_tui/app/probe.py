"""What the terminal is, and shows: asked before the app starts, in a tenth of a second."""

import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Mapping
from dataclasses import dataclass
from fcntl import ioctl

from screens.widgets.pictures.base import Terminal

SECONDS = 0.1
KITTY_QUERY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
"""Is answered where there are kitty's graphics; it shows nothing."""
NAME_QUERY = "\x1b[>0q"
CELL_QUERY = "\x1b[16t"
BACKGROUND_QUERY = "\x1b]11;?\x1b\\"
ATTRIBUTES_QUERY = "\x1b[c"
"""Every terminal answers it, and answers come in order: whatever has not come by then, does not."""
QUERIES = KITTY_QUERY + NAME_QUERY + CELL_QUERY + BACKGROUND_QUERY + ATTRIBUTES_QUERY
KITTY_REPLY = re.compile(r"\x1b_Gi=31;OK\x1b\\")
NAME_REPLY = re.compile(r"\x1bP>\|([^\x1b]*)\x1b\\")
CELL_REPLY = re.compile(r"\x1b\[6;(\d+);(\d+)t")
BACKGROUND_REPLY = re.compile(
    r"\x1b\]11;rgba?:([\da-fA-F]{1,4})/([\da-fA-F]{1,4})/([\da-fA-F]{1,4})[^\x07\x1b]*"
    r"(?:\x07|\x1b\\)"
)
ATTRIBUTES_REPLY = re.compile(r"\x1b\[\?([\d;]*)c")
ANY_REPLY = re.compile(
    "|".join(
        (
            r"\x1b_G[^\x1b]*\x1b\\",
            NAME_REPLY.pattern,
            CELL_REPLY.pattern,
            BACKGROUND_REPLY.pattern,
            ATTRIBUTES_REPLY.pattern,
        )
    )
)
BEGUN = re.compile(r"\x1b(?:[_P\]][^\x1b\x07]*\x1b?|\[[?\d;]*)?\Z")
SIXEL = "4"
"""Among a terminal's attributes."""
PLACEHOLDERS = {"kitty": (0, 28), "ghostty": (0,)}
"""Terminals that show kitty's graphics by characters, and since which version."""
INLINE = ("iterm2", "wezterm", "mintty")
"""Terminals that show iTerm2's inline images."""
TMUX = "#{client_termtype}\n#{client_termname}\n#{allow-passthrough}"
ON = ("on", "all", "1", "2")
"""What versions of tmux say of an option that is on."""


@dataclass(frozen=True)
class Tmux:
    """What tmux knows of the terminal that it is shown in."""

    name: str
    """As the terminal calls itself; else its TERM."""
    passthrough: bool
    """Whether tmux passes on what is marked for the terminal."""


@dataclass(frozen=True)
class Answers:
    """What came back in time."""

    text: str
    """With keys that were pressed meanwhile, and perhaps the beginning of an answer."""
    complete: bool
    """Whether the last query was answered; else there may be answers to come."""

    @property
    def begun(self) -> str:
        """The beginning of an answer that is still to come."""
        begun = BEGUN.search(ANY_REPLY.sub("", self.text))
        return "" if self.complete or begun is None else begun.group()

    @property
    def keys(self) -> str:
        """What is no answer, and not the beginning of one.

        Until the app has started, the terminal makes a newline of the enter key.
        """
        return ANY_REPLY.sub("", self.text).removesuffix(self.begun).replace("\n", "\r")


NO_ANSWERS = Answers("", True)
"""Nothing was asked."""


def ask(seconds: float = SECONDS) -> Answers:
    """Ask the terminal, and wait for its answers; its settings are as before then.

    stdin and stderr must be a terminal, on which the app reads and draws.
    """
    source, target = sys.__stdin__.fileno(), sys.__stderr__.fileno()  # type: ignore[union-attr]
    text = ""
    try:
        before = termios.tcgetattr(source)
    except termios.error:
        return NO_ANSWERS
    try:
        tty.setcbreak(source, termios.TCSANOW)  # else answers are echoed, and wait for a newline
        os.write(target, QUERIES.encode("ascii"))
        deadline = time.monotonic() + seconds
        while not ATTRIBUTES_REPLY.search(text):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([source], [], [], left)[0]:
                return Answers(text, False)
            read = os.read(source, 4096)
            if not read:
                break
            text += read.decode("utf-8", "replace")
    finally:
        termios.tcsetattr(source, termios.TCSANOW, before)
    return Answers(text, True)


def ask_tmux(environment: Mapping[str, str]) -> Tmux | None:
    """Ask tmux, where it is between: it answers itself what the terminal is asked."""
    if "TMUX" not in environment:
        return None
    try:
        ran = subprocess.run(
            ["tmux", "display-message", "-p", TMUX], capture_output=True, text=True, check=True,
            timeout=SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return Tmux("", False)
    calls_itself, term, passthrough = [*ran.stdout.splitlines(), "", "", ""][:3]
    return Tmux(calls_itself or term.removeprefix("xterm-"), passthrough in ON)


def understood(
    text: str,
    environment: Mapping[str, str],
    tmux: Tmux | None = None,
    cell: tuple[int, int] | None = None,
) -> Terminal:
    """Return what a terminal's answers mean.

    Args:
        text: The answers.
        environment: The process's.
        tmux: What tmux says, where it is between.
        cell: The pixels of a cell as the kernel knows them; the terminal's own word comes first.
    """
    named = NAME_REPLY.search(text)
    name = named.group(1) if named else ""
    sized = CELL_REPLY.search(text)
    if sized:
        cell = int(sized.group(2)), int(sized.group(1))
    if tmux is not None or "STY" in environment or name.startswith("tmux"):
        passes = tmux is not None and tmux.passthrough and _has_placeholders(tmux.name)
        outer = tmux.name if tmux is not None else ""
        graphics = frozenset({"kitty"} if passes else ())
        return Terminal(
            environment, None, outer, graphics, _sane(cell), tmux=passes, light=_is_light(text)
        )
    attributes = ATTRIBUTES_REPLY.search(text)
    found = set()
    if KITTY_REPLY.search(text) and _has_placeholders(name):
        found.add("kitty")
    if attributes and SIXEL in attributes.group(1).split(";")[1:] and _sane(cell):
        found.add("sixel")
    if _shows_inline(name, environment):
        found.add("iterm")
    return Terminal(environment, None, name, frozenset(found), _sane(cell), light=_is_light(text))


def _has_placeholders(name: str) -> bool:
    found = re.match(r"([a-z]+)\D*(\d+(?:\.\d+)*)?", name.lower())
    if found is None or found.group(1) not in PLACEHOLDERS:
        return False
    version = tuple(map(int, (found.group(2) or "0").split(".")))
    return version >= PLACEHOLDERS[found.group(1)]


def _shows_inline(name: str, environment: Mapping[str, str]) -> bool:
    """Tell by its own word; where it has none, by the variable that iTerm2 sends through ssh."""
    if name:
        return name.lower().startswith(INLINE)
    known = environment.get("LC_TERMINAL") == "iTerm2"
    return known or environment.get("TERM_PROGRAM") == "iTerm.app"


def _is_light(text: str) -> bool:
    """Tell whether the terminal says that its background is nearer to white than to black."""
    found = BACKGROUND_REPLY.search(text)
    if found is None:
        return False
    red, green, blue = (int(part, 16) / int("f" * len(part), 16) for part in found.groups())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5  # Rec. 709's luma


def _sane(cell: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return a cell's size unless it cannot be one."""
    return cell if cell and all(3 <= side <= 200 for side in cell) else None


def cell_size() -> tuple[int, int] | None:
    """Return the pixels of a cell, across and down, as the kernel knows them."""
    try:
        found = ioctl(sys.__stderr__, termios.TIOCGWINSZ, bytes(8))  # type: ignore[arg-type]
    except (OSError, ValueError):
        return None
    lines, columns, width, height = struct.unpack("HHHH", found)
    if not (lines and columns and width and height):
        return None
    return width // columns, height // lines


def understood_here(text: str) -> Terminal:
    """Return what answers of the terminal in which this process runs mean."""
    environment = dict(os.environ)
    return understood(text, environment, ask_tmux(environment), cell_size())
