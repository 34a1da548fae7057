"""Words for mistakes and for neurons: do they find what is there, and nothing where nothing is?"""

from dataclasses import replace

import numpy as np
from msgspec import Struct

from engine.clip.embed import fill_texts
from engine.clip.image_features import open_clip_features
from engine.clip.texts import TextStore, open_texts
from engine.features.cache import FeatureCache
from engine.schema.requests import ClipRequest
from engine.session import TorchEngine
from engine.words.dissection import evidence, log_mean, margin, top_rows
from engine.words.naming_mistakes import name_all, name_mistakes
from engine.words.opening import WordList, word_list, word_space
from engine.words.space import WordSpace
from evidence.drawings import BACKGROUND_WORDS, BIRD_WORDS
from evidence.models import Model
from evidence.rankings import background_dependence, driven, last, precision

PERMUTATIONS = 20


class Words(Struct, frozen=True):
    """What words said of one model, by one CLIP."""

    shown: dict[str, list[list[str]]]
    """By class, the three strongest words of its mistakes and of its right images."""
    false_alarms: float
    """Share of classes and draws that show a word although mistakes are dealt out at random."""
    precision: list[float]
    """Precision@5, @10 and mean rank of the background-driven neurons, ranked by their best word
    for a place over their best word for a bird."""


def measure(model: Model, evaluation: str, clip: str) -> Words:
    """Name the mistakes of one model, and rank its neurons by words."""
    engine = model.engine(evaluation, clip)
    cache = last(engine.ready_cache(evaluation))
    space = made_space(engine, cache, word_list(cache.classes))
    named = [name_mistakes(space, k) for k in range(len(cache.classes))]
    shown = {of.class_.name: [list(of.looks_like[:3]), list(of.others_like[:3])] for of in named}
    truth = np.zeros(cache.meta.width, dtype=bool)
    truth[driven(background_dependence(engine.classifier, model.seed))] = True
    places, birds = (embedded(engine, words) for words in (BACKGROUND_WORDS, BIRD_WORDS))
    scored = margin(cache.features, space.images, places, birds)
    alarms = false_alarms(space, model.seed)
    return Words(shown, alarms, list(precision(scored, truth)))


def plain(words: Words) -> str:
    """Return in a line what was said."""
    parts = []
    for name, (mistakes, others) in words.shown.items():
        looks = f"{', '.join(mistakes) or '-'} | {', '.join(others) or '-'}"
        parts.append(f"{name}: {looks}")
    return f"{'; '.join(parts)} (false alarms {words.false_alarms:.2f})"


def made_space(engine: TorchEngine, cache: FeatureCache, listed: WordList) -> WordSpace:
    """Make what is missing of CLIP's features and the words' embeddings."""
    for _ in engine.clip(ClipRequest(split=cache.meta.split, texts=listed.texts)):
        pass
    features = open_clip_features(engine.home, engine.source, cache)
    texts = open_texts(engine.home, engine.source, listed.texts)
    assert features is not None  # made just now
    assert texts is not None
    return word_space(cache, features, listed, texts)


def embedded(engine: TorchEngine, words: tuple[str, ...]) -> np.ndarray:
    """Return (W, E), of length 1."""
    model = engine.clip_model
    assert model is not None
    for _ in fill_texts(model, TextStore(engine.home, engine.source), words):
        pass
    found = open_texts(engine.home, engine.source, words)
    assert found is not None
    return found


def false_alarms(space: WordSpace, seed: int, draws: int = PERMUTATIONS) -> float:
    """Return the share of classes and draws that show a word for mistakes dealt out at random."""
    rng = np.random.default_rng((67, seed))
    alarms, tested = 0, 0
    for _ in range(draws):
        predicted = np.array(space.predicted)
        for k in range(len(space.classes)):
            rows = np.flatnonzero(space.labels == k)
            predicted[rows] = predicted[rng.permutation(rows)]
        found = name_all(replace(space, predicted=predicted))
        tested += len(found)
        alarms += sum(bool(of.words) for of in found)
    return alarms / max(tested, 1)


def class_logits_named(cache: FeatureCache, space: WordSpace, class_texts: np.ndarray) -> int:
    """Return how many class logits, taken for neurons, are labelled with their own class.

    Args:
        cache: Whose logits (n, C).
        space: Its images, all of them, and other words.
        class_texts: (C, E), of the classes' names.
    """
    others = space.texts[~space.is_class]
    texts = np.concatenate([class_texts, others])
    logits = np.asarray(cache.logits)[space.rows]
    found = np.concatenate(list(evidence(space.images, texts, top_rows(logits, 20))))
    labels = (found - log_mean(found)).argmax(axis=1)
    return int((labels == np.arange(len(class_texts))).sum())
