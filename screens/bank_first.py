"""What cannot be answered before every image was looked at once: see to it that they are."""

from engine.requests import BankRequest
from screens.job_line import JobLine, newest
from screens.ports import Backstage


def fill_bank(backstage: Backstage, job_line: JobLine) -> str:
    """Follow the job that fills the bank, or start it; return what to say meanwhile."""
    request = BankRequest(split=backstage.source.eval_split)
    job = newest(backstage, request)
    if job is None:
        job_line.submit(request)
    else:
        job_line.track(job.id)
    return f"The images of {request.split} are looked at first; this goes on by itself."
