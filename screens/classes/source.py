"""Where the classes come from: a bank, or what of one is read; and the kept edit. For threads."""

from dataclasses import dataclass

import numpy as np

from engine.editing.store import find_edit, read_head
from engine.evaluation.live import SoFar
from engine.evaluation.scores import score
from engine.features.cache import Bank, find_bank
from engine.schema.errors import EngineError
from engine.schema.requests import BankRequest
from screens.classes.listed import Listing
from screens.job_line import newest
from screens.ports import Backstage


@dataclass(frozen=True)
class Kept:
    """The kept edit's id, None for none, and why it cannot be scored."""

    edit: str | None
    problem: str = ""


@dataclass(frozen=True)
class Found:
    """The classes of the whole split, or without a bank of what is read so far."""

    listing: Listing
    bank: Bank | None
    so_far: SoFar
    total: int
    """Images of the split."""
    job: str | None
    """The job that reads, if one is under way."""


def find_classes(backstage: Backstage, request: BankRequest) -> Found:
    """Score the bank, or what there is of it."""
    source = backstage.source
    bank = backstage.bank()
    split = backstage.split(source.eval_split)
    so_far = SoFar(find_bank(backstage.home / "bank", source, split), split, half=source.half_bank)
    if bank is not None:
        return Found(Listing(score(bank)), bank, so_far, bank.meta.n, None)
    job = newest(backstage, request)
    return Found(Listing(so_far.score()), None, so_far, len(split.samples), job.id if job else None)


def weigh_kept(backstage: Backstage, bank: Bank, listing: Listing) -> tuple[Kept, Listing]:
    """Score the split with the kept edit's head in place of the checkpoint's, if one is kept."""
    kept = backstage.kept()
    if kept is None:
        return Kept(None), listing
    try:
        directory = find_edit(backstage.home / "edits", kept)
        head, _ = read_head(directory, bank.meta.width, len(bank.classes))
        after = score(bank, head.predict(bank, np.arange(bank.meta.n)))
    except EngineError as error:
        return Kept(kept, str(error)), listing
    return Kept(kept), Listing(listing.scores, after)
