"""All keys, from the tables that screens bind them by: for help, the docs and config.toml."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from neuroinspect_tui.app.actions import APP
from neuroinspect_tui.app.screens import SCREENS
from screens.base import COMMON, Base
from screens.command import Command
from screens.doctor import DoctorScreen
from screens.help import HelpScreen, Section
from screens.start.screen import StartScreen
from screens.widgets.gallery import Gallery
from screens.widgets.table import Table

WIDGETS: tuple[type[Widget], ...] = (Table, Gallery)
TEXTUAL = (
    ("tab", "Move the focus forward", ""),
    ("shift+tab", "Move the focus back", ""),
    ("ctrl+q", "Quit", ""),
    ("ctrl+c super+c", "Copy the selected text; without any, say how to quit", ""),
)
"""Keys that Textual binds itself, and that config.toml cannot change."""
RENAMED = {
    "choice.before": "choice.previous",
    "classes.left_out": "classes.skipped",
    "compare.keep": "compare.apply",
    "edit.before": "edit.previous",
    "illusions.tick": "illusions.select",
    "left_out.back": "skipped.back",
    "neurons.none": "neurons.clear",
    "neurons.tick": "neurons.select",
    "path.back": "export.back",
    "whatif.tick": "whatif.select",
}
"""Ids of 0.1 that have new names: config.toml may still hold them."""
GLYPHS = {"question_mark": "?", "exclamation_mark": "!", "slash": "/", "plus": "+",
          "minus": "-", "comma": ",", "full_stop": ".", "left_square_bracket": "[",
          "right_square_bracket": "]", "left": "←", "right": "→", "up": "↑", "down": "↓",
          "escape": "esc", "equals_sign": "=", "greater_than_sign": ">",
          "less_than_sign": "<"}  # fmt: skip


def display(keys: str) -> str:
    """Return keys as people write them, such as `↓ j`."""
    return " ".join(_display(key.strip()) for key in keys.split(","))


def _display(key: str) -> str:
    if key == "+":
        return key
    held, _, last = key.rpartition("+")
    return "+".join(filter(None, (held, GLYPHS.get(last, last))))


def bound_commands(kind: type[DOMNode]) -> list[Command]:
    """Return the bindings of a widget or dialog in the form of a screen's commands."""
    return [
        Command(some.id, some.key, some.action, some.description, some.tooltip or some.description)
        for some in kind.BINDINGS
        if isinstance(some, Binding) and some.id
    ]


def renamed(keys: Mapping[str, str]) -> dict[str, str]:
    """Return config.toml's keys under the ids of this version."""
    return {RENAMED.get(id_, id_): key for id_, key in keys.items()}


def sections(screen: Screen[Any], keys: Mapping[str, str]) -> list[Section]:
    """Return the help of a screen.

    Args:
        screen: The screen below the help.
        keys: A person's own keys, by id.
    """
    own = getattr(screen, "TABLE", ())
    common = left_over(COMMON, own) if isinstance(screen, Base) else ()
    named = [
        (getattr(screen, "NAME", ""), [*own, *common]),
        *((part.capitalize(), commands) for part, commands in _parts(type(screen))),
        *((_place(kind), bound_commands(kind)) for kind in WIDGETS if screen.query(kind)),
        ("Anywhere", list(APP)),
    ]
    return _listed(named, keys)


def left_over(common: Iterable[Command], own: Iterable[Command]) -> list[Command]:
    """Return common commands without the keys that a screen has for something else."""
    taken = {key for command in own for key in display(command.key).split()}
    return [
        replace(command, key=",".join(k for k in command.key.split(",") if display(k) not in taken))
        for command in common
    ]


def key_table() -> list[Section]:
    """Return every key that is bound, by screen."""
    named: list[tuple[str, Sequence[Command]]] = [
        ("Anywhere", APP),
        ("On every screen", COMMON),
        (StartScreen.NAME, StartScreen.TABLE),
    ]
    for screen in SCREENS:
        named.append((screen.NAME, screen.TABLE))
        named += [(f"{screen.NAME}: {part}", commands) for part, commands in _parts(screen)]
    named.append((DoctorScreen.NAME, bound_commands(DoctorScreen)))
    named += [(_place(kind), bound_commands(kind)) for kind in WIDGETS]
    return _listed([*named, ("In help", bound_commands(HelpScreen))], {})


def _parts(screen: type[Screen[Any]]) -> list[tuple[str, list[Command]]]:
    """Return the bindings of a screen's dialogs and of its own widgets."""
    parts = getattr(screen, "PARTS", {})
    return [(part, bound_commands(kind)) for part, kind in parts.items()]


def _place(kind: type[Widget]) -> str:
    return f"In a {kind.__name__.lower()}"


def _listed(
    named: Iterable[tuple[str, Sequence[Command]]], keys: Mapping[str, str]
) -> list[Section]:
    listed: list[Section] = []
    for name, commands in named:
        rows = [(display(keys.get(c.id, c.key)), c.help, c.id) for c in commands]
        if name == "Anywhere":
            rows += TEXTUAL
        if rows:
            listed.append((name, rows))
    return listed


def markdown_keys() -> str:
    """Return all keys as a table in Markdown."""
    lines = ["| where | key | what | id in config.toml |", "| --- | --- | --- | --- |"]
    for name, rows in key_table():
        for place, (keys, what, id_) in enumerate(rows):
            shown = " ".join(f"`{key}`" for key in keys.split()).replace("|", "\\|")
            named = f"`{id_}`" if id_ else ""
            lines.append(f"| {'' if place else name} | {shown} | {what} | {named} |")
    return "\n".join(lines) + "\n"


def complaints(keys: Mapping[str, str]) -> list[str]:
    """Return a sentence for every entry of config.toml's keys that is outdated or cannot work."""
    return [*_outdated(keys), *_unknown(renamed(keys)), *_clashes(renamed(keys))]


def _outdated(keys: Mapping[str, str]) -> Iterator[str]:
    for id_ in keys:
        if id_ in RENAMED:
            yield f"config.toml's key {id_!r} is now called {RENAMED[id_]!r}; please rename it."


def _unknown(keys: Mapping[str, str]) -> Iterator[str]:
    known = [id_ for _, rows in key_table() for _, _, id_ in rows if id_]
    for id_ in keys:
        if id_ not in known:
            near = get_close_matches(id_, known, 3, 0.4)
            meant = f"; did you mean {', '.join(near)}?" if near else "."
            yield f"config.toml's keys name {id_!r}, which does not exist{meant}"


def _clashes(keys: Mapping[str, str]) -> Iterator[str]:
    told = set()
    for table in (StartScreen.TABLE, DoctorScreen.TABLE, *(screen.TABLE for screen in SCREENS)):
        by_key: dict[str, str] = {}
        for command in (*table, *COMMON, *APP):
            for key in display(keys.get(command.id, command.key)).split():
                other = by_key.setdefault(key, command.id)
                pair = (other, command.id)
                if other != command.id and pair not in told and (set(pair) & keys.keys()):
                    told.add(pair)
                    yield f"config.toml puts {other} and {command.id} on the same key, {key}."
