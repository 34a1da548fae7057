"""Do rankings find the background-driven neurons? The truth comes from paired renderings."""

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from engine.attribution.evidence import Evidence, gather
from engine.features.cache import FeatureCache
from engine.models.classifier import Classifier
from evidence.models import Model
from neuroinspect_tui.demo.scenes import Scene, draw_scenes, render

PAIRS = 200
DRIVEN_SHARE = 0.10
CAV_IMAGES = 300
Array = NDArray[np.float64]


@torch.inference_mode()
def features_of(classifier: Classifier, scenes: list[Scene]) -> Array:
    """Return (n, D) features of rendered scenes."""
    transform = classifier.transform()
    parts = []
    for at in range(0, len(scenes), 100):
        images = torch.stack([transform(render(scene)) for scene in scenes[at : at + 100]])
        parts.append(classifier.features(images.to(classifier.device)).cpu().numpy())
    return np.concatenate(parts).astype(np.float64)


def background_dependence(classifier: Classifier, seed: int) -> Array:
    """Return (D,): the share of a neuron's variance that swapping the background alone explains.

    0 for a neuron that never activates.
    """
    scenes = draw_scenes(PAIRS, 0.5, 10 * seed + 5)
    here = features_of(classifier, scenes)
    return dependence(here, features_of(classifier, [scene.elsewhere() for scene in scenes]))


def dependence(here: Array, there: Array) -> Array:
    """Return (D,): the share of variance within pairs (n, D) and (n, D); 0 where there is none."""
    within = ((here - there) ** 2 / 4).mean(axis=0)
    total = np.concatenate([here, there]).var(axis=0)
    return np.where(total > 1e-12, within / np.maximum(total, 1e-12), 0.0)


def bird_dependence(classifier: Classifier, seed: int) -> Array:
    """Return (D,): the share of a neuron's variance that land- or waterbird explains."""
    scenes = draw_scenes(2 * PAIRS, 0.5, 10 * seed + 9)
    features = features_of(classifier, scenes)
    birds = np.array([scene.bird for scene in scenes])
    means = np.stack([features[birds == bird].mean(axis=0) for bird in (0, 1)])[birds]
    total = features.var(axis=0)
    return np.where(total > 1e-12, means.var(axis=0) / np.maximum(total, 1e-12), 0.0)


def driven(dependence: Array) -> NDArray[np.int64]:
    """Return the background-driven neurons: the tenth with the highest dependence (D,)."""
    return np.argsort(-dependence)[: max(1, round(DRIVEN_SHARE * len(dependence)))]


def scores(cache: FeatureCache, k: int, classifier: Classifier, seed: int) -> dict[str, Array]:
    """Score every neuron (D,) of a classifier of birds; the highest is ranked first.

    The concepts of CCE are the generator's own.
    """
    return scored_by(cache, k, gather(cache, k), concept_directions(classifier, seed), seed)


def scored_by(
    cache: FeatureCache, k: int, evidence: Evidence, directions: Array, seed: int
) -> dict[str, Array]:
    """Score every neuron (D,) by each ranking; the highest is ranked first.

    Args:
        cache: Of the validation split.
        k: The class whose mistakes are explained.
        evidence: What they say of the neurons.
        directions: (concepts, D), the concepts of CCE.
        seed: Of the random ranking.
    """
    up, down = evidence.votes
    return {
        "votes": np.maximum(up, down),
        "contrast": np.maximum(evidence.insufficient.mean(axis=0), evidence.excessive.mean(axis=0)),
        "contribution": evidence.contribution.mean(axis=0),
        "|W[k]|": np.abs(np.asarray(cache.weight[k], dtype=np.float64)),
        "CCE": cce(cache, k, directions, evidence),
        "random": np.random.default_rng((17, seed)).random(cache.meta.width),
    }


def measure(model: Model, evaluation: str) -> dict[str, list[float]]:
    """Return by ranking precision@5, @10 and mean rank (0 best, 1 worst) of driven neurons."""
    engine = model.engine(evaluation)
    cache = last(engine.ready_cache(evaluation))
    truth = np.zeros(cache.meta.width, dtype=bool)
    truth[driven(background_dependence(engine.classifier, model.seed))] = True
    figures: dict[str, list[tuple[float, float, float]]] = {}
    for k in (0, 1):
        for name, scored in scores(cache, k, engine.classifier, model.seed).items():
            figures.setdefault(name, []).append(precision(scored, truth))
    return {name: np.mean(rows, axis=0).tolist() for name, rows in figures.items()}


