"""What `init` does with what it was given: decides, tries, tells, and writes the workspace."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.data.readers import READERS
from engine.features.weights import remembered_digests, weights_digest
from engine.intake.listing import listed
from engine.io.atomic import write_text
from engine.schema.errors import CheckpointError, EngineError, RequestError
from engine.schema.requests import Source
from engine.schema.source_specs import local_directory
from neuroinspect_tui.cli.output import print_json, say
from neuroinspect_tui.cli.progress import follow
from neuroinspect_tui.program import command_line
from neuroinspect_tui.workspace import CLASSES, FILE, read_source, write_classes, write_source

if TYPE_CHECKING:
    from engine.intake.intake import Doubt, Intake

OF_THE_MODEL = ("model", "checkpoint", "weights", "model_args")
OF_THE_TRANSFORM = ("mean", "std", "img_size", "crop_pct", "interpolation")
ORDER_FILE = "class-order.txt"


def make(directory: Path, asked: dict[str, Any], stated: frozenset[str], *, json: bool) -> None:
    """Make the workspace, or change one, and print what was decided.

    Args:
        directory: Of the workspace.
        asked: The entries of `Source` by name, defaults included.
        stated: Those that were given on the command line.
        json: Print one JSON document instead of sentences.

    Raises:
        EngineError: Something is missing or does not fit, in one sentence; nothing is written.
    """
    source = _changed(directory, asked, stated)
    # refuses bad data before torch is imported
    evaluation, training, unread = listed(source, must_train="train_split" in stated)
    from engine.intake.intake import take_in

    splits = (evaluation, training)
    found: Intake = follow(take_in(source, splits, stated), first="importing torch")
    doubt = found.doubt
    said = () if doubt is None else (doubt.sentence, *_written(directory, doubt))
    if doubt is not None and doubt.decisive:
        raise CheckpointError(" ".join(said))
    path = _write(directory, found)
    notes = (*unread, *found.notes, *said)
    if json:
        print_json(_record(directory, found, notes))
    else:
        _say(directory, path, found, notes)


def _write(directory: Path, found: "Intake") -> Path:
    """Write the list of classes and workspace.toml: both, or neither of a new workspace."""
    kept = msgspec.structs.replace(
        found.source, classes=CLASSES, class_names=None, class_order=None
    )
    new = not (directory / FILE).exists()
    try:
        write_classes(directory, found.classes)
        return write_source(directory, kept)
    except EngineError:
        if new:
            with contextlib.suppress(OSError):
                (directory / CLASSES).unlink()
        raise


def _written(directory: Path, doubt: "Doubt") -> tuple[str, ...]:
    """Write the order that fits to a file that the user can check, and say so."""
    if doubt.order is None:
        return ()
    path = directory / ORDER_FILE
    write_text(path, "\n".join(doubt.order) + "\n")
    return (f"The order that fits is in {path}: check it first.",)


def _changed(directory: Path, asked: dict[str, Any], stated: frozenset[str]) -> Source:
    """Return the source: as asked, or that of the workspace with what was stated changed."""
    if directory.exists() and not directory.is_dir():
        raise RequestError(f"{directory} is a file; a workspace is a directory.")
    if not (directory / FILE).exists():
        for name in ("model", "data"):
            if asked[name] is None:
                raise RequestError(f"Missing option --{name}; a new workspace needs it.")
        source = msgspec.convert(asked, Source)
        if source.pretrained and "checkpoint" not in stated and not local_directory(source.model):
            raise RequestError(
                "No weights: give --checkpoint FILE, --pretrained for timm's own, or --untrained."
            )
        return source
    source = read_source(directory)
    if not stated or ({"model", "data"} <= stated and not _is_moved(source)):
        raise RequestError(
            f"{directory / FILE} exists already; give only what is to change, edit it, or choose "
            "another DIR."
        )
    dropped: dict[str, Any] = {}
    if not stated.isdisjoint(("class_order", "class_names", "columns", "reader")):
        dropped["classes"] = None
    changed = {name: asked[name] for name in stated}
    if not stated.isdisjoint(OF_THE_MODEL):
        source = msgspec.structs.replace(source, **changed)
        if not _same_weights(directory, source):
            dropped |= {"classes": None, **dict.fromkeys(OF_THE_TRANSFORM)}
    return msgspec.structs.replace(source, **(dropped | changed))


def _is_moved(source: Source) -> bool:
    """Return whether what the workspace names is no longer where it was."""
    places = [source.data, local_directory(source.model)]
    if not (source.pretrained or source.untrained):
        places.append(source.checkpoint)
    return not all(Path(place).exists() for place in places if place is not None)


def _same_weights(directory: Path, source: Source) -> bool:
    """Return whether the checkpoint was only moved: the workspace remembers its content."""
    known = remembered_digests(directory)
    return bool(known) and not source.untrained and weights_digest(source, directory) in known


def _record(directory: Path, found: "Intake", notes: tuple[str, ...]) -> dict[str, Any]:
    splits = [split for split in (found.evaluation, found.training) if split is not None]
    return {
        "workspace": str(directory),
        "reader": found.evaluation.reader,
        "classes": len(found.classes.keys),
        "neurons": found.width,
        "images": {split.name: len(split.samples) for split in splits},
        "device": found.device,
        "trial": found.trial,
        "notes": notes,
    }


def _say(directory: Path, path: Path, found: "Intake", notes: tuple[str, ...]) -> None:
    evaluation, training = found.evaluation, found.training
    counts = [f"{len(some.samples):,} {some.name}" for some in (training, evaluation) if some]
    title = READERS.get(evaluation.reader).title
    say(
        f"{found.source.data} read as {title} (reader {evaluation.reader}): {', '.join(counts)}.",
        *notes,
        f"{path} written: {found.source.model}, "
        f"{f'{found.width} neurons' if found.width else 'untrained'}, "
        f"{len(found.classes.keys)} classes, on {found.device}.",
        f"Next: {command_line(directory, 'classes' if found.width else 'train')}",
    )
