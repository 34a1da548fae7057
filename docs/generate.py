"""Writes what pages say after code and measurements: keys, commands, registered kinds, evidence.

    python -m docs.generate [--check]

keys.md and cli.md are written whole. Elsewhere a table stands between two markers,
`<!-- generated: NAME -->` and `<!-- end -->`, and only what is between them is written. NAME is a
registry's, or `evidence/RESULT` (docs/results.py), in README.md too.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer.main

from docs import results
from docs.bound import dialog_keys
from engine.attribution.rankings import RANKINGS
from engine.data.readers import READERS
from engine.editing.methods import EDIT_METHODS
from engine.schema.registry import Registry
from engine.visualization.objectives import OBJECTIVES
from engine.visualization.parameterizations import PARAMETERIZATIONS
from neuroinspect_tui.app.keys import markdown_keys
from neuroinspect_tui.cli import app
from neuroinspect_tui.jobs.executors import EXECUTORS
from screens.widgets.pictures.base import RENDERERS

DOCS = Path(__file__).parent
PROGRAM = "neuroinspect-tui"
WIDTH = 96
"""Columns of a command's help."""
COLUMNS = ("title", "help", "needs")
"""What a table of kinds has of each, where any of them says it."""
SECTION = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

REGISTRIES: Mapping[str, Registry[Any]] = {
    "rankings": RANKINGS,
    "edit_methods": EDIT_METHODS,
    "readers": READERS,
    "executors": EXECUTORS,
    "pictures": RENDERERS,
    "parameterizations": PARAMETERIZATIONS,
    "objectives": OBJECTIVES,
}
"""By the name in the markers, such as `rankings`. A table lists our own kinds only, so that a
package installed beside this one does not change the documentation."""

KEYS = """\
# Keys

This page is written by `make docs` from the tables that the screens are bound by.

`?` on any screen lists the keys that work there, and `ctrl+p` finds every action by its name.
Every key that has an id can be moved: put the id and the new key into the `[keys]` section of
`~/.config/neuroinspect-tui/config.toml`, several keys separated by commas:

    [keys]
    "classes.sort" = "f5"

An unknown id, and two actions on one key of the same screen, are reported when the app starts.

"""
DIALOGS = """
## Dialogs and parts of a screen

These work while the dialog is open, or the part of the screen has the focus.

"""
COMMANDS = """\
# Commands

This page is written by `make docs` from the program's own `--help`.

Every command that reads a workspace takes `-w DIR`; without it, the workspace is the current
directory or its nearest parent with a `workspace.toml`. `--json` prints one JSON document on
stdout, with progress on stderr. `--detach` makes a job of the work and prints its id. An expected
failure is one sentence on stderr and exit code 2.

"""


def keys_page() -> str:
    """Return keys.md."""
    dialogs = dialog_keys()
    rows = [f"| {where} | {keys} | {what} | {id_} |" for where, keys, what, id_ in dialogs]
    head = ["| where | key | what | id in config.toml |", "| --- | --- | --- | --- |"]
    tail = DIALOGS + "\n".join([*head, *rows]) + "\n" if rows else ""
    return KEYS + markdown_keys() + tail


def cli_page() -> str:
    """Return cli.md."""
    found = list(commands())
    index = [
        f"- [`{name}`](#{name.replace(' ', '-')}){': ' + first if first else ''}"
        for name, first, _ in found
    ]
    bodies = [f"## {name}\n\n```text\n{help_}\n```" for name, _, help_ in found]
    return COMMANDS + "\n".join(index) + "\n\n" + "\n\n".join(bodies) + "\n"


def commands() -> Iterator[tuple[str, str, str]]:
    """Yield every command's name, the first line of its help, and its whole `--help`."""
    root: Any = typer.main.get_command(app)
    yield from _commands(root, PROGRAM, None)


def _commands(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str, str]]:
    settings = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = command.context_class(command, info_name=name, parent=parent, **settings)
    path = " ".join(context.command_path.split()[1:]) or PROGRAM
    first = (command.help or "").strip().partition("\n")[0]
    yield path, first, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    for sub, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, sub, context)


def kinds_table(registry: Registry[Any]) -> str:
    """Return a table of a registry's own kinds: what each says of itself."""
    ours = {
        name: kind
        for name, kind in registry.all().items()
        if _module(kind).startswith(f"{registry.package}.")
    }
    columns = [
        column
        for column in COLUMNS
        if any(_said(kind, column) is not None for kind in ours.values())
    ]
    head = f"| {registry.what} | " + " | ".join(columns) + " |"
    rule = "| --- " * (len(columns) + 1) + "|"
    rows = [
        f"| `{name}` | " + " | ".join(_cell(_said(kind, column)) for column in columns) + " |"
        for name, kind in ours.items()
    ]
    return "\n".join([head, rule, *rows]) + "\n"


def _said(kind: object, column: str) -> object:
    """Return what a kind says of itself; its class's first line stands in for a missing help."""
    said = getattr(kind, column, None)
    if said is None and column == "help":
        doc = inspect.getdoc(kind if isinstance(kind, type) else type(kind))
        return (doc or "").partition("\n")[0].rstrip(".")
    return said


def _module(kind: object) -> str:
    return kind.__module__ if isinstance(kind, type) else type(kind).__module__


def _cell(value: object) -> str:
    """Return a cell: text, or a set of words."""
    if value is None:
        return ""
    if isinstance(value, (frozenset, set, tuple, list)):
        return ", ".join(sorted(map(str, value))) or "nothing"
    return " ".join(str(value).split()).replace("|", "\\|")


def filled(text: str, registries: Mapping[str, Registry[Any]]) -> str:
    """Return a page with the table of every registry between its markers."""

    def table(found: re.Match[str]) -> str:
        name = found[2]
        if name not in registries:
            return found[0]
        return found[1] + kinds_table(registries[name]) + found[3]

    return SECTION.sub(table, text)


def pages() -> dict[Path, str]:
    """Return every generated page, or page with a generated part, as it should be."""
    found = {DOCS / "keys.md": keys_page(), DOCS / "cli.md": cli_page()}
    for path in [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]:
        if path not in found:
            text = path.read_text(encoding="utf-8")
            if SECTION.search(text):
                found[path] = results.filled(filled(text, REGISTRIES))
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Write the pages; with --check only say which are not as they should be."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if stale")
    asked = parser.parse_args(words)
    stale = [
        path
        for path, text in pages().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        print(f"{'stale' if asked.check else 'written'}: {path}")
        if not asked.check:
            path.write_text(pages()[path], encoding="utf-8")
    return int(asked.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