def precision(scored: Array, truth: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return precision@5, precision@10 and mean rank (0 first, 1 last) of the true neurons.

    Args:
        scored: (D,), the highest is ranked first.
        truth: (D,), which neurons should be.
    """
    ranked = truth[np.argsort(-scored, kind="stable")]
    rank = np.flatnonzero(ranked).mean() / (len(ranked) - 1)
    return float(ranked[:5].mean()), float(ranked[:10].mean()), float(rank)


def last(job: Generator[Any, None, FeatureCache]) -> FeatureCache:
    """Run a job to its end; return its feature cache."""
    while True:
        try:
            next(job)
        except StopIteration as stop:
            cache: FeatureCache = stop.value
            return cache


CONCEPTS: dict[str, Callable[[Scene], bool]] = {
    "water": lambda scene: scene.place == 1,
    "land": lambda scene: scene.place == 0,
    **{kind: (lambda scene, kind=kind: scene.kind == kind)  # type: ignore[misc]
       for kind in ("forest", "field", "rocks", "lake", "sea", "shore")},
    **{name: (lambda scene, name=name: scene.species.name == name)  # type: ignore[misc]
       for name in ("cardinal", "jay", "wren", "warbler", "gull", "duck", "heron", "cormorant")},
}  # fmt: skip


def concept_directions(classifier: Classifier, seed: int) -> Array:
    """Return (concepts, D): the activation vectors of the generator's own concepts."""
    scenes = draw_scenes(CAV_IMAGES, 0.5, 10 * seed + 6)
    features = features_of(classifier, scenes)
    concepts = [np.array([has(scene) for scene in scenes]) for has in CONCEPTS.values()]
    return np.stack([activation_vector(features, present) for present in concepts])


def cce(cache: FeatureCache, k: int, directions: Array, evidence: Evidence) -> Array:
    """Score neurons by conceptual counterfactual explanations (Abid et al. 2022).

    A neuron's score is the size of its mean change.

    Args:
        cache: Of the validation split.
        k: The class whose mistakes are explained.
        directions: (concepts, D), of length 1.
        evidence: Has the decision layer.
    """
    wrong = np.asarray(cache.array("mistake_rows"))
    wrong = wrong[cache.labels[wrong] == k]
    mistakes = np.array(cache.features[wrong], dtype=np.float64)
    amounts = concept_amounts(mistakes, k, directions, evidence.head)
    change: Array = np.abs((amounts @ directions).mean(axis=0))
    return change


def activation_vector(features: Array, has: NDArray[np.bool_]) -> Array:
    """Return the linear concept activation vector (D,), of length 1.

    Args:
        features: (n, D).
        has: (n,), which images have the concept.
    """
    scale = features.std(axis=0) + 1e-6
    model = LogisticRegression(C=0.1, max_iter=500)
    model.fit((features - features.mean(axis=0)) / scale, has)
    direction: Array = model.coef_[0] * scale
    return direction / np.linalg.norm(direction)


def concept_amounts(mistakes: Array, k: int, directions: Array, head: tuple[Array, Array]) -> Array:
    """Return (m, concepts): how much of each concept (concepts, D) corrects mistakes (m, D).

    The optimisation of Abid et al.: cross-entropy towards class k with an elastic net.
    """
    features, along = torch.tensor(mistakes), torch.tensor(directions)
    weight, bias = (torch.tensor(array) for array in head)
    amounts = torch.zeros(len(features), len(along), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([amounts], lr=0.1, momentum=0.9)
    target = torch.full((len(features),), k)
    for _ in range(100):
        logits = (features + amounts @ along) @ weight.T + bias
        loss = torch.nn.functional.cross_entropy(logits, target, reduction="sum")
        loss = loss + 0.1 * amounts.abs().sum() + 0.01 * amounts.square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return amounts.detach().numpy()
