"""`config`: where settings are from, editing them, and what is refused."""

import re
import tomllib

import pytest

from neuroinspect_tui.config import Config, read_config


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """Where config.toml would be; no person's own environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("NO_COLOR", "TEXTUAL_COLOR_SYSTEM", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "config" / "neuroinspect-tui" / "config.toml"


def write(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def editor(tmp_path, script):
    made = tmp_path / "an editor"
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    return f"'{made}' --wait"


def sources(ran):
    return {s["key"]: (s["value"], s["from"], s["by"]) for s in ran.json["settings"]}


def test_path_is_where_the_app_looks(run, file):
    assert run("config", "path").out == f"{file}\n"


def test_without_a_file_all_is_by_default(run, file):
    ran = run("config", "show")
    assert (ran.code, f"{file} does not exist" in ran.out) == (0, True)
    found = sources(run("config", "show", "--json"))
    assert {key: value for key, (value, *_) in found.items()} == {
        "color": "auto", "theme": "", "slow_link": False, "mouse": True, "pictures": "auto",
        "keys": {},
    }  # fmt: skip
    assert {source for _, source, _ in found.values()} == {"default"}


def test_options_win_over_the_file_which_wins_over_defaults(run, file):
    write(file, 'theme = "nord"\nmouse = true\nslow_link = true\n[keys]\n"classes.sort" = "f5"\n')
    found = sources(run("config", "show", "--json", "--no-slow-link"))
    assert found == {
        "color": ("auto", "default", ""),
        "theme": ("nord", "file", ""),
        "slow_link": (False, "option", "--no-slow-link"),
        "mouse": (True, "file", ""),
        "pictures": ("auto", "default", ""),
        "keys": ({"classes.sort": "f5"}, "file", ""),
    }
    shown = run("config", "show", "--no-slow-link").out
    assert re.search(r"slow_link\s+false\s+option --no-slow-link", shown)
    assert re.search(r"keys\s+classes\.sort = f5\s+file", shown)


@pytest.mark.parametrize(
    ("name", "value", "file_says", "color"),
    [
        ("NO_COLOR", "1", "", ("none", "environment", "NO_COLOR")),
        ("NO_COLOR", "1", 'color = "256"', ("none", "environment", "NO_COLOR")),
        ("TEXTUAL_COLOR_SYSTEM", "standard", "", ("16", "environment", "TEXTUAL_COLOR_SYSTEM")),
        ("TEXTUAL_COLOR_SYSTEM", "standard", 'color = "256"', ("256", "file", "")),
        ("TEXTUAL_COLOR_SYSTEM", "auto", "", ("auto", "default", "")),
    ],
)
def test_the_environment_says_colours(run, file, monkeypatch, name, value, file_says, color):
    write(file, file_says)
    monkeypatch.setenv(name, value)
    assert sources(run("config", "show", "--json"))["color"] == color


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mous = false", "there is no key 'mous' (did you mean 'mouse'?)"),
        ('mouse = "no"', "mouse is 'no' (it is true or false"),
        ('theme = "nordd"', "Unknown theme 'nordd'; choose from nord"),
        ('pictures = "oils"', "Unknown picture renderer 'oils'"),
        ('[keys]\n"classes.sotr" = "f5"', "'classes.sotr', which does not exist; did you mean"),
    ],
)
def test_what_is_wrong_is_refused_with_the_nearest_right_one(run, file, text, said):
    write(file, text)
    ran = run("config", "show")
    assert (ran.code, said in ran.err, ran.err.count("\n")) == (2, True, 1)


def test_edit_makes_a_file_that_changes_nothing(run, file, tmp_path, monkeypatch):
    monkeypatch.setenv("EDITOR", "true")
    ran = run("config", "edit")
    assert (ran.code, "is right" in ran.out) == (0, True)
    assert read_config() == Config()
    # every default is there: without the # before it, the file says the same
    entries = re.sub(r"^# (\w+ = )", r"\1", file.read_text(), flags=re.MULTILINE)
    assert {**tomllib.loads(entries), "keys": {}} == {
        "color": "auto", "theme": "", "slow_link": False, "mouse": True, "pictures": "auto",
        "keys": {},
    }  # fmt: skip


def test_edit_takes_visual_first_with_arguments_and_a_space_in_its_name(
    run, file, tmp_path, monkeypatch
):
    write(file, 'theme = "nord"\n')
    monkeypatch.setenv("VISUAL", editor(tmp_path, 'test "$1" = --wait && echo mouse=false >"$2"'))
    monkeypatch.setenv("EDITOR", "false")
    assert run("config", "edit").code == 0
    assert read_config() == Config(mouse=False)


def test_edit_checks_what_was_written_and_keeps_it(run, file, tmp_path, monkeypatch):
    monkeypatch.setenv("EDITOR", editor(tmp_path, 'echo mous=false >"$2"'))
    ran = run("config", "edit")
    assert (ran.code, "did you mean 'mouse'?" in ran.err, ran.err.count("\n")) == (2, True, 1)
    assert file.read_text() == "mous=false\n"


def test_edit_repairs_a_file_that_is_wrong(run, file, tmp_path, monkeypatch):
    write(file, "mous = false")
    monkeypatch.setenv("EDITOR", editor(tmp_path, 'echo mouse=false >"$2"'))
    assert run("config", "edit").code == 0


def test_without_an_editor_or_with_one_that_fails_edit_says_so(run, file, monkeypatch):
    ran = run("config", "edit")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "Neither VISUAL nor EDITOR" in ran.err
    assert not file.exists()
    monkeypatch.setenv("EDITOR", "exit 3;")
    ran = run("config", "edit")
    assert (ran.code, "exit code 3" in ran.err) == (2, True)


def test_a_directory_that_cannot_be_written_is_a_sentence(run, file, monkeypatch, tmp_path):
    (tmp_path / "config").write_text("a file where a directory is wanted")
    monkeypatch.setenv("EDITOR", "true")
    ran = run("config", "edit")
    assert (ran.code, ran.err.count("\n"), "Traceback" in ran.err) == (2, 1, False)


def test_settings_are_of_no_workspace(run):
    ran = run("-w", "ws", "config", "show")
    assert (ran.code, "takes no -w" in ran.err) == (2, True)
