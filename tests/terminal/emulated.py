"""A pseudo-terminal that answers what it is asked, as some terminal would, or late, or never."""

import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from fcntl import ioctl

SECONDS = 20.0
KITTY = {
    "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\": "\x1b_Gi=31;OK\x1b\\",
    "\x1b[>0q": "\x1bP>|kitty(0.35.2)\x1b\\",
    "\x1b[16t": "\x1b[6;20;9t",
    "\x1b[c": "\x1b[?62;c",
}
XTERM = {"\x1b[>0q": "\x1bP>|XTerm(379)\x1b\\", "\x1b[c": "\x1b[?63;1;2;4;6;9;15;22c"}


class EmulatedTerminal:
    """A program in a pseudo-terminal.

    Args:
        words: The command line.
        answers: By query, in the order in which a program asks.
        late: Seconds before an answer.
        environment: Beside this process's.
        cell: Pixels of a cell, across and down; zeros where the kernel does not know.
    """

    def __init__(self, words, answers=(), *, late=0.0, environment=(), size=(80, 24), cell=(0, 0)):
        self._master, slave = pty.openpty()
        self._answers, self._late, self._cell = dict(answers), late, cell
        self._bytes = b""
        self.resize(*size)
        hidden = ("TMUX", "COLUMNS", "LINES", "NO_COLOR", "LC_TERMINAL", "TERM_PROGRAM")
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        known = kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        known["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self.process = subprocess.Popen(
            words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env=known | dict(environment),
        )  # fmt: skip
        os.close(slave)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        asked = ""
        while True:
            try:
                read = os.read(self._master, 1 << 16)
            except OSError:
                return
            self.received(read)
            asked = (asked + read.decode("utf-8", "replace"))[-(1 << 16) :]
            known = [query for query in self._answers if query in asked]
            replies = "".join(self._answers.pop(query) for query in known)  # in order, as asked
            if replies and self._late:
                threading.Timer(self._late, self.press, (replies,)).start()
            elif replies:
                self.press(replies)

    def received(self, read):
        """Keep what was written."""
        self._bytes += read

    def press(self, keys):
        """Send keys, or bytes that are none."""
        os.write(self._master, keys if isinstance(keys, bytes) else keys.encode())

    def resize(self, columns, lines):
        """Make the terminal another size."""
        pixels = columns * self._cell[0], lines * self._cell[1]
        ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, *pixels))

    @property
    def output(self):
        """All that was written."""
        return self._bytes.decode("utf-8", "replace")

    def wait(self, pattern, after=0):
        """Wait until a pattern is written after a position; return the position after it."""
        deadline = time.monotonic() + SECONDS
        while not (found := re.compile(pattern, re.DOTALL).search(self.output, after)):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.output[after:][-600:]!r}"
            time.sleep(0.02)
        return found.end()

    def quiet(self, seconds=0.5):
        """Wait until nothing was written for a while; return the position of the end."""
        size = -1
        while size != len(self._bytes):
            size = len(self._bytes)
            time.sleep(seconds)
        return len(self.output)

    def close(self):
        """Wait for the end of the program; return all that it wrote."""
        self.process.wait(SECONDS)
        self._thread.join(0.5)
        os.close(self._master)
        return self.output
