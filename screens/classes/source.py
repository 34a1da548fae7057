"""Class scores of a feature cache, complete or growing, and of the applied edit. For threads."""

from dataclasses import dataclass

import numpy as np

from engine.editing.store import find_edit, read_head
from engine.evaluation.live import SoFar
from engine.evaluation.scores import score
from engine.evaluation.suspects import count_suspects
from engine.features.aside import Listed, read_aside, rows_aside
from engine.features.cache import FeatureCache, find_cache
from engine.schema.errors import EngineError
from screens.classes.listing import Listing
from screens.ports import Workspace


@dataclass(frozen=True)
class Applied:
    """The applied edit's id, None for none, and why it cannot be scored."""

    edit: str | None
    problem: str = ""


@dataclass(frozen=True)
class Loaded:
    """The classes of the whole split, or without a feature cache of the images evaluated so far."""

    listing: Listing
    cache: FeatureCache | None
    so_far: SoFar
    total: int
    """Images of the split that count."""
    aside: tuple[Listed, ...]
    """What was set aside when these were scored."""


def load_classes(workspace: Workspace) -> Loaded:
    """Score the feature cache, or what there is of it."""
    source = workspace.source
    cache = workspace.cache()
    split = workspace.split(source.eval_split)
    directory = find_cache(workspace.home, source, split)
    listed = read_aside(workspace.home)
    aside, _ = rows_aside(listed, split.name, split.samples)
    so_far = SoFar(directory, split, half=source.half_features, aside=aside)
    if cache is not None:
        scores = count_suspects(score(cache), cache)
        return Loaded(Listing(scores), cache, so_far, len(cache.counted), listed)
    return Loaded(Listing(so_far.score()), None, so_far, len(split.samples) - len(aside), listed)


def score_applied(
    workspace: Workspace, cache: FeatureCache, listing: Listing
) -> tuple[Applied, Listing]:
    """Score the split with the applied edit's head instead of the checkpoint's, if there is one."""
    applied = workspace.applied()
    if applied is None:
        return Applied(None), listing
    try:
        directory = find_edit(workspace.home / "edits", applied)
        head, _ = read_head(directory, cache.meta.width, len(cache.classes))
        after = score(cache, head.predict(cache, np.arange(cache.meta.n)))
    except EngineError as error:
        return Applied(applied, str(error)), listing
    return Applied(applied), Listing(listing.scores, after)
