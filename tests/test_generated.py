"""The generated pages, compared with what is bound and registered, read in another way."""

import ast
import inspect
import re
import sys
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from typer.models import OptionInfo

from docs.generate import filled, kinds_table, main, pages
from engine.schema.registry import Registry
from neuroinspect_tui.cli import app
from tests.neuroinspect_tui.conftest import run  # noqa: F401  a fixture

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def test_the_pages_are_as_the_code_is():
    stale = [
        path.name
        for path, text in pages().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make docs`"


def test_checking_says_what_is_stale_and_writes_nothing(tmp_path, monkeypatch, capsys):
    page = tmp_path / "keys.md"
    page.write_text("old")
    monkeypatch.setattr("docs.generate.pages", lambda: {page: "new"})
    assert main(["--check"]) == 1
    assert (page.read_text(), "stale" in capsys.readouterr().out) == ("old", True)
    assert main([]) == 0
    assert page.read_text() == "new"
    assert main(["--check"]) == 0


def registered(group: Any, path=()):
    """Every command's words and its function, from Typer's own lists."""
    for command in group.registered_commands:
        name = command.name or command.callback.__name__.replace("_", "-")
        yield " ".join((*path, name)), command.callback
    for inner in group.registered_groups:
        yield from registered(inner.typer_instance, (*path, inner.name))


def options(callback):
    """The options of a function, from its annotations alone."""
    for name, kind in get_type_hints(callback, include_extras=True).items():
        if get_origin(kind) is not Annotated:
            continue
        for extra in get_args(kind)[1:]:
            if isinstance(extra, OptionInfo) and not extra.hidden:
                # in Annotated, Typer has the first name in the place of the default
                texts = [extra.default, *(extra.param_decls or ())]
                told = [part for text in texts if isinstance(text, str) for part in text.split("/")]
                yield from told or [f"--{name.replace('_', '-')}"]


def section(name):
    """A command's part of cli.md."""
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


COMMANDS = dict(registered(app))


def test_there_are_as_many_commands_as_one_knows_of():
    assert {"demo", "init", "edit", "jobs follow", "jobs runner stop", "open"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_each_of_its_options_is_told_of(name):
    told = section(name)
    assert told, name
    assert [option for option in options(COMMANDS[name]) if option not in told] == []
    said = inspect.getdoc(COMMANDS[name]).splitlines()[0]
    assert "".join(said.split()) in "".join(told.split())


def test_options_are_found_at_all():
    assert {"--class", "-c", "--json", "--detach"} <= set(options(COMMANDS["edit"]))
    assert {"--clip", "--no-clip"} <= set(options(COMMANDS["illusion"]))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_is_what_help_prints(name, run):  # noqa: F811
    """Apart from where lines are folded, and from how the tests themselves were started."""
    printed = run(*name.split(), "--help").out
    shown = re.search(r"```text\n(.*?)```", section(name), re.DOTALL)[1]
    told, wanted = ("".join(text.split()).partition("[OPTIONS]")[2] for text in (shown, printed))
    assert wanted
    assert told == wanted


def calls(name):
    """Every call of a class of that name in the app's sources, as syntax."""
    for package in ("screens", "neuroinspect_tui/app"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                    yield node


def literal(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def bindings():
    """Every id (or None) and its keys that the sources bind."""
    for call in calls("Command"):
        id_, keys = map(literal, call.args[:2])
        if keys:
            yield id_, keys
    for call in calls("Binding"):
        keys = literal(call.args[0]) if call.args else None
        ids = [literal(word.value) for word in call.keywords if word.arg == "id"]
        if keys:
            yield (ids or [None])[0], keys


BOUND = sorted(set(bindings()), key=str)
SIGNS = {
    "question_mark": "?", "slash": "/", "plus": "+", "minus": "-", "equals_sign": "=",
    "left_square_bracket": "[", "right_square_bracket": "]", "less_than_sign": "<",
    "greater_than_sign": ">", "comma": ",", "full_stop": ".", "left": "←", "right": "→", "up": "↑",
    "down": "↓", "escape": "esc", "exclamation_mark": "!",
}  # fmt: skip


def sign(key):
    """A key as the page writes it."""
    held, _, last = key.rpartition("+") if len(key) > 1 else ("", "", key)
    return "+".join(filter(None, (held, SIGNS.get(last, last))))


def test_the_sources_bind_many_keys():
    assert len(BOUND) > 90
    assert any("+" in keys.split(",") for _, keys in BOUND)


@pytest.mark.parametrize(("id_", "keys"), BOUND)
def test_every_bound_key_is_told_of_beside_its_id(id_, keys):
    rows = (DOCS / "keys.md").read_text(encoding="utf-8").splitlines()
    rows = [row for row in rows if row.startswith("| ") and (id_ is None or f"`{id_}`" in row)]
    wanted = {f"`{sign(key.strip())}`" for key in keys.split(",")}
    assert any(wanted <= set(row.split("|")[2].split()) for row in rows), (id_, keys)


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """A registry of two kinds of ours."""
    package = tmp_path / "toys_for_docs"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name, said in (("one", 'help = "counts | adds"; needs = frozenset({"b", "a"})'),
                       ("two", 'help = "does nothing"; needs = frozenset()')):  # fmt: skip
        (package / f"{name}.py").write_text(
            f"class Kind:\n    title = {name.upper()!r}\n    {said}\n\nKIND = Kind()\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry("toys_for_docs", "neuroinspect_tui.toys_for_docs", "toy")
    for module in [name for name in sys.modules if name.startswith("toys_for_docs")]:
        del sys.modules[module]


def test_a_table_lists_every_kind_with_what_it_says_of_itself(toys):
    assert kinds_table(toys) == (
        "| toy | title | help | needs |\n"
        "| --- | --- | --- | --- |\n"
        "| `one` | ONE | counts \\| adds | a, b |\n"
        "| `two` | TWO | does nothing | nothing |\n"
    )


def test_a_kind_without_help_is_told_of_by_its_class(toys, tmp_path):
    (tmp_path / "toys_for_docs" / "three.py").write_text(
        'class Kind:\n    """Counts to three.\n\n    More.\n    """\n\nKIND = Kind()\n'
    )
    assert "| `three` |  | Counts to three |  |" in kinds_table(toys).splitlines()


def test_only_what_is_between_the_markers_is_written(toys):
    page = "before\n<!-- generated: toys -->\nold\n<!-- end -->\nafter\n"
    assert filled(page, {"toys": toys}) == page.replace("old\n", kinds_table(toys))
    assert filled(page, {}) == page
