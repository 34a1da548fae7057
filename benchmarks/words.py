"""Words and search: naming every neuron, a text compared with many images, CLIP features."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.setting import Result, Setting
from engine.clip.embed import fill_texts
from engine.clip.image_features import ClipFeatures
from engine.clip.texts import TextStore
from engine.data.loader import Pictures, batches
from engine.features.cache import FeatureCache
from engine.schema.requests import ClipRequest
from engine.words.clarity import SHOWN, polysemanticities
from engine.words.dissection import top_rows
from engine.words.naming_neurons import name_neurons
from engine.words.opening import open_space, word_list
from engine.words.search import best, correlations, cosines
from engine.words.space import WordSpace

TIMES = 3
QUERIES = 9
IMAGES, NUMBERS = 50_000, 256
QUERY_LIMIT, NAMING_LIMIT, CLIP_RATIO = 0.05, 1.0, 0.85


def measure(setting: Setting) -> list[Result]:
    """Measure what words cost once CLIP has seen the images, and what its features cost."""
    return [_clip_features(setting), *_naming(setting), *_queries(setting)]


def _clip_features(setting: Setting) -> Result:
    """Compare the pass of CLIP's features with a bare loop over the same batches."""
    engine, cache = setting.engine, setting.cache()
    model = engine.clip_model
    assert model is not None  # the flowers have a CLIP
    for sample in cache.samples:
        (Path(cache.root) / sample.path).read_bytes()  # neither meets a cold disk cache
    pictures = Pictures(cache, cache.samples, model.preprocess)

    def ours() -> None:
        shutil.rmtree(engine.home / "clip_features", ignore_errors=True)
        for _ in engine.clip(ClipRequest(split="valid")):
            pass

    def bare() -> None:
        for _, images, _, _ in batches(pictures, 0, model.device, 0, -1):
            model.embed_images(images).cpu()

    bare()  # warm-up
    mine, theirs = setting.pairs(ours, bare, TIMES)
    n = len(cache.samples)
    return Result(
        f"CLIP features, {n:,} images",
        f"{n / mine:.0f} images/s",
        f"{n / theirs:.0f} images/s, bare loop",
        f"{theirs / mine:.2f}",
        f"≥ {CLIP_RATIO}",
        theirs / mine >= CLIP_RATIO,
    )


def _naming(setting: Setting) -> list[Result]:
    """Time words for every neuron, and k-means of their images against scikit-learn's."""
    engine, cache = setting.engine, setting.cache()
    model = engine.clip_model
    assert model is not None
    for _ in fill_texts(
        model, TextStore(engine.home, engine.source), word_list(cache.classes).texts
    ):
        pass
    space = open_space(engine.home, engine.source, cache)
    assert space is not None  # made just now
    name = partial(_all, space, cache)
    name()  # warm-up
    seconds = setting.processor_seconds(name, TIMES)
    tops = np.sort(top_rows(cache.features, SHOWN, space.rows), axis=1)
    images = np.asarray(space.images, dtype=np.float64)[tops]
    mine, theirs = setting.pairs(
        partial(polysemanticities, images), partial(_published, images[:100]), TIMES
    )
    theirs *= len(images) / 100
    width, words = cache.meta.width, len(space.words)
    return [
        Result(
            f"words for {width:,} neurons, {len(space.images):,} images, {words:,} words",
            f"{seconds:.2f} s of the processor",
            "",
            "",
            f"≤ {NAMING_LIMIT:g} s",
            seconds <= NAMING_LIMIT,
        ),
        Result(
            f"of these, two clusters of {SHOWN} images for each neuron",
            f"{mine:.2f} s",
            f"{theirs:.1f} s, scikit-learn's k-means, ten starts (100 neurons, scaled)",
            f"{theirs / mine:.0f}x",
            "",
            None,
        ),
    ]


def _all(space: WordSpace, cache: FeatureCache) -> None:
    for _ in name_neurons(space, cache.features):
        pass


def _published(images: np.ndarray) -> None:
    from sklearn.cluster import KMeans  # noqa: PLC0415 - half a second, for this alone
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    with threadpool_limits(1):
        for some in images:
            KMeans(n_clusters=2, n_init=10, random_state=123).fit(some)


def _queries(setting: Setting) -> list[Result]:
    """Time a text, embedded already, against many images, and against as many neurons' numbers."""
    rng = np.random.default_rng(0)
    on_disk = setting.home / "query"
    on_disk.mkdir(exist_ok=True)
    shown = rng.normal(size=(IMAGES, NUMBERS)).astype(np.float32)
    shown /= np.linalg.norm(shown, axis=1, keepdims=True)
    np.save(on_disk / "features.npy", shown.astype(np.float16))
    np.save(on_disk / "activations.npy", np.abs(shown))
    mapped = np.load(on_disk / "features.npy", mmap_mode="r")
    activations = np.load(on_disk / "activations.npy", mmap_mode="r")
    rows, text = np.arange(IMAGES), shown[0]
    clip = ClipFeatures(rows, mapped, True, "")

    def first() -> None:
        best(cosines(ClipFeatures(rows, mapped, True, ""), text), 50)

    def later() -> None:
        best(cosines(clip, text), 50)

    def neurons() -> None:
        best(correlations(activations, rows, cosines(clip, text).astype(np.float64)), 50)

    later()
    return [
        _query(setting, "a text against {} images of {} numbers, the first of a session", first),
        _query(setting, "the same, each later one", later),
        _query(setting, "the neurons that go with a text, {} images, {} neurons", neurons),
    ]


def _query(setting: Setting, said: str, work: Callable[[], None]) -> Result:
    seconds = setting.processor_seconds(work, QUERIES)
    return Result(
        said.format(f"{IMAGES:,}", NUMBERS),
        f"{1000 * seconds:.0f} ms of the processor",
        "",
        "",
        f"≤ {1000 * QUERY_LIMIT:.0f} ms",
        seconds <= QUERY_LIMIT,
    )
