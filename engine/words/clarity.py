"""How alike the images are that a neuron fires on, and whether they are of two kinds. No torch.

Source: SemanticLens (Dreyer et al., 2025).
"""

import numpy as np

from engine.schema.arrays import Array

SHOWN = 30
"""Top images of a neuron that these look at."""
SEED, STARTS = 123, 10
"""Of k-means, as published."""


def clarity(images: Array) -> float:
    """Return the mean cosine of all pairs of k images (k, E): 1 where they are alike, 0 by chance.

    At least -1 / (k - 1).
    """
    k = len(images)
    lengths = np.linalg.norm(images, axis=1, keepdims=True)
    mean = (images / np.maximum(lengths, 1e-12)).mean(axis=0)
    return float((mean @ mean - 1 / k) / (k - 1) * k)


def polysemanticity(images: Array) -> float:
    """Return 1 minus the cosine of the centres of the two clusters (k-means) of k images (k, E).

    Near 0 for images of one kind. As published, where a cluster has fewer than two images the
    mean over ten images of the cosine of each with the centre of all stands for the centres'.
    """
    from sklearn.cluster import KMeans  # noqa: PLC0415 - half a second, for this alone

    if len(np.unique(images, axis=0)) < 2:
        return 0.0
    found = KMeans(n_clusters=2, n_init=STARTS, random_state=SEED).fit(images)
    if np.bincount(found.labels_, minlength=2).min() >= 2:
        return 1 - clarity(found.cluster_centers_)
    centre = images.mean(axis=0)
    return 1 - float(np.mean([clarity(np.stack([centre, image])) for image in images[:10]]))
