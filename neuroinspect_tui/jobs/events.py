"""events.jsonl: a job's records in their order, each step and epoch once."""

import contextlib
import errno
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.schema.edits import Edit, EditEpoch
from engine.schema.jobs import Record
from engine.schema.records import Exported, IllusionStep
from engine.schema.training import TrainEpoch


def read_events(path: Path, offset: int) -> tuple[list[Record], int]:
    """Return the records from byte `offset` on and the offset after them; half a line waits."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read()
    except FileNotFoundError:
        return [], offset
    whole = content[: content.rfind(b"\n") + 1]
    return list(_decoded(whole)), offset + len(whole)


def _decoded(content: bytes) -> Iterator[Record]:
    decoder = msgspec.json.Decoder(Record)
    for line in content.splitlines():
        # a newer version's, or damaged
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield decoder.decode(line)


class EventLog:
    """Appends to events.jsonl: every step and epoch once, however often it was computed."""

    def __init__(self, path: Path) -> None:
        before, _ = read_events(path, 0)
        self._seen = Counter(filter(None, map(_key, before)))
        answers = [record for record in before if isinstance(record, (Edit, Exported))]
        self.answer = answers[-1] if answers else None
        self._file = path.open("ab", buffering=0)
        with path.open("rb+") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)  # drops half a line, left by a kill

    def __enter__(self) -> "EventLog":
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def append(self, record: Record) -> None:
        """Write a record as a line, unless an earlier attempt has."""
        key = _key(record)
        if key is not None and self._seen[key]:
            return
        line = msgspec.json.encode(record) + b"\n"
        if self._file.write(line) < len(line):  # a full disk takes a part and reports no error
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)


def _key(record: Record) -> tuple[object, ...] | None:
    """Return what identifies a step or epoch; None for other records."""
    if isinstance(record, IllusionStep):
        return (record.neurons, record.step)
    if isinstance(record, (EditEpoch, TrainEpoch)):
        return (type(record), record.epoch)
    return None
