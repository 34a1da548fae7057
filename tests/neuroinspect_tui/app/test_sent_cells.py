import random
import re

import pytest
from rich.cells import cell_len
from textual._ansi_sequences import SYNC_END, SYNC_START

from neuroinspect_tui.app.sent_cells import SECONDS, SentCells
from screens.widgets.pixels.placeholders import Part, parts, row_text

TOKEN = re.compile(r"\x1b\[(\d+);(\d+)H|(\x1b\[[\d;]*m)|(\x1b\[2J)|([^\x1b])")
WIDTH = 12


class Screen:
    """A terminal's cells, each a character and its style; all that is drawn is counted."""

    def __init__(self):
        self.cells, self.bytes = {}, 0

    def read(self, text):
        self.bytes += len(text)
        at, style = (1, 1), ""
        for line, column, styled, clear, character in TOKEN.findall(text):
            if line:
                at = int(line), int(column)
            elif styled:
                style = "" if styled == "\x1b[0m" else styled
            elif clear:
                self.cells = {}
            elif character != "\n":
                at = self._put(at, character, style)
        return self

    def _put(self, at, character, style):
        line, column = at
        width = cell_len(character)
        if not width:
            before, same = self.cells[line, column - 1]
            self.cells[line, column - 1] = before + character, same
            return at
        if self.cells.get(at) == "rest":  # half of a character is drawn over
            self.cells[line, column - 1] = "broken"
        if self.cells.get((line, column + width)) == "rest":
            self.cells[line, column + width] = "broken"
        self.cells[at] = character, style
        if width == 2:
            self.cells[line, column + 1] = "rest"
        return line, column + width


def drawn(line, column, *runs):
    """As Textual writes: runs of (text, style), each reset at its end."""
    text = "".join(f"\x1b[{style}m{text}\x1b[0m" if style else text for text, style in runs)
    return f"\x1b[{line};{column}H{text}"


@pytest.fixture
def clock():
    class Clock:
        now = 100.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def lines(clock):
    return SentCells(clock)


def test_a_line_is_sent_once(lines):
    whole = drawn(1, 1, ("one", "1")) + "\n" + drawn(2, 1, ("two", "")) + "\x1b[2;1H"
    assert lines.unsent(whole) == whole.replace("\n", "")
    assert lines.unsent(whole) == "\x1b[2;1H", "the cursor alone is moved"
    other = drawn(1, 1, ("one", "1")) + "\n" + drawn(2, 1, ("TWO", ""))
    assert lines.unsent(other) == drawn(2, 1, ("TWO", ""))


def test_a_part_that_is_there_already_is_not_sent_and_breaks_nothing(lines):
    whole = drawn(3, 1, ("pictures ", "38;5;3"), ("|", "7"), (" panel", ""))
    lines.unsent(whole)
    assert lines.unsent(drawn(3, 10, ("|", "7"))) == ""
    assert lines.unsent(whole) == ""
    assert lines.unsent(drawn(3, 10, ("|", "1"))) == drawn(3, 10, ("|", "1"))
    assert lines.unsent(whole) == drawn(3, 10, ("|", "7")), "and not the pictures"


def test_of_a_line_only_the_runs_that_differ_are_sent(lines):
    lines.unsent(drawn(1, 1, ("read 10 of 99", "1"), (" images", "")))
    other = drawn(1, 1, ("read 11 of 99", "1"), (" images", ""))
    assert lines.unsent(other) == drawn(1, 1, ("read 11 of 99", "1"))


def test_neighbours_that_differ_are_sent_without_a_move_between(lines):
    lines.unsent(drawn(1, 1, ("ab", "1"), ("cd", "2"), ("ef", "")))
    other = drawn(1, 1, ("aB", "1"), ("CD", "2"), ("ef", ""))
    assert lines.unsent(other) == drawn(1, 1, ("aB", "1"), ("CD", "2"))


def test_what_joins_characters_is_sent_as_a_whole(lines):
    whole = drawn(1, 1, ("cafe\u0301 1", "1"), (" x", ""))
    lines.unsent(whole)
    assert lines.unsent(whole) == ""
    other = whole.replace("1\x1b[0m", "2\x1b[0m")
    assert lines.unsent(other) == other


def test_a_picture_is_drawn_cell_by_cell(lines):
    lines.unsent("\x1b[1;1H" + row_text(7, 0, 4))
    assert lines.unsent("\x1b[1;1H" + row_text(7, 0, 4)) == ""
    dialog = drawn(1, 2, ("ok", "7"))
    assert lines.unsent(dialog) == dialog
    uncovered = lines.unsent("\x1b[1;1H" + row_text(7, 0, 4))
    assert parts(uncovered.removeprefix("\x1b[1;2H")) == [Part(7, 0, 1, 2)]


def test_other_escapes_within_a_line_are_sent_as_they_are(lines):
    link = "\x1b[1;1H\x1b]8;;file:x\x1b\\x\x1b]8;;\x1b\\"
    assert lines.unsent(link) == link
    assert lines.unsent(link) == link


@pytest.mark.parametrize(
    ("before", "part"),
    [
        (drawn(1, 1, ("cursor row", "7")), drawn(1, 8, ("row", ""))),  # now plain
        (drawn(1, 1, ("ab|cd", "")), drawn(1, 4, ("|", ""))),  # one cell further
        (drawn(1, 1, ("日本|", "")), drawn(1, 3, ("|", ""))),  # two cells a character
        (drawn(1, 5, ("|", "")), drawn(1, 1, ("|", ""))),
        (drawn(1, 1, ("|", "1")), drawn(2, 1, ("|", "1"))),
    ],
)
def test_what_only_looks_alike_is_sent(lines, before, part):
    lines.unsent(before)
    assert lines.unsent(part) == part


def test_other_escapes_pass_and_end_what_is_known(lines):
    whole = drawn(1, 1, ("one", "1"))
    lines.unsent(whole)
    assert lines.unsent(SYNC_START) == SYNC_START
    assert lines.unsent(SYNC_END) == SYNC_END
    assert lines.unsent(whole) == ""
    assert lines.unsent("\x1b[2J") == "\x1b[2J"
    assert lines.unsent(whole) == whole


def test_what_was_sent_long_ago_is_sent_again(lines, clock):
    whole = drawn(1, 1, ("one", "1"))
    lines.unsent(whole)
    clock.now += 0.9 * SECONDS
    assert lines.unsent(whole) == ""
    clock.now += 0.2 * SECONDS
    assert lines.unsent(whole) == whole
    lines.forget()
    assert lines.unsent(whole) == whole


@pytest.mark.parametrize("seed", range(20))
def test_the_screen_is_the_same_as_without(seed, lines):
    chance = random.Random(seed)
    ours, theirs = Screen(), Screen()
    runs = [
        ("a", ""),
        ("ab", "1"),
        ("b", "7"),
        (" ", ""),
        ("  ", "7"),
        ("日", ""),
        ("|", "1"),
        ("e\u0301", ""),
    ]
    for _ in range(300):
        text = ""
        for line in sorted(chance.sample(range(1, 4), chance.randint(1, 3))):
            column = chance.choice([1, 1, 2, 3, 5])
            text += drawn(line, column, *chance.choices(runs, k=chance.randint(1, 3))) + "\n"
        if chance.random() < 0.02:
            text = "\x1b[2J"
        theirs.read(text)
        assert ours.read(lines.unsent(text)).cells == theirs.cells
    assert ours.bytes < 0.97 * theirs.bytes
