"""`config`: your own settings: what they are, where each comes from, where they are kept."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
import typer
from msgspec import Struct

from engine.io.atomic import write_text
from engine.schema.errors import EngineError, RequestError
from neuroinspect_tui.cli.options import Color, Json, Mouse, Pictures, SlowLink, Theme
from neuroinspect_tui.cli.output import note, print_json, say, table
from neuroinspect_tui.config import (
    MEANINGS,
    Config,
    ConfigError,
    config_path,
    read_config,
    read_entries,
)

app = typer.Typer(no_args_is_help=True, help="Show and edit your own settings, config.toml.")
EDITORS = ("VISUAL", "EDITOR")
HEAD = (
    "# Settings of neuroinspect-tui, with their defaults: remove the # before one to change it.\n"
)
EXAMPLE = """
[keys]
# "classes.sort" = "f5"
"""


class Setting(Struct, frozen=True, rename={"source": "from"}):
    """A setting as the app would have it."""

    key: str
    value: bool | str | dict[str, str]
    source: Literal["default", "file", "environment", "option"]
    by: str = ""
    """The environment's variable or the option."""


class Shown(Struct, frozen=True):
    """What `config show` prints."""

    path: str
    exists: bool
    settings: tuple[Setting, ...]


@app.command()
def show(
    color: Color = None,
    slow_link: SlowLink = None,
    mouse: Mouse = None,
    pictures: Pictures = None,
    theme: Theme = None,
    json: Json = False,
) -> None:
    """Print every setting, its value, and where it is from. Options are those of the app.

    Exit code 2 if config.toml is wrong.

    Example: neuroinspect-tui config show
    """
    given = {"color": color, "slow_link": slow_link, "mouse": mouse, "pictures": pictures,
             "theme": theme}  # fmt: skip
    path = config_path()
    config = read_config(path)
    found = tuple(settings(config, read_entries(path), given, os.environ))
    values = {setting.key: setting.value for setting in found}
    problems = _used_wrongly(msgspec.convert(values, Config))
    if json:
        print_json(Shown(str(path), path.is_file(), found))
    else:
        say(str(path) if path.is_file() else f"{path} does not exist: `config edit` makes it.")
        rows = ((s.key, _value(s), f"{s.source} {s.by}".strip(), MEANINGS[s.key]) for s in found)
        table(("|key", "value", "|from", "meaning"), rows)
    _refuse(problems)


@app.command()
def edit() -> None:
    """Open config.toml in $VISUAL or $EDITOR, and check it afterwards.

    Where there is none, it is made, with every default in a comment.

    Example: EDITOR=nano neuroinspect-tui config edit
    """
    path = config_path()
    editor = next((os.environ[name] for name in EDITORS if os.environ.get(name, "").strip()), None)
    if editor is None:
        raise RequestError(
            f"Neither VISUAL nor EDITOR names an editor; set one (EDITOR=nano), or edit {path}."
        )
    if not path.exists():
        write_text(path, commented_defaults())
    # as git does: an editor may have arguments, such as `code --wait`
    code = subprocess.call(["sh", "-c", f'{editor} "$@"', editor, str(path)])
    if code:
        raise RequestError(f"The editor {editor!r} ended with exit code {code}; see {path}.")
    _refuse(_used_wrongly(read_config(path)))
    say(f"{path} is right.")


@app.command(name="path")
def path_() -> None:
    """Print where config.toml is, or would be.

    Example: neuroinspect-tui config path
    """
    say(str(config_path()))


def settings(
    config: Config,
    entries: Mapping[str, Any],
    given: Mapping[str, bool | str | None],
    environment: Mapping[str, str],
) -> Iterator[Setting]:
    """Yield every setting as the app would have it: an option wins over the file.

    Args:
        config: The file's, with defaults.
        entries: What the file itself holds.
        given: The options; None: not given.
        environment: NO_COLOR is heeded whatever else is said; TEXTUAL_COLOR_SYSTEM only where
            nothing else is.
    """
    for key in Config.__struct_fields__:
        in_file = key in entries and entries[key] != {}  # an empty [keys] says nothing
        setting = Setting(key, getattr(config, key), "file" if in_file else "default")
        if (option := given.get(key)) is not None:
            name = key.replace("_", "-")
            setting = Setting(key, option, "option", f"--{'' if option else 'no-'}{name}")
        yield _colors(setting, environment) if key == "color" else setting


def _colors(setting: Setting, environment: Mapping[str, str]) -> Setting:
    if "NO_COLOR" in environment:
        return Setting("color", "none", "environment", "NO_COLOR")
    system = environment.get("TEXTUAL_COLOR_SYSTEM", "")
    asked = {"standard": "16"}.get(system, system)
    if setting.value != "auto" or asked not in ("16", "256", "truecolor"):
        return setting
    return Setting("color", asked, "environment", "TEXTUAL_COLOR_SYSTEM")


def _value(setting: Setting) -> str:
    if isinstance(setting.value, bool):
        return str(setting.value).lower()
    if isinstance(setting.value, dict):
        return ", ".join(f"{id_} = {key}" for id_, key in setting.value.items())
    return setting.value


def _used_wrongly(config: Config) -> list[str]:
    """Return what the app would refuse or warn of: a theme, a picture renderer, keys."""
    from neuroinspect_tui.app import keys, pictures, themes
    from screens.widgets.previews import ANYWHERE

    problems = []
    for check in (
        lambda: themes.chosen_theme(config.theme),
        lambda: pictures.chosen(config.pictures, ANYWHERE),
    ):
        try:
            check()
        except EngineError as error:
            problems.append(str(error))
    return [*problems, *keys.complaints(config.keys)]


def _refuse(problems: Sequence[str]) -> None:
    """Print problems, a line each; the last is what ends the command with exit code 2."""
    if problems:
        note(*problems[:-1])
        raise ConfigError(problems[-1])


def commented_defaults() -> str:
    """Return a config.toml that changes nothing and says what can be changed."""
    lines = [HEAD]
    for field in msgspec.structs.fields(Config):
        if field.name == "keys":
            lines.append(f"# {MEANINGS['keys']}{EXAMPLE}")
        else:
            value = msgspec.json.encode(field.default).decode()
            lines.append(f"# {MEANINGS[field.name]}\n# {field.name} = {value}\n")
    return "\n".join(lines)
