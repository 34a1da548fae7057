"""The features that a screen needs: follow the job that extracts them, or start it."""

from engine.schema.requests import FeaturesRequest
from screens.job_line import JobLine, newest
from screens.ports import Workspace

FAILED = "The features were not extracted. R retries, escape goes back."


def ensure_features(
    workspace: Workspace, job_line: JobLine, split: str | None = None, on: str | None = None
) -> str:
    """Follow the job that fills a feature cache, or start it; return what to say meanwhile.

    Args:
        workspace: The workspace.
        job_line: The screen's own; its `Done` says when the features are there.
        split: Of which split; None: the evaluation split.
        on: The edit whose decision layer the feature cache is with.
    """
    request = FeaturesRequest(split=split or workspace.source.eval_split, on=on)
    job = newest(workspace, request)
    if job is None:
        job_line.submit(request)
    else:
        job_line.track(job.id)
    if job_line.error:
        return FAILED
    return f"Extracting the features of {request.split}; this screen opens when they are ready."
