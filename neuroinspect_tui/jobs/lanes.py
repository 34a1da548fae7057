"""Which runner takes a job: one a device, and one for edits, which never queue behind drawing."""

from engine.requests import BankRequest, EditRequest, ExportRequest, Source

EDITS = "edits"
UNTRAINED = ("zero", "dfr", "afr", "direction")


def lane_of(request: object, source: Source) -> str:
    """Return the lane of a request: `edits`, or the workspace's device."""
    quick = isinstance(request, BankRequest) and request.on is not None
    return EDITS if quick or isinstance(request, (EditRequest, ExportRequest)) else source.device


def device_of(request: object, lane: str, source: Source) -> str:
    """Return where a job computes: quick edits and exports need no accelerator."""
    if lane != EDITS:
        return lane
    quick = isinstance(request, (ExportRequest, BankRequest)) or (
        isinstance(request, EditRequest) and request.method in UNTRAINED
    )
    return "cpu" if quick else source.device
