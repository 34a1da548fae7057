"""The queue of a job: one for each device, one for quick edits, one for edits that train.

A queue is named `edits` (quick work on the CPU, which never waits for drawings), by a device, or
`edits-` and a device. Where the submitting shell had set CUDA_VISIBLE_DEVICES, `@` and its value
follow: with another value the same `cuda:0` is another GPU.
"""

import hashlib
import os
import re

from engine.editing.methods import EDIT_METHODS
from engine.schema.requests import EditRequest, ExportRequest, FeaturesRequest, Source

EDITS = "edits"
VISIBLE = "CUDA_VISIBLE_DEVICES"
LONGEST = 60
"""Characters of a file's name; the UUIDs of eight GPUs have 330."""


def queue_of(request: object, source: Source) -> str:
    """Return the queue of a request."""
    if _is_quick(request):
        return EDITS
    device = source.device
    visible = os.environ.get(VISIBLE) if device != "cpu" else None
    where = device if visible is None else f"{device}@{visible}"
    if not isinstance(request, EditRequest):
        return where
    return EDITS if where == "cpu" else f"{EDITS}-{where}"


def _is_quick(request: object) -> bool:
    if isinstance(request, EditRequest):
        return EDIT_METHODS.get(request.method).quick
    stacked = isinstance(request, FeaturesRequest) and request.on is not None
    return stacked or isinstance(request, ExportRequest)


def device_of(queue: str) -> str:
    """Return the device that computes a queue's jobs."""
    device = queue.partition("@")[0].removeprefix(EDITS).removeprefix("-")
    return device or "cpu"


def visible_in(queue: str) -> str | None:
    """Return a queue's CUDA_VISIBLE_DEVICES; None where it is not set."""
    _, at, visible = queue.partition("@")
    return visible if at else None


def file_name(queue: str) -> str:
    """Return a queue's name as part of a file's name: short, and unlike any other's."""
    name = re.sub(r"[^\w.,:@-]", "_", queue)
    if len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST]}-{hashlib.sha256(queue.encode()).hexdigest()[:12]}"
