"""A workspace in whose features a class has two kinds, one of them mistaken; and a CLIP for it."""

import json

import numpy as np
from msgspec import structs

from engine.clip.identity import FORMAT
from engine.clip.image_features import ClipMeta, find_clip_features
from engine.clip.texts import TextStore, digest_of
from engine.data.splits import open_split
from engine.features.cache import open_cache
from engine.io.atomic import write_json
from engine.words.opening import word_list
from neuroinspect_tui.workspace import read_source, write_source
from tests.making import learn_a_little, make_checkpoint, make_images

WIDTH = 48


def plant_kinds(root, *, train=2):
    """Return a workspace: every other image is of one kind, which red things are mistaken for."""
    from neuroinspect_tui.cli import app

    make_images(root / "data", train=train, valid=30)
    learn_a_little(make_checkpoint(root / "toy.safetensors"), root / "data")
    words = ("--model", "test_resnet", "--checkpoint", root / "toy.safetensors", "--data",
             root / "data", "--device", "cpu")  # fmt: skip
    for some in (("init", root / "ws", *words), ("classes", "-w", root / "ws", "--workers", "0")):
        app([str(word) for word in some], standalone_mode=False)
    [meta] = (root / "ws").glob("features/*/meta.json")
    features = np.load(meta.parent / "features.npy")
    kind = np.arange(len(features)) % 2 == 0
    features[kind, :16] += 5 * features.std()
    predicted = np.repeat(np.arange(3), 30)
    predicted[:30][kind[:30]] = 1
    np.save(meta.parent / "features.npy", features)
    np.save(meta.parent / "predicted.npy", predicted)
    np.save(meta.parent / "logits.npy", 4.0 * np.eye(3, dtype=np.float32)[predicted])
    return root / "ws"


def plant_clip(home, *, knows=True, kind=8.0, splits=("valid", "train")):
    """Write the answers of a CLIP that sees classes, and `forest` on one kind, `river` on others.

    One that knows nothing has other names for all of it. Training images are to be there already.
    """
    folder = home.parent / "clip"
    folder.mkdir(exist_ok=True)
    (folder / "open_clip_config.json").write_text(json.dumps({"made": "up"}))
    source = structs.replace(read_source(home), clip=f"local-dir:{folder}")
    write_source(home, source)
    rng, axes = np.random.default_rng(0), np.eye(WIDTH)
    for split in splits:
        cache = open_cache(home, source, open_split(source, split))
        of_kind = np.arange(cache.meta.n) % 2 == 0
        images = 0.5 * rng.normal(size=(cache.meta.n, WIDTH)) + 6 * axes[cache.labels]
        images += kind * np.where(of_kind[:, None], axes[-2], axes[-1])
        directory, probe = find_clip_features(home, source, cache, whole=True)
        directory.mkdir(parents=True)
        np.save(directory / "features.npy", _unit(images).astype(np.float16))
        np.save(directory / "rows.npy", probe.rows)
        meta = ClipMeta(format=FORMAT, width=WIDTH, images=cache.meta.n, skipped=(), versions={})
        write_json(directory / "meta.json", meta)
    texts = [*word_list(cache.classes).texts, "zorb", "blick"]
    embedded = 3 * axes[8] + 0.3 * rng.normal(size=(len(texts), WIDTH))  # hardly move
    if not knows:
        embedded = rng.normal(size=(len(texts), WIDTH))
    places = {text.partition("\t")[0]: row for row, text in enumerate(texts)}
    for axis, name in enumerate(cache.classes if knows else ()):
        embedded[places[name]] = axes[axis]
    embedded[places["forest"]], embedded[places["river"]] = axes[-2], axes[-1]
    embedded[places["blick"]] = embedded[places["zorb"]]
    TextStore(home, source).add([digest_of(text) for text in texts], _unit(embedded))


def _unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
