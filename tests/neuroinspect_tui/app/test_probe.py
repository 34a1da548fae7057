"""What terminals answer, and what is made of it."""

import os
import pty
import sys
import termios
import threading
import time

import pytest

from neuroinspect_tui.app import probe
from neuroinspect_tui.app.pictures import chosen
from neuroinspect_tui.app.probe import NO_ANSWERS, QUERIES, Answers, Tmux, understood

PLAIN = {"TERM": "xterm-256color"}
OK = "\x1b_Gi=31;OK\x1b\\"
SIZE = "\x1b[6;20;9t"


def named(name):
    return f"\x1bP>|{name}\x1b\\"


CASES = [
    ("kitty", OK + named("kitty(0.35.2)") + SIZE + "\x1b[?62;c", PLAIN, None, ["kitty"]),
    ("kitty without placeholders", OK + named("kitty(0.26.5)") + SIZE + "\x1b[?62;c", PLAIN,
     None, []),
    ("Ghostty", OK + named("ghostty 1.1.0") + SIZE + "\x1b[?62;22c", PLAIN, None, ["kitty"]),
    ("WezTerm", OK + named("WezTerm 20240203") + SIZE + "\x1b[?65;4;6;18;22c", PLAIN, None,
     ["iterm", "sixel"]),
    ("Konsole", OK + named("Konsole 23.08") + SIZE + "\x1b[?62;1;4c", PLAIN, None, ["sixel"]),
    ("foot", named("foot(1.16.2)") + SIZE + "\x1b[?62;4;22c", PLAIN, None, ["sixel"]),
    ("xterm", named("XTerm(379)") + "\x1b[?64;1;2;6;9;15c", PLAIN, None, []),
    ("xterm as vt340", named("XTerm(379)") + "\x1b[?63;1;2;4;6;9;15c", PLAIN, None, ["sixel"]),
    ("VT340 of class 4 without sixel", "\x1b[?4;6c", PLAIN, None, []),
    ("iTerm2 over ssh", "\x1b[?62;c", PLAIN | {"LC_TERMINAL": "iTerm2"}, None, ["iterm"]),
    ("another one in iTerm2's environment", named("XTerm(379)") + "\x1b[?64;c",
     PLAIN | {"LC_TERMINAL": "iTerm2"}, None, []),
    ("nothing", "", PLAIN, None, []),
    ("tmux in kitty", named("tmux 3.4") + "\x1b[?1;2;4c", PLAIN | {"TMUX": "x"},
     Tmux("kitty(0.35.2)", True), ["kitty"]),
    ("tmux in kitty, off", named("tmux 3.4") + "\x1b[?1;2;4c", PLAIN | {"TMUX": "x"},
     Tmux("kitty(0.35.2)", False), []),
    ("tmux in xterm", named("tmux 3.4") + "\x1b[?1;2;4c", PLAIN | {"TMUX": "x"},
     Tmux("XTerm(379)", True), []),
    ("tmux at the other end of ssh", named("tmux 3.4") + "\x1b[?1;2;4c", PLAIN, None, []),
    ("screen in iTerm2", "\x1b[?1;2c", PLAIN | {"STY": "1", "LC_TERMINAL": "iTerm2"}, None, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "environment", "tmux", "graphics"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_what_terminals_show(text, environment, tmux, graphics):
    terminal = understood(text, environment, tmux, cell=(8, 16))
    assert sorted(terminal.graphics) == graphics
    assert terminal.cell == ((9, 20) if SIZE in text else (8, 16))
    assert terminal.tmux is (tmux is not None and graphics == ["kitty"])


@pytest.mark.parametrize(
    ("reply", "light"),
    [
        ("\x1b]11;rgb:ffff/ffff/ffff\x1b\\", True),
        ("\x1b]11;rgb:fa/f0/e6\x07", True),
        ("\x1b]11;rgba:ffff/ffff/dddd/ffff\x07", True),
        ("\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\", False),
        ("\x1b]11;rgb:0000/0000/ffff\x1b\\", False),
        ("", False),
    ],
)
def test_a_light_background_is_told_by_the_terminal(reply, light):
    text = named("foot(1.16.2)") + reply + "\x1b[?62;4;22c"
    assert understood(text, PLAIN, cell=(8, 16)).light is light
    assert understood(text, PLAIN | {"TMUX": "x"}, Tmux("foot", False)).light is light
    assert Answers("a" + text + "b", complete=True).keys == "ab"


def test_sixel_needs_the_size_of_a_cell():
    text = named("foot(1.16.2)") + "\x1b[?62;4;22c"
    assert understood(text, PLAIN, cell=None).graphics == frozenset()
    assert understood(text, PLAIN, cell=(0, 0)).graphics == frozenset()


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        (OK + named("kitty(0.35.2)") + SIZE + "\x1b[?62;4c", "kitty"),
        (named("WezTerm 20240203") + SIZE + "\x1b[?65;4c", "sixel"),
        (named("iTerm2 3.5.0") + SIZE + "\x1b[?62;c", "iterm"),
        (named("contour 0.5") + SIZE + "\x1b[?62;c", "sextant"),
        (named("XTerm(379)") + "\x1b[?64;1;2c", "quadrant"),
    ],
)
def test_auto_takes_the_best(text, takes):
    from dataclasses import replace

    seen = understood(text, PLAIN)
    assert chosen("auto", replace(seen, colors="256")) == (takes, [])
    without = chosen("auto", replace(seen, colors=None))
    assert without == ("shades", []), "no pixels in colour with NO_COLOR"


def test_what_is_named_is_used_with_a_doubt():
    terminal = understood(named("XTerm(379)") + "\x1b[?64;1;2c", PLAIN)
    name, [sentence] = chosen("sixel", terminal)
    assert name == "sixel"
    assert "did not say that it shows sixel" in sentence


@pytest.mark.parametrize(
    ("text", "keys", "begun"),
    [
        ("", "", ""),
        ("q", "q", ""),
        ("a\x1b[?62;4cb", "ab", ""),
        ("a\x1b[?62;", "a", "\x1b[?62;"),
        ("a\x1b_Gi=31;O", "a", "\x1b_Gi=31;O"),
        ("\x1bP>|kitty(0.3", "", "\x1bP>|kitty(0.3"),
        (OK + "\x1bP>|x\x1b", "", "\x1bP>|x\x1b"),
        ("\x1b[A\x1b[?62c", "\x1b[A", ""),
        ("\x1b", "", "\x1b"),
        ("\nn\x1b[?62c\n", "\rn\r", ""),
    ],
)
def test_keys_are_told_from_answers(text, keys, begun):
    answers = Answers(text, False)
    assert (answers.keys, answers.begun) == (keys, begun)
    assert Answers(text, True).keys == keys + begun, "nothing more is to come"


@pytest.fixture
def terminal(monkeypatch):
    """The master side of a pseudo-terminal that is this process's stdin and stderr."""
    master, slave = pty.openpty()
    file = os.fdopen(slave, "r+b", buffering=0)
    for name in ("__stdin__", "__stderr__"):
        monkeypatch.setattr(sys, name, file)
    yield master
    file.close()
    os.close(master)


def answer(master, text, wait=0.0):
    """Answer what is asked; return what was."""
    seen = []

    def serve():
        seen.append(os.read(master, 4096).decode())
        time.sleep(wait)
        os.write(master, text.encode())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread, seen


def settings(master):
    return termios.tcgetattr(sys.__stdin__.fileno())


def test_a_terminal_that_answers_costs_no_time(terminal):
    before = settings(terminal)
    thread, seen = answer(terminal, f"x{OK}\x1b[?62;4c")
    answers = probe.ask(seconds=30.0)
    thread.join()
    assert seen == [QUERIES]
    assert (answers.text, answers.complete, answers.keys) == (f"x{OK}\x1b[?62;4c", True, "x")
    assert settings(terminal) == before


def test_a_terminal_that_does_not_answer_costs_a_tenth_of_a_second(terminal):
    before = settings(terminal)
    began = time.monotonic()
    answers = probe.ask()
    assert 0.1 <= time.monotonic() - began < 0.6
    assert answers == Answers("", False)
    assert settings(terminal) == before


def test_what_is_no_terminal_is_not_asked(monkeypatch, tmp_path):
    with (tmp_path / "file").open("w+b", buffering=0) as file:
        monkeypatch.setattr(sys, "__stdin__", file)
        monkeypatch.setattr(sys, "__stderr__", file)
        assert probe.ask() == NO_ANSWERS
    assert (tmp_path / "file").read_bytes() == b""


def test_tmux_that_is_gone_passes_nothing_on(monkeypatch):
    assert probe.ask_tmux({}) is None
    monkeypatch.setenv("TMUX", "/nowhere,1,0")
    assert probe.ask_tmux({"TMUX": "/nowhere,1,0"}) == Tmux("", False)
