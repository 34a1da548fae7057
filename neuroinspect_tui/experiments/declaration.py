"""What an experiment is: a small TOML file, read strictly. No torch."""

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import Struct

from engine.schema.bounds import check_bounds
from engine.schema.errors import EngineError, RequestError
from engine.schema.requests import EditRequest, Preset, Select, TrainRequest

FOLDER = Path(__file__).parent / "declared"
SUFFIX = ".toml"
EVERY, WORST = "all", "worst"


class DeclarationError(EngineError):
    """An experiment's file is wrong, or there is no such experiment."""


class Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which images an experiment is about."""

    reader: str
    """The data reader's name."""
    needs: str
    """What must be fetched: one clause with the names of files and folders."""
    torchvision: str | None = None
    """The class of torchvision.datasets that downloads it; None: it is fetched by hand."""
    columns: dict[str, str] = {}
    """As in workspace.toml."""


class Shift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind that is trained in one context only, as MetaShift's `dog(chair)`."""

    kind: str
    context: str
    kinds: tuple[str, ...]
    """The classes; `kind` is one of them."""
    train: int = 100
    """Images a class."""
    valid: int = 100
    test: int = 50


class Setting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an edit is asked for; what is left out is the method's own. See `EditRequest`."""

    method: str
    preset: Preset | None = None
    by: str | None = None
    top: str | None = None
    strength: float | None = None
    target: float | None = None
    epochs: int | None = None
    lr: float | None = None
    batch_size: int | None = None
    select: Select | None = None
    group_by: str | None = None
    seeds: int | None = None
    authors_neurons: tuple[int, ...] = ()
    """The published neurons, of the authors' own head: tried beside those found here."""

    def request(self, **fields: Any) -> EditRequest:
        """Return the request, with the fields that an experiment adds."""
        said = msgspec.structs.asdict(self)
        del said["authors_neurons"]
        return EditRequest(**{k: v for k, v in said.items() if v is not None} | fields)


class Figures(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Published figures, in percent; None where none are."""

    name: str
    overall: float | None = None
    target: float | None = None
    """The class under inspection, or the mean of several."""
    worst_class: float | None = None
    worst_group: float | None = None


class Miniature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same experiment on generated pictures, in the layout of the real data."""

    generator: str
    """The name of a generator of `neuroinspect_tui.experiments.miniatures`."""
    sizes: dict[str, int] = {}
    """The generator's own."""
    recipe: TrainRequest
    steps: int = 128
    """Of a drawing."""


class Experiment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One experiment. What is not of the paper says so in `source`."""

    name: str
    title: str
    source: str
    """The part of the paper, or the other paper, that it follows."""
    model: str
    """A timm architecture."""
    classes: tuple[str, ...]
    """What is inspected and edited: names, `all`, or `worst` (on the evaluation split)."""
    by: str
    """The ranking that finds neurons."""
    neurons: int
    """How many are named, and drawn."""
    recipe: TrainRequest
    data: Data
    edit: Setting
    """As published."""
    ours: dict[str, Setting]
    """Edits of ours, by what the table calls them."""
    best: str
    """The one of `ours` that chooses by itself, on selection images."""
    published: tuple[Figures, ...] = ()
    remark: str = ""
    """What the published figures leave open."""
    miniature: Miniature
    shift: Shift | None = None
    steps: int = 450
    """Of a drawing."""


def names() -> tuple[str, ...]:
    """Return the names of all experiments, by the alphabet."""
    found = (path.relative_to(FOLDER).with_suffix("") for path in FOLDER.rglob(f"*{SUFFIX}"))
    return tuple(sorted(path.as_posix() for path in found))


def find_all(name: str) -> tuple[Experiment, ...]:
    """Return the experiments of a folder, such as `metashift`, else the one as `find` does."""
    inside = [full for full in names() if full.startswith(f"{name}/")]
    return tuple(map(find, inside)) if inside else (find(name),)


def find(name: str) -> Experiment:
    """Return an experiment by its name, or by a file of one's own that ends in .toml.

    Raises:
        DeclarationError: There is none, or its file is wrong.
    """
    if name.endswith(SUFFIX):
        return read(Path(name), Path(name).stem)
    if name in names():
        return read(FOLDER / f"{name}{SUFFIX}", name)
    near = get_close_matches(name, names(), 1, 0.4)
    known = f"did you mean {near[0]}?" if near else f"choose from {', '.join(names())}"
    raise DeclarationError(f"There is no experiment {name!r}; {known}")


def read(path: Path, name: str) -> Experiment:
    """Read an experiment's file.

    Raises:
        DeclarationError: It cannot be read, is no TOML, or has unknown, missing or wrong entries.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(f"Cannot read {path}: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise DeclarationError(f"{path} is not valid TOML: {error}.") from error
    if problems := list(_unknown(entries, Experiment, "")):
        raise DeclarationError(f"{path} is wrong: {'; '.join(problems)}.")
    try:
        found = msgspec.convert(entries | {"name": name}, Experiment)
        for recipe in (found.recipe, found.miniature.recipe):
            check_bounds(recipe)
    except (msgspec.ValidationError, RequestError) as error:
        raise DeclarationError(f"{path} is wrong: {error}.") from error
    if found.best not in found.ours:
        raise DeclarationError(
            f"{path} is wrong: best is {found.best!r}, which is none of {', '.join(found.ours)}."
        )
    return found


def _unknown(entries: Mapping[str, Any], kind: type[Struct], where: str) -> Iterator[str]:
    """Yield a clause for each key that a struct, or a struct in it, does not have."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in entries.items():
        if key not in fields:
            near = get_close_matches(key, fields, 1, 0.5)
            known = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(fields)}"
            yield f"there is no key {where + key!r} ({known})"
            continue
        for place, part, inner in _inside(value, fields[key], f"{where}{key}."):
            yield from _unknown(part, inner, place)


def _inside(
    value: Any, declared: Any, where: str
) -> Iterator[tuple[str, Mapping[str, Any], type[Struct]]]:
    """Yield the tables in a value that are to be structs."""
    structs = [kind for kind in (declared, *get_args(declared)) if _is_struct(kind)]
    if not structs:
        return
    if declared is structs[0] or type(None) in get_args(declared):
        parts = [(where, value)]
    elif isinstance(value, dict):
        parts = [(f"{where}{key}.", inner) for key, inner in value.items()]
    else:
        parts = [(where, inner) for inner in value] if isinstance(value, list) else []
    for place, part in parts:
        if isinstance(part, dict):
            yield place, part, structs[0]


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)
