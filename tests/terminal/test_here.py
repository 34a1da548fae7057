"""What only a real terminal or pipe shows: suspending, colours, readers that leave, encodings."""

import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import suppress
from fcntl import ioctl

import pytest

from tests.neuroinspect_tui.conftest import filled, filled_once, run  # noqa: F401  fixtures
from tests.terminal.pane import Pane, program, tmux

pytestmark = pytest.mark.slow
needs_tmux = pytest.mark.skipif(not tmux(), reason="no tmux on this machine")


@pytest.fixture
def open_pane(tmp_path):
    """Opens a terminal; it is closed at the end."""
    panes = []

    def opening(words, size=(120, 30)):
        root = tmp_path / f"pane{len(panes)}"
        root.mkdir()
        panes.append(Pane(root, words, size))
        return panes[-1]

    yield opening
    for pane in panes:
        pane.close()


@needs_tmux
def test_ctrl_z_leads_to_the_shell_and_fg_back(open_pane, filled):  # noqa: F811
    pane = open_pane(["env", "PS1=shell> ", "bash", "--norc"])
    pane.wait("shell>")
    pane.press("clear; " + " ".join(program(filled)), "Enter")
    pane.wait(r"accuracy \d")
    pane.wait("▶ ")
    pane.press("C-z")
    pane.wait("Stopped")
    pane.press("echo in the $((1 + 1))nd shell", "Enter")
    seen = pane.wait("in the 2nd shell")
    assert "▶" not in seen
    pane.press("fg", "Enter")
    pane.wait("q Quit")  # all of it is drawn again
    pane.wait(r"accuracy \d")
    pane.press("q")
    pane.wait(r"shell>\s*$")


@needs_tmux
def test_the_mouse_is_reported_to_the_app_until_it_is_turned_off(open_pane, filled):  # noqa: F811
    def heard(on):
        for _ in range(200):
            if pane.run("display-message", "-p", "#{mouse_any_flag}").strip() == on:
                return True
            time.sleep(0.05)
        return False

    pane = open_pane(program(filled))
    pane.wait("▶ ")
    assert heard("1")
    for turned, on in (("off", "0"), ("on", "1")):
        pane.press("C-p")
        pane.wait("Search for commands")
        pane.press("-l", f"mouse: {turned}")
        pane.wait(f"Mouse: {turned}")
        pane.press("Enter")
        pane.wait(f"The mouse is {turned}")
        assert heard(on)


@needs_tmux
def test_without_a_shell_ctrl_z_says_so(open_pane, filled):  # noqa: F811
    pane = open_pane(program(filled))
    pane.wait("▶ ")
    pane.press("C-z")
    pane.wait("No shell started this app")
    pane.press("C-c")
    pane.wait("Press q to quit the app")


@needs_tmux
@pytest.mark.parametrize("words", [["--color", "none"], []], ids=["option", "NO_COLOR"])
def test_without_colours_no_code_of_one_is_sent(open_pane, filled, words, tmp_path):  # noqa: F811
    told = tmp_path / "sent"
    command = [*program(filled), *words]
    if not words:
        command.insert(command.index("TERM=xterm-256color"), "NO_COLOR=1")
    pane = open_pane(["script", "-qfc", " ".join(command), str(told)])
    pane.wait("▶ ")
    for key in ("Enter", "Escape", "?", "Escape", "q"):
        pane.press(key)
        pane.wait(".")
    pane.wait(".")
    codes = set(re.findall(rb"\x1b\[([0-9;]*)m", told.read_bytes()))
    parts = {int(part) for code in codes for part in code.split(b";") if part}
    assert parts <= {0, 1, 2, 3, 4, 7}  # reset, bold, dim, italic, underlined, reversed


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "reads no more"])
def test_sigterm_ends_the_app_whether_or_not_its_terminal_reads(filled, reads):  # noqa: F811
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(program(filled), stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    written = b""
    while b"accuracy" not in written:
        written += os.read(master, 1 << 16)
    if reads:
        thread = threading.Thread(target=drain, args=(master,), daemon=True)
        thread.start()
    else:
        for _ in range(100):  # more than the terminal and the app's queue take
            os.write(master, b"jk")
            time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == (0 if reads else 128 + signal.SIGTERM)
    os.close(master)


def test_a_terminal_that_goes_ends_the_app_where_no_signal_tells_it(filled):  # noqa: F811
    """It is not the app's controlling terminal, so that the kernel sends no SIGHUP."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "neuroinspect_tui", str(filled)],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env=os.environ | {"TERM": "xterm-256color",
                          "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    os.close(slave)
    shown = b""
    while b"Classes" not in shown and b"classes" not in shown:
        shown += os.read(master, 1 << 16)
    os.close(master)
    try:
        process.wait(30)
    finally:
        process.kill()


def drain(master):
    with suppress(OSError):  # the program has ended
        while os.read(master, 1 << 16):
            pass


def commanded(words, **more):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | more
    return subprocess.Popen(
        [sys.executable, "-m", "neuroinspect_tui", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    )  # fmt: skip


@pytest.mark.parametrize("words", [["classes"], ["classes", "--json"], ["--help"]])
def test_a_reader_that_leaves_ends_a_command_quietly(words, filled):  # noqa: F811
    where = [] if words == ["--help"] else ["-w", filled]
    with commanded([*words, *where]) as process:
        process.stdout.close()  # before anything is written
        err = process.stderr.read().decode()
    assert (process.returncode, err) == (141, "")


def test_without_utf_8_a_command_prints_ascii(filled):  # noqa: F811
    process = commanded(["classes", "-w", filled], PYTHONIOENCODING="ascii")
    out, err = process.communicate()
    assert process.returncode == 0, err
    text = out.decode("ascii")
    assert "#" in text
    assert "?" not in text.replace("(?)", "")


@needs_tmux
def test_without_utf_8_the_app_says_what_it_needs(open_pane, filled, tmp_path):  # noqa: F811
    told = tmp_path / "said"
    command = program(filled)
    command.insert(command.index("TERM=xterm-256color"), "PYTHONIOENCODING=latin-1")
    pane = open_pane(["sh", "-c", f"{' '.join(command)}; echo left $? | tee {told}; sleep 60"])
    pane.wait("left 2")
    assert "draws in UTF-8" in pane.screen()
