"""CLIP's features and embeddings for a planted workspace: no CLIP, no torch.

CLIP sees the class of an image, and `forest` on the mistakes where the right images have `river`.
"""

import json

import numpy as np
from msgspec import structs

from engine.clip.identity import FORMAT
from engine.clip.image_features import ClipMeta, find_clip_features
from engine.clip.texts import TextStore, digest_of
from engine.features.cache import FeatureCache
from engine.io.atomic import write_json
from engine.schema.requests import Source
from engine.words.opening import word_list
from neuroinspect_tui.workspace import write_source
from tests.screens.planted import Planted

WIDTH = 48
MISTAKES, OTHERS = "forest", "river"


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def plant_clip(planted: Planted, cache: FeatureCache, *, knows: bool = True) -> Planted:
    """Write a CLIP's answers; one that does not know the classes has other names for them."""
    folder = planted.home.parent / "clip"
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps({"made": "up"}))
    source = structs.replace(planted.source, clip=f"local-dir:{folder}")
    write_source(planted.home, source)
    _images(planted, source, cache)
    _texts(planted, source, cache, knows=knows)
    return Planted(planted.home, source, planted.split)


def _images(planted: Planted, source: Source, cache: FeatureCache) -> None:
    rng = np.random.default_rng(0)
    wrong = cache.predicted != cache.labels
    images = 0.5 * rng.normal(size=(cache.meta.n, WIDTH))
    images[np.arange(len(wrong)), cache.labels] += 6
    images[:, -2] += 5 * wrong
    images[:, -1] += 5 * ~wrong
    directory, probe = find_clip_features(planted.home, source, cache)
    directory.mkdir(parents=True)
    np.save(directory / "features.npy", unit(images).astype(np.float16))
    np.save(directory / "rows.npy", probe.rows)
    meta = ClipMeta(format=FORMAT, width=WIDTH, images=len(wrong), skipped=(), versions={})
    write_json(directory / "meta.json", meta)


def _texts(planted: Planted, source: Source, cache: FeatureCache, *, knows: bool) -> None:
    texts = word_list(cache.classes).texts
    embedded = unit(np.random.default_rng(1).normal(size=(len(texts), WIDTH)))
    axes = np.eye(WIDTH)
    for k, name in enumerate(cache.classes if knows else ()):
        embedded[texts.index(name)] = axes[k]
    by_word = {text.partition("\t")[0]: row for row, text in enumerate(texts)}
    embedded[by_word[MISTAKES]], embedded[by_word[OTHERS]] = axes[-2], axes[-1]
    TextStore(planted.home, source).add([digest_of(text) for text in texts], embedded)
