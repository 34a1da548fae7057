"""What cannot be answered before every image was looked at once: see to it that they are."""

from engine.schema.requests import FeaturesRequest
from screens.job_line import JobLine, newest
from screens.ports import Workspace


def fill_cache(
    workspace: Workspace, job_line: JobLine, split: str | None = None, on: str | None = None
) -> str:
    """Follow the job that fills a feature cache, or start it; return what to say meanwhile.

    Args:
        workspace: The workspace.
        job_line: The screen's own.
        split: Of which split; None: the evaluation split.
        on: The edit whose decision layer the feature cache is with.
    """
    request = FeaturesRequest(split=split or workspace.source.eval_split, on=on)
    job = newest(workspace, request)
    if job is None:
        job_line.submit(request)
    else:
        job_line.track(job.id)
    return f"The images of {request.split} are looked at first; this goes on by itself."
