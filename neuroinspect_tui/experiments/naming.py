"""Does finding name the context that a kind was trained in? Several ways, one list of words.

What each way puts first, and what that means: docs/experiments.md, MetaShift.
"""

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.attribution.evidence import gather
from engine.clip.image_features import ClipFeatures, open_clip_features
from engine.clip.texts import open_texts
from engine.features.cache import FeatureCache
from engine.schema.errors import DataError
from engine.schema.records import Illusions
from engine.schema.requests import ClipRequest, IllusionRequest
from engine.words.dissection import evidence, log_mean, top_rows
from engine.words.separating import effects
from neuroinspect_tui.experiments.declaration import Shift
from neuroinspect_tui.experiments.scenario import BANK, Scenes, open_scenes

if TYPE_CHECKING:
    from engine.session import TorchEngine

Array = np.ndarray
NEURONS = 5
"""Of a ranking, whose words or drawings are read."""
LEAST = 20
"""Images of the bank in a context that is one of the words."""
TOP = 40
"""Images of a neuron that its words are found on."""
CCE = "CCE"
RIGHT = "words: mistakes against right images"
TRAINED = "words: mistakes against training images"
VOTED = "words of the top voted neurons"
CONTRAST = "words of the top contrast neurons"
DRAWN = "drawings of the voted neurons"


def name_context(
    engine: "TorchEngine", shift: Shift, k: int, steps: int
) -> Generator[Any, None, tuple[dict[str, int], int]]:
    """Return by way the place of the context among all contexts, from 1, and how many these are.

    Args:
        engine: Of the scenario's workspace.
        shift: The scenario.
        k: The shifted class.
        steps: Of a drawing.

    Raises:
        DataError: There are too few images in the context to name it by.
    """
    splits = {}
    for name in (engine.source.train_split, engine.source.eval_split, BANK):
        splits[name] = yield from engine.ready_cache(name)
    train, valid, bank = splits.values()
    wrong = np.flatnonzero((valid.labels == k) & (valid.predicted != k))
    if not len(wrong):
        return {}, 0
    scenes = open_scenes(Path(str(engine.source.image_root)), shift)
    has = _contexts(scenes, bank)
    if shift.context not in has:
        raise DataError(f"The bank has under {LEAST} images with {shift.context} to name it by.")
    words = tuple(has)
    place = words.index(shift.context)
    scored = {CCE: _cce(bank, has, valid, wrong, k)}
    if engine.source.has_clip:
        clips = {}
        for name, cache in splits.items():
            request = ClipRequest(split=name, whole=True, texts=words)
            yield from engine.clip(request)
            clips[name] = open_clip_features(engine.home, engine.source, cache, whole=True)
        texts = open_texts(engine.home, engine.source, words)
        assert texts is not None  # made just now
        seen = list(clips.values())
        right = np.flatnonzero((valid.labels == k) & (valid.predicted == k))
        mistakes = _cosines(seen[1], wrong, texts)
        scored[RIGHT] = np.zeros(len(words))  # no image is right: no word is first
        if len(right):
            scored[RIGHT] = _apart(mistakes, _cosines(seen[1], right, texts))
        of_class = np.flatnonzero(train.labels == k)
        scored[TRAINED] = _apart(mistakes, _cosines(seen[0], of_class, texts))
        ranked = _neurons(valid, k)
        for way, neurons in ((VOTED, ranked["votes"]), (CONTRAST, ranked["contrast"])):
            scored[way] = _called(bank, seen[2], texts, neurons)
        drawn = yield from _drawn(engine, k, ranked["votes"], steps)
        scored[DRAWN] = _read(
            engine, drawn, texts, _cosines(seen[2], np.arange(bank.meta.n), texts)
        )
    return {way: _place(score, place) for way, score in scored.items()}, len(words)


def _place(score: Array, place: int) -> int:
    """Return the place of a word, from 1; of words with the same score it is the last."""
    return int((score >= score[place]).sum())


def _contexts(scenes: Scenes, bank: FeatureCache) -> dict[str, Array]:
    """Return by context (n,), which images of the bank are in it; of those with enough images."""
    paths = [sample.path for sample in bank.samples]
    every = {name: scenes.has(name, paths) for name in scenes.contexts(LEAST)}
    return {n: has for n, has in every.items() if LEAST <= int(has.sum()) <= len(has) - LEAST}


def _cce(
    bank: FeatureCache, has: Mapping[str, Array], valid: FeatureCache, wrong: Array, k: int
) -> Array:
    """Return (q,): how much of each context would correct the mistakes, on average."""
    from engine.counterfactual.conceptual import conceptual_counterfactuals, learn_bank

    concepts = learn_bank(np.asarray(bank.features), has, 0)
    head = np.asarray(valid.weight), np.asarray(valid.bias)
    mistakes = np.asarray(valid.features[wrong])
    return np.asarray(conceptual_counterfactuals(mistakes, k, concepts, head).mean(axis=0))


def _cosines(clip: ClipFeatures | None, rows: Array, texts: Array) -> Array:
    assert clip is not None  # made just now
    found, present = clip.at(rows)
    cosines: Array = found[present] @ np.asarray(texts, dtype=np.float32).T
    return cosines


def _apart(mistakes: Array, others: Array) -> Array:
    """Return (q,): how much more the others look like each word than the mistakes do."""
    wrong = np.arange(len(mistakes) + len(others)) < len(mistakes)
    return -effects(np.concatenate([mistakes, others]), wrong, permutations=1).effect


def _neurons(valid: FeatureCache, k: int) -> dict[str, Array]:
    """Return the first neurons that the mistakes lack, by ranking."""
    found = gather(valid, k)
    scores = {"votes": found.votes[0], "contrast": found.insufficient.mean(axis=0)}
    return {by: np.argsort(-score, kind="stable")[:NEURONS] for by, score in scores.items()}


def _called(bank: FeatureCache, clip: ClipFeatures | None, texts: Array, neurons: Array) -> Array:
    """Return (q,): how well each word fits some neurons, on average (soft-WPMI)."""
    assert clip is not None
    tops = top_rows(bank.features, min(TOP, len(clip.rows) // 2), np.asarray(clip.rows))
    found = np.concatenate(list(evidence(clip.features, texts, tops)))
    return np.asarray((found - log_mean(found))[neurons].mean(axis=0))


def _drawn(
    engine: "TorchEngine", k: int, neurons: Array, steps: int
) -> Generator[Any, None, list[str]]:
    request = IllusionRequest(class_index=k, neurons=tuple(neurons.tolist()), steps=steps)
    last: Any = None
    for last in engine.illusion(request.as_published, str(engine.home / "illusions")):
        yield last
    assert isinstance(last, Illusions)  # a drawing's last record
    return [str(illusion.path) for illusion in last.illusions]


def _read(engine: "TorchEngine", paths: Sequence[str], texts: Array, real: Array) -> Array:
    """Return (q,): how like each word the drawings are, in deviations of real images."""
    from engine.clip.extract import embed_file

    model = engine.clip_model
    assert model is not None
    images = np.stack([embed_file(model, Path(path)).float().cpu().numpy() for path in paths])
    cosines = images @ np.asarray(texts, dtype=np.float32).T
    return np.asarray(((cosines - real.mean(axis=0)) / (real.std(axis=0) + 1e-9)).mean(axis=0))
