"""A person's own settings: config.toml in the user's configuration directory. All optional."""

import os
import tomllib
from pathlib import Path
from typing import Literal

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
    """Fewer bytes: no animation, smaller pictures."""
    mouse: bool = True
    pictures: str = "auto"
    """A picture renderer's name, or `auto`: the first that supports the terminal."""
    keys: dict[str, str] = {}
    """`screen.verb` to key; `?` on a screen names them."""


def config_path() -> Path:
    """Return where config.toml is looked for."""
    return platformdirs.user_config_path("neuroinspect-tui") / "config.toml"


def read_config(path: Path | None = None) -> Config:
    """Read config.toml; the defaults where there is none.

    Raises:
        ConfigError: It cannot be read, or has an unknown or wrong entry.
    """
    path = path or config_path()
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Config)
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"Cannot read {path}: {error}; correct or remove it.") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path} is wrong: {error}; correct or remove that entry.") from error


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
