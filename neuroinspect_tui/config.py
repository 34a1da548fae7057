"""A person's own settings: config.toml in the user's configuration directory. All optional."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import platformdirs
from msgspec import Struct

from engine.io.atomic import read_json, write_json
from engine.schema.errors import EngineError

Color = Literal["auto", "truecolor", "256", "16", "none"]
RECENT = 12


class ConfigError(EngineError):
    """config.toml is wrong."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """config.toml."""

    color: Color = "auto"
    theme: str = ""
    slow_link: bool = False
    mouse: bool = True
    pictures: str = "auto"
    """A picture renderer's name, or `auto`: the first that supports the terminal."""
    keys: dict[str, str] = {}
    """`screen.verb` to key."""


MEANINGS = {
    "color": f"colours of the terminal: {', '.join(get_args(Color))}",
    "theme": "a name that ctrl+p lists in the app; empty: the default",
    "slow_link": "true sends fewer bytes: no animation, smaller pictures",
    "mouse": "false lets the terminal select text",
    "pictures": "auto, or what draws them, such as kitty, sixel, quadrant, half, none",
    "keys": "other keys for actions, by the ids that ? in the app shows",
}
"""What each entry is, in a line."""


def config_path() -> Path:
    """Return where config.toml is looked for."""
    return platformdirs.user_config_path("neuroinspect-tui") / "config.toml"


def read_config(path: Path | None = None) -> Config:
    """Read config.toml; the defaults where there is none.

    Raises:
        ConfigError: It cannot be read, or has unknown or wrong entries; all of them are named.
    """
    path = path or config_path()
    entries = read_entries(path)
    if problems := list(_problems(entries)):
        raise ConfigError(f"{path} is wrong: {'; '.join(problems)}. Correct or remove that.")
    return msgspec.convert(entries, Config)


def read_entries(path: Path) -> dict[str, Any]:
    """Return what config.toml holds, right or wrong; nothing where there is none.

    Raises:
        ConfigError: It cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"Cannot read {path}: {error}; correct or remove it.") from error


def _problems(entries: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with each entry, as a clause."""
    types = {field.name: field.type for field in msgspec.structs.fields(Config)}
    for key, value in entries.items():
        if key not in types:
            near = get_close_matches(key.lower(), types, 1, 0.5)
            known = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(types)}"
            yield f"there is no key {key!r} ({known})"
        elif key == "keys" and isinstance(value, dict):
            yield from _wrong_keys(value)
        else:
            try:
                msgspec.convert(value, types[key])
            except msgspec.ValidationError:
                yield f"{key} is {_written(value)} ({_expected(types[key])})"


def _wrong_keys(keys: Mapping[str, Any]) -> Iterator[str]:
    for id_, key in keys.items():
        if isinstance(key, dict):  # without quotes, TOML reads a.b as b in a table a
            inner = next(iter(key), "verb")
            yield f'the id in [keys] needs quotes: "{id_}.{inner}"'
        elif not isinstance(key, str):
            yield f"the key of {id_} in [keys] is {_written(key)} (a key's name in quotes)"


def _written(value: object) -> str:
    """Return a value as TOML has it."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _expected(kind: Any) -> str:
    if kind is bool:
        return "it is true or false, without quotes"
    if choices := get_args(kind):
        return "a table" if kind == dict[str, str] else f"choose from {', '.join(choices)}"
    return "it is a text in quotes"


def set_color(color: Color) -> None:
    """Tell Textual and Rich how many colours the terminal has, before they are imported.

    Over ssh COLORTERM is not forwarded, and a terminal that has 16 million counts as one of 256.
    """
    if color == "none":
        os.environ["NO_COLOR"] = "1"
    elif color != "auto":
        os.environ["TEXTUAL_COLOR_SYSTEM"] = "standard" if color == "16" else color


def demo_home() -> Path:
    """Return where the demo's workspace is made unless another place is named."""
    return platformdirs.user_data_path("neuroinspect-tui") / "demo"


def experiments_home() -> Path:
    """Return where experiments are kept unless another place is named."""
    return platformdirs.user_data_path("neuroinspect-tui") / "experiments"


def recent_workspaces() -> list[Path]:
    """Return the workspaces opened last that are still there, newest first."""
    try:
        found = read_json(_recent_path(), list[str])
    except EngineError:
        return []
    return [Path(path) for path in found if (Path(path) / "workspace.toml").is_file()]


def remember_workspace(home: Path) -> None:
    """Put a workspace first among the recent ones."""
    home = home.resolve()
    others = [str(path) for path in recent_workspaces() if path != home]
    try:
        write_json(_recent_path(), [str(home), *others][:RECENT])
    except EngineError:
        return  # a home that cannot be written loses this list and nothing else


def remembered_tiles() -> int:
    """Return by how many steps pictures were last made larger, or smaller."""
    try:
        return int(read_json(_tiles_path(), int))
    except EngineError:
        return 0


def remember_tiles(steps: int) -> None:
    """Keep by how many steps pictures are larger, for the next time."""
    try:
        write_json(_tiles_path(), steps)
    except EngineError:
        return  # as above: they are as large as by default


def _tiles_path() -> Path:
    return platformdirs.user_state_path("neuroinspect-tui") / "picture_size.json"


def _recent_path() -> Path:
    return platformdirs.user_state_path("neuroinspect-tui") / "recent.json"
