"""Scores of words for neurons: soft weighted pointwise mutual information. No torch.

Source: CLIP-Dissect (Oikarinen and Weng, ICLR 2023).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.schema.arrays import Array

SHARPNESS = 10.0
"""a: what cosines are multiplied by before the softmax over the words."""
TOP = 100
"""Images of a neuron: those that it fires on most."""
FIRST, LAST = 0.998, 0.97
"""How surely the first and the last of these show what the neuron sees."""
LEAST = 1e-7
"""Added to probabilities before their logarithm."""
TOGETHER = 10
"""Terms multiplied before a logarithm is taken: none is below .002, and the product of so many is
a normal number in float32."""
NEURONS_AT_ONCE = 16
"""Whose terms stay in the processor's cache."""
ROWS_AT_ONCE = 4096
NUMBERS_AT_ONCE = 2**24
"""Bounds the memory, 64 MiB: probabilities held at once."""


def top_rows(activations: Array, k: int = TOP, among: Array | None = None) -> Array:
    """Return (D, k): the images on which each neuron fires most, strongest first.

    Reads (n, D) activations once, in parts; equal activations go by the order of the images.

    Args:
        activations: (n, D).
        k: How many, at most as many as there are.
        among: (m,) sorted rows of the activations to choose from, which the answer numbers from 0
            to m; None: all.
    """
    width = activations.shape[1]
    if among is not None and len(among) == len(activations):
        among = None
    n = len(activations) if among is None else len(among)
    k = min(k, n)
    rows, values = np.zeros((0, width), dtype=np.int64), np.zeros((0, width), dtype=np.float32)
    for start in range(0, n, ROWS_AT_ONCE):
        at: Any = slice(start, start + ROWS_AT_ONCE)
        at = at if among is None else among[at]
        part = np.asarray(activations[at], dtype=np.float32)
        here = np.broadcast_to(np.arange(start, start + len(part))[:, None], part.shape)
        rows, values = np.concatenate([rows, here]), np.concatenate([values, part])
        best = np.argsort(-values, axis=0, kind="stable")[:k]
        rows = np.take_along_axis(rows, best, axis=0)
        values = np.take_along_axis(values, best, axis=0)
    return rows.T


def evidence(images: Array, texts: Array, tops: Array) -> Iterator[Array]:
    """Yield log p(images of a neuron | word) in parts (d, W), neuron by neuron, float32.

    The sum over its k images of log(1 + s (P - 1)), where P is the softmax over the words of a
    times the cosines and s falls from .998 to .97.

    Args:
        images: (n, E), of length 1.
        texts: (W, E), of length 1.
        tops: (D, k), from `top_rows`.
    """
    k = tops.shape[1]
    surely = FIRST - np.arange(k) / k * (FIRST - LAST)
    # log(1 + s (P - 1)) = log s + log(P + (1 - s) / s): the first is the same for all words
    others, usual = ((1 - surely + LEAST) / surely).astype(np.float32), np.log(surely).sum()
    words = np.asarray(texts, dtype=np.float32).T * np.float32(SHARPNESS)
    every = len(images) * words.shape[1] <= NUMBERS_AT_ONCE
    at_once = len(tops) if every else max(1, NUMBERS_AT_ONCE // (k * words.shape[1]))
    for start in range(0, len(tops), at_once):
        some = tops[start : start + at_once]
        rows, where = np.unique(some, return_inverse=True)
        likely = _softmax(np.asarray(images[rows], dtype=np.float32) @ words)
        where = where.reshape(some.shape)
        found = np.full((len(some), words.shape[1]), usual, dtype=np.float32)
        for at in range(0, len(some), NEURONS_AT_ONCE):
            few = slice(at, at + NEURONS_AT_ONCE)
            _add_logs(likely, where[few], others, found[few])
        yield found


def _add_logs(likely: Array, where: Array, others: Array, out: Array) -> None:
    """Add to `out` (d, W) the sum over a neuron's images of log(P + `others`).

    Args:
        likely: (m, W), P of images.
        where: (d, k), rows of these.
        others: (k,).
        out: (d, W).
    """
    part = np.empty_like(out)
    for first in range(0, len(others), TOGETHER):
        product = np.ones_like(out)
        for rank in range(first, min(first + TOGETHER, len(others))):
            np.take(likely, where[:, rank], axis=0, out=part, mode="clip")  # "raise" copies again
            part += others[rank]
            product *= part
        out += np.log(product, out=product)


def _softmax(scores: Array) -> Array:
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def log_mean(found: Array) -> Array:
    """Return (W,): the logarithm of the mean over D neurons of p, from (D, W) logarithms."""
    highest = found.max(axis=0)
    return np.asarray(highest + np.log(np.exp(found - highest).mean(axis=0)))


def margin(activations: Array, images: Array, first: Array, second: Array) -> Array:
    """Return (D,): each neuron's best correlation with one set of texts minus that with another.

    Correlation, not mutual information: it is what ranks neurons best by how much more they follow
    places than birds.

    Args:
        activations: (n, D); read once, in parts.
        images: (n, E), of length 1.
        first: (a, E), such as words of places.
        second: (b, E), such as words of birds.
    """
    texts = np.concatenate([first, second]).astype(np.float32)
    cosines = np.asarray(images, dtype=np.float32) @ texts.T
    found = correlation(activations, cosines)
    return np.asarray(found[:, : len(first)].max(axis=1) - found[:, len(first) :].max(axis=1))


def correlation(activations: Array, cosines: Array) -> Array:
    """Return (D, W): of each neuron's activations (n, D) with each word's cosines (n, W).

    A neuron or a word that never varies correlates with nothing: 0.
    """
    n, width = activations.shape
    along = np.asarray(cosines, dtype=np.float64)
    along = along - along.mean(axis=0)
    products = np.zeros((width, along.shape[1]))
    total, squares = np.zeros(width), np.zeros(width)
    for start in range(0, n, ROWS_AT_ONCE):
        part = np.asarray(activations[start : start + ROWS_AT_ONCE], dtype=np.float64)
        products += part.T @ along[start : start + ROWS_AT_ONCE]
        total += part.sum(axis=0)
        squares += (part**2).sum(axis=0)
    spread = np.sqrt(np.maximum(squares - total**2 / n, 0))[:, None]
    scale = spread * np.sqrt((along**2).sum(axis=0))
    return np.asarray(np.divide(products, scale, out=np.zeros_like(products), where=scale > 1e-12))
