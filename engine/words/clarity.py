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
    lengths = np.sqrt(np.einsum("bke,bke->bk", images, images))
    mean = (1 / np.maximum(lengths, 1e-12) / k)[:, None, :] @ images  # of images of length 1
    return np.asarray(((mean[:, 0] ** 2).sum(axis=1) - 1 / k) / (k - 1) * k)


def polysemanticities(images: Array) -> Array:
    """Return (B,): 1 minus the cosine of the centres of the two clusters of k images.

    Near 0 for images of one kind. As published, where a cluster has fewer than two images the mean
    over ten images of the cosine of each with the centre of all stands for the centres'.

    The clusters are those of k-means, the tightest of 4 k starts. The published code takes the
    tightest of ten random ones (docs/concepts.md, words).

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

    k-means (Lloyd's) from many starts at once: each image with the one farthest from it, and with
    those a quarter, half and three quarters of the way to the nearest. The start that ends with the
    least sum of squares wins. Distances to a centre follow from the images' products, whatever
    their number of dimensions.

    Args:
        products: (B, k, k), of each image with each.
    """
    square = np.einsum("bii->bi", products)
    apart = square[:, :, None] + square[:, None, :] - 2 * products
    differs = apart.max(axis=(1, 2)) > ALIKE * np.maximum(square.max(axis=1), 1e-300)
    found = np.zeros(square.shape, dtype=bool)
    if differs.any():
        found[differs] = _settled(products[differs].astype(np.float32), _starts(apart[differs]))
    return found


def _starts(apart: Array) -> Array:
    """Return (B, S, k) bool: who is nearer to the second of a pair of images than to the first.

    Args:
        apart: (B, k, k), squared distances; not all of a neuron's are 0.
    """
    far_first = np.argsort(-apart, axis=2, kind="stable")
    last = apart.shape[2] - 1
    found: list[Array] = []
    for rank in dict.fromkeys((0, last // 4, last // 2, 3 * last // 4)):
        second = np.take_along_axis(apart, far_first[:, :, rank][:, :, None], axis=1) < apart
        alike = ~second.any(axis=2)  # a pair of the same image
        if found:
            second[alike] = found[0][alike]
        found.append(second)
    return np.concatenate(found, axis=1)


def _settled(products: Array, second: Array) -> Array:
    """Return (B, k): the best of the starts (B, S, k), each until no image changes its cluster."""
    best = np.zeros(products.shape[:2], dtype=bool)
    left = np.arange(len(products))  # whose starts have not all settled
    total = products.sum(axis=2)[:, None, :]
    for step in range(MOST_STEPS):
        members = second.astype(np.float32)
        ours = members @ products  # (B, S, k): of each image with the sum of the second cluster
        n = members.sum(axis=2, keepdims=True)
        rest = members.shape[2] - n  # neither is 0: a cluster's nearest image stays with it
        within = np.einsum("bsi,bsi->bs", ours, members)[:, :, None]
        without = np.einsum("bsi,bsi->bs", total - ours, 1 - members)[:, :, None]
        # nearer to the mean of the second than to that of the others
        nearer = ours * (2 / n + 2 / rest) > total * (2 / rest) + within / n**2 - without / rest**2
        settled = (nearer == second).all(axis=(1, 2)) | (step == MOST_STEPS - 1)
        if settled.any():
            tightest = (within / n + without / rest)[settled, :, 0].argmax(axis=1)
            best[left[settled]] = second[settled, tightest]
            on = ~settled
            left, products, total, nearer = left[on], products[on], total[on], nearer[on]
            if not len(left):
                break
        second = nearer
    return best
