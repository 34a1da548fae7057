"""All keys, from the tables the screens bind them by: for help, README and config.toml."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

from neuroinspect_tui.app.actions import APP
from screens.base import COMMON, Base
from screens.classes.screen import ClassesScreen
from screens.command import Command
from screens.compare.screen import CompareScreen
from screens.edit.screen import EditScreen
from screens.help import Section
from screens.illusions.screen import IllusionsScreen
from screens.jobs import JobsScreen
from screens.mistakes.screen import MistakesScreen
from screens.neurons.screen import NeuronsScreen
from screens.start.screen import StartScreen
from screens.whatif.screen import WhatIfScreen
from screens.widgets.gallery import Gallery
from screens.widgets.table import Table

SCREENS: tuple[type[Base], ...] = (
    ClassesScreen, MistakesScreen, NeuronsScreen, IllusionsScreen, WhatIfScreen, EditScreen,
    CompareScreen, JobsScreen,
)  # fmt: skip
WIDGETS: tuple[type[Widget], ...] = (Table, Gallery)
SPOKEN = {"question_mark": "?", "slash": "/", "plus": "+", "minus": "-", "comma": ",",
          "full_stop": ".", "left_square_bracket": "[", "right_square_bracket": "]",
          "left": "←", "right": "→", "up": "↑", "down": "↓", "escape": "esc",
          "equals_sign": "=", "greater_than_sign": ">", "less_than_sign": "<"}  # fmt: skip


def spoken(keys: str) -> str:
    """Return keys as a person writes them, such as `↓ j`."""
    return " ".join(_spoken(key.strip()) for key in keys.split(","))


def _spoken(key: str) -> str:
    if key == "+":
        return key
    held, _, last = key.rpartition("+")
    return "+".join(filter(None, (held, SPOKEN.get(last, last))))


def widget_commands(widget: type[Widget]) -> list[Command]:
    """Return a widget's own keys in the form of a screen's."""
    return [
        Command(some.id, some.key, some.action, some.description, some.tooltip or some.description)
        for some in widget.BINDINGS
        if isinstance(some, Binding) and some.id
    ]


def sections(screen: Screen[Any], keys: Mapping[str, str]) -> list[Section]:
    """Return what help says of a screen.

    Args:
        screen: The one below.
        keys: A person's own, by id.
    """
    common = COMMON if isinstance(screen, Base) else ()
    named = [
        (getattr(screen, "NAME", ""), [*getattr(screen, "TABLE", ()), *common]),
        *((_place(kind), widget_commands(kind)) for kind in WIDGETS if screen.query(kind)),
        ("Anywhere", list(APP)),
    ]
    return [_section(name, commands, keys) for name, commands in named if commands]


def _place(kind: type[Widget]) -> str:
    return f"In a {kind.__name__.lower()}"


def _section(name: str, commands: Iterable[Command], keys: Mapping[str, str]) -> Section:
    return name, [(spoken(keys.get(c.id, c.key)), c.help, c.id) for c in commands]


def key_table() -> list[Section]:
    """Return every key there is, by screen."""
    named: list[tuple[str, Sequence[Command]]] = [
        ("Anywhere", APP),
        ("On every screen", COMMON),
        (StartScreen.NAME, StartScreen.TABLE),
        *((screen.NAME, screen.TABLE) for screen in SCREENS),
        *((_place(kind), widget_commands(kind)) for kind in WIDGETS),
    ]
    return [_section(name, commands, {}) for name, commands in named if commands]


def markdown_keys() -> str:
    """Return the README's table of keys."""
    lines = ["| where | key | what | id in config.toml |", "| --- | --- | --- | --- |"]
    for name, rows in key_table():
        for place, (keys, what, id_) in enumerate(rows):
            shown = " ".join(f"`{key}`" for key in keys.split()).replace("|", "\\|")
            lines.append(f"| {'' if place else name} | {shown} | {what} | `{id_}` |")
    return "\n".join(lines) + "\n"


def complaints(keys: Mapping[str, str]) -> list[str]:
    """Return a sentence for every entry of config.toml's keys that cannot work."""
    return [*_unknown(keys), *_clashes(keys)]


def _unknown(keys: Mapping[str, str]) -> Iterator[str]:
    known = [id_ for _, rows in key_table() for _, _, id_ in rows]
    for id_ in keys:
        if id_ not in known:
            near = get_close_matches(id_, known, 3, 0.4)
            meant = f"; there is {', '.join(near)}" if near else ""
            yield f"config.toml's keys name {id_!r}, which nothing is called{meant}."


def _clashes(keys: Mapping[str, str]) -> Iterator[str]:
    told = set()
    for table in (StartScreen.TABLE, *(screen.TABLE for screen in SCREENS)):
        by_key: dict[str, str] = {}
        for command in (*table, *COMMON, *APP):
            for key in keys.get(command.id, command.key).split(","):
                other = by_key.setdefault(key.strip(), command.id)
                pair = (other, command.id)
                if other != command.id and pair not in told and (set(pair) & keys.keys()):
                    told.add(pair)
                    yield f"config.toml puts {other} and {command.id} on the same key, {key}."
