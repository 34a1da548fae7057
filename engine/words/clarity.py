"""How alike the images are that a neuron fires on, and whether they are of two kinds. No torch.

Source: SemanticLens (Dreyer et al., 2025). All neurons of a batch are answered at once, from the
products of their images with each other.
"""

import numpy as np

from engine.schema.arrays import Array

SHOWN = 30
"""Top images of a neuron that these look at."""
MOST_STEPS = 100
"""Of k-means; some ten are enough for 30 images."""
ALIKE = 1e-10
"""Squared distance, as a share of the images' squared length, below which images are the same."""
FALLBACK = 10
"""Images that stand for a cluster of fewer than two."""


def clarities(images: Array) -> Array:
    """Return (B,) mean cosines of all pairs of k images: 1 where they are alike, 0 by chance.

    At least -1 / (k - 1).

    Args:
        images: (B, k, E), k at least 2.
    """
    k = images.shape[1]
    lengths = np.linalg.norm(images, axis=2, keepdims=True)
    mean = (images / np.maximum(lengths, 1e-12)).mean(axis=1)
    return np.asarray(((mean**2).sum(axis=1) - 1 / k) / (k - 1) * k)


def polysemanticities(images: Array) -> Array:
    """Return (B,): 1 minus the cosine of the centres of the two clusters of k images.

    Near 0 for images of one kind. As published, where a cluster has fewer than two images the mean
    over ten images of the cosine of each with the centre of all stands for the centres'.

    The clusters are those of k-means, the tightest of k starts: each image with the one farthest
    from it. The published code takes the best of ten random starts (docs/concepts.md, words).

    Args:
        images: (B, k, E), k at least 2.
    """
    images = np.asarray(images, dtype=np.float64)
    products = images @ images.transpose(0, 2, 1)
    second = two_clusters(products)
    n = np.stack([(~second).sum(axis=1), second.sum(axis=1)])
    halves = np.stack([~second, second]).astype(np.float64) / np.maximum(n, 1)[:, :, None]
    between = np.einsum("abi,bij,cbj->bac", halves, products, halves, optimize=True)
    cosine = between[:, 0, 1] / np.sqrt(np.maximum(between[:, 0, 0] * between[:, 1, 1], 1e-24))
    lone = n.min(axis=0) < 2
    found = np.where(lone, _with_centre(products), cosine)
    same = n.min(axis=0) == 0  # nothing to divide
    return np.where(same, 0.0, 1 - found)


def _with_centre(products: Array) -> Array:
    """Return (B,): the mean cosine of the first ten images with the centre of all."""
    lengths = np.sqrt(np.einsum("bii->bi", products))
    centre = np.sqrt(np.maximum(products.mean(axis=(1, 2)), 0))[:, None]
    cosines = products.mean(axis=2) / np.maximum(lengths * centre, 1e-24)
    return np.asarray(cosines[:, :FALLBACK].mean(axis=1))


def two_clusters(products: Array) -> Array:
    """Return (B, k) bool, which of two clusters each of k images is in; one where all are the same.

    k-means (Lloyd's) from k starts at once; the start that ends with the least sum of squares wins.
    Distances to a centre follow from the images' products, whatever their number of dimensions.

    Args:
        products: (B, k, k), of each image with each.
    """
    square = np.einsum("bii->bi", products)
    apart = square[:, :, None] + square[:, None, :] - 2 * products
    farthest = apart.argmax(axis=2)
    # a start: every image is with the first of a pair, or with the second if that is nearer
    second = np.take_along_axis(apart, farthest[:, :, None], axis=1) < apart
    differs = apart.max(axis=(1, 2)) > ALIKE * np.maximum(square.max(axis=1), 1e-300)
    found = np.zeros(square.shape, dtype=bool)
    if differs.any():
        found[differs] = _settled(products[differs], second[differs])
    return found


def _settled(products: Array, second: Array) -> Array:
    """Return (B, k): the best of the starts (B, S, k), each until no image changes its cluster."""
    total = products.sum(axis=2)[:, None, :]
    for _ in range(MOST_STEPS):
        members = second.astype(np.float64)
        ours = members @ products  # (B, S, k): of each image with the sum of the second cluster
        n = members.sum(axis=2, keepdims=True)
        others, rest = total - ours, members.shape[2] - n  # neither is 0: each has a nearest image
        within = (ours * members).sum(axis=2, keepdims=True)
        without = (others * (1 - members)).sum(axis=2, keepdims=True)
        nearer = within / n**2 - 2 * ours / n < without / rest**2 - 2 * others / rest
        if (nearer == second).all():
            break
        second = nearer
    tightest = (within / n + without / rest)[:, :, 0].argmax(axis=1)
    return np.asarray(second[np.arange(len(second)), tightest])
