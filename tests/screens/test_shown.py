"""What a terminal may have of text from data."""

import json
import subprocess

import pytest

from screens.shown import command, json_escaped, pasteable, quoted, shown, shown_lines
from tests.hostile import forbidden, hostile_names

ORDINARY = (
    "sweet pea", "Große Blüte", "香豌豆", "ガーベラ", "한글", "नमस्ते", "سوسن", "ه‌ا", "e\u0301",
    "👩\u200d🔬", "❤\ufe0f", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "葛\U000e0100城", "[red]not red[/]", ":smile:", "C:\\new", "100 %",
)  # fmt: skip
WRITTEN_OUT = {
    "bird\x1b]52;c;UFdORUQ=\x1b\\": r"bird\x1b]52;c;UFdORUQ=\x1b" + "\\",
    "two\nlines\r\tand more": r"two\nlines\r\tand more",
    "\x9b2J\x85": r"\x9b2J\x85",
    "\u202egnp.exe\u2066": r"\u202egnp.exe\u2066",
    "\u2028\u2029\ufeff": r"\u2028\u2029\ufeff",
    "bi\u200drd": r"bi\u200drd",
    "zero\u200bwidth\xad": r"zero\u200bwidth\xad",
    "caf\udce9": r"caf\udce9",
    "tag\U000e0041": r"tag\U000e0041",
}


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_of_any_script_stays(text):
    assert shown(text) == text


@pytest.mark.parametrize("text", WRITTEN_OUT)
def test_what_a_terminal_obeys_or_hides_is_written_out(text):
    assert shown(text) == WRITTEN_OUT[text]


def test_nothing_that_unicode_calls_control_is_left_of_hostile_names():
    for name in hostile_names():
        left = shown(name)
        assert not forbidden(left)
        assert shown(left) == left, "what is shown is shown once"
        left.encode()


def test_lines_of_our_own_stay_lines():
    assert shown_lines("a\x1b\nb") == "a\\x1b\nb"


def test_json_says_the_same_without_what_a_terminal_obeys():
    for name in hostile_names():
        document = json.dumps({"name": name}, ensure_ascii=False, indent=2)
        escaped = json_escaped(document)
        assert json.loads(escaped) == {"name": name}
        assert not forbidden(escaped.replace("\n", ""))
        assert shown_lines(escaped) == escaped


def test_a_shell_reads_back_every_quoted_word():
    """The words that bash prints again, in bytes, are those of the name."""
    names = [name for name in hostile_names() if "\0" not in name and _of_a_file(name)]
    for some in range(0, len(names), 50):
        words = names[some : some + 50]
        line = command("printf", r"%s\0", *words)
        assert shown(line) == line
        told = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout
        expected = [word.encode("utf-8", "surrogateescape") for word in words]
        assert told.split(b"\0")[:-1] == expected


def test_words_without_anything_hidden_are_quoted_as_usual():
    assert quoted("sweet pea") == "'sweet pea'"
    assert quoted("it's\n") == r"$'it\'s\n'"
    assert pasteable("/data/sweet pea.png") == "/data/sweet pea.png"
    assert pasteable("/data/a\x1bb.png") == r"$'/data/a\x1bb.png'"


def _of_a_file(name):
    try:
        name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
