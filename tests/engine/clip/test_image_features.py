import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

import engine.clip.extract
import engine.clip.probe
import engine.clip.texts
import engine.data.loader
from engine.clip.image_features import ClipFeatures, find_clip_features, open_clip_features
from engine.clip.probe import choose
from engine.data.splits import Split, open_split
from engine.features.cache import FeatureCache, open_cache
from engine.schema.errors import ClipError, StorageError
from engine.schema.requests import ClipRequest
from engine.session import TorchEngine
from tests.making import make_checkpoint, make_clip, planted_cache


@pytest.fixture(scope="module")
def source(toy, tmp_path_factory):
    return msgspec.structs.replace(toy, clip=make_clip(tmp_path_factory.mktemp("clip") / "tiny"))


def fill(source, home, **asked):
    request = ClipRequest(**{"split": "valid", "workers": 0, **asked})
    progress = list(TorchEngine(source, home).clip(request))
    return opened(source, home), progress


def cache_of(source, home):
    return open_cache(home, source, open_split(source, "valid"))


def opened(source, home):
    return open_clip_features(home, source, cache_of(source, home))


@pytest.fixture(scope="module")
def filled(source, tmp_path_factory):
    home = tmp_path_factory.mktemp("filled")
    return home, fill(source, home)[0]


def directly(clip, paths):
    """What open_clip itself gives for image files."""
    model, _, preprocess = open_clip.create_model_and_transforms(clip)
    with torch.inference_mode():
        images = torch.stack([preprocess(Image.open(path)) for path in paths])
        return model.eval().encode_image(images, normalize=True).numpy()


def test_the_features_are_open_clips_own(source, filled):
    home, found = filled
    cache = cache_of(source, home)
    assert found.whole
    assert found.note == ""
    assert found.rows.tolist() == list(range(30))
    assert found.features.dtype == np.float16
    expected = directly(source.clip, [cache.path(row) for row in range(30)])
    assert np.allclose(found.features, expected, atol=2e-3)
    assert np.allclose(np.linalg.norm(found.features.astype(np.float32), axis=1), 1, atol=2e-3)


def test_what_is_there_is_not_made_again(source, filled, monkeypatch):
    home, _ = filled
    monkeypatch.setattr(engine.data.loader, "open_image", lambda *_: pytest.fail("looked again"))
    assert len(fill(source, home)[0].rows) == 30


def test_rows_that_have_none_are_masked():
    features = np.eye(3, dtype=np.float16)
    some = ClipFeatures(np.array([1, 4, 7]), features, False, "some")
    found, present = some.at([7, 0, 1, 9, 4])
    assert present.tolist() == [True, False, True, False, True]
    assert found.dtype == np.float32
    assert found.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("loss", ["nothing", "a row", "the record"])
def test_an_interrupted_pass_goes_on_where_it_was(source, filled, tmp_path, monkeypatch, loss):
    looked = []
    original = engine.data.loader.open_image
    monkeypatch.setattr(
        engine.data.loader, "open_image", lambda *asked: looked.append(asked) or original(*asked)
    )
    job = TorchEngine(source, tmp_path).clip(ClipRequest(split="valid", batch_size=1, workers=0))
    for progress in job:
        if progress.stage.startswith("CLIP") and progress.done == 19:  # safe after 8 and 16
            break
    job.close()
    assert opened(source, tmp_path) is None
    [partial] = (tmp_path / "clip_features").glob("*.partial")
    if loss == "a row":
        (partial / "features.npy").write_bytes((partial / "features.npy").read_bytes()[:200])
    if loss == "the record":
        (partial / "progress.json").write_bytes(b"{")
    first = len(looked)
    found, _ = fill(source, tmp_path, batch_size=1)
    assert len(looked) - first == (14 if loss == "nothing" else 30)
    assert np.allclose(found.features, filled[1].features, atol=2e-3)
    assert list((tmp_path / "clip_features").glob("*.partial")) == []


def test_two_at_once_make_one(source, filled, tmp_path, monkeypatch):
    """Two processes do, through the whole program, in test_search."""
    images = []
    original = engine.clip.extract.embedded
    monkeypatch.setattr(
        engine.clip.extract, "embedded", lambda *given: images.append(1) or original(*given)
    )
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(fill, source, tmp_path, batch_size=1) for _ in range(2)]
        assert [len(some.result()[0].rows) for some in both] == [30, 30]
    assert len(images) == 30


def test_what_cannot_be_decoded_is_left_out_and_said(source, filled, tmp_path, monkeypatch):
    original = engine.data.loader.open_image

    def failing(place, sample, side=None):
        if sample.path.endswith("003.png"):
            raise engine.data.loader.DataError("cannot be decoded")
        return original(place, sample, side)

    monkeypatch.setattr(engine.data.loader, "open_image", failing)
    found, _ = fill(source, tmp_path)
    assert not found.whole
    assert found.note == "all images, but for 3 that cannot be decoded"
    kept = [row for row in range(30) if row % 10 != 3]
    assert found.rows.tolist() == kept
    assert np.allclose(found.features, filled[1].features[kept], atol=2e-3)


@pytest.mark.parametrize("name", ["features.npy", "rows.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["cut", "garbage", "gone"])
def test_damaged_features_say_so(source, filled, tmp_path, name, damage):
    home = shutil.copytree(filled[0], tmp_path / "home")
    [meta] = (home / "clip_features").glob("*/meta.json")
    path = meta.with_name(name)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:90] if damage == "cut" else b"\x00garbage")
    if (name, damage) == ("meta.json", "gone"):
        assert opened(source, home) is None  # that is written last: it was never whole
        return
    with pytest.raises(StorageError, match=r"damaged|Cannot read"):
        opened(source, home)


def test_the_key_is_of_clip_and_images_and_of_no_path_or_weights(source, filled, tmp_path):
    home, found = filled
    moved = tmp_path / "moved"
    shutil.copytree(source.clip.removeprefix("local-dir:"), moved)
    other = make_checkpoint(tmp_path / "other.safetensors", seed=1)
    changed = msgspec.structs.replace(source, clip=f"local-dir:{moved}", checkpoint=str(other))
    elsewhere = shutil.copytree(home, tmp_path / "elsewhere")
    list(TorchEngine(changed, elsewhere).clip(ClipRequest(split="valid", workers=0)))
    first, _ = find_clip_features(home, source, cache_of(source, home))
    second, _ = find_clip_features(elsewhere, changed, cache_of(changed, elsewhere))
    assert first.name == second.name
    weights = moved / "open_clip_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    third, _ = find_clip_features(elsewhere, changed, cache_of(changed, elsewhere))
    assert third.name != first.name
    assert len(found.rows) == 30


def test_a_workspace_without_clip_is_told_what_it_would_add(toy, filled):
    assert opened(toy, filled[0]) is None
    with pytest.raises(ClipError, match=r"names no CLIP .* set clip in workspace.toml to"):
        list(TorchEngine(toy, filled[0]).clip(ClipRequest(split="valid")))


def test_weights_that_give_nan_are_refused(source, tmp_path):
    engine_ = TorchEngine(source, tmp_path)
    with torch.no_grad():
        engine_.clip_model.model.visual.proj.fill_(float("nan"))
    with pytest.raises(ClipError, match="NaN or zero"):
        list(engine_.clip(ClipRequest(split="valid", workers=0)))
    assert opened(source, tmp_path) is None


def test_a_probe_takes_mistakes_small_classes_and_others(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [600, 580, 20])
    features = np.eye(3)[labels]
    mistaken = np.concatenate([np.arange(0, 40), np.arange(700, 730)])
    features[mistaken] = np.roll(features[mistaken], 1, axis=1)
    features += rng.normal(0, 0.01, features.shape)
    cache = planted_cache(tmp_path / "c", features, labels, np.eye(3), np.zeros(3))
    whole = choose(cache)
    assert len(whole.rows) == 1200
    assert whole.note == ""
    monkeypatch.setattr(engine.clip.probe, "MOST", 200)
    probe = choose(cache)
    assert len(probe.rows) == 200
    assert (np.diff(probe.rows) > 0).all()
    assert set(mistaken) <= set(probe.rows)
    assert set(range(1180, 1200)) <= set(probe.rows)
    assert probe.note == (
        "a probe of 200 of 1,200 images: all 70 mistakes, all 20 other images of small classes "
        "(under half the mean class), and others by a hash of the path"
    )
    again = choose(cache)
    assert np.array_equal(again.rows, probe.rows)
    others = set(probe.rows) - set(mistaken) - set(range(1180, 1200))
    assert 30 < len([row for row in others if row < 600]) < 80  # spread over the classes
    monkeypatch.setattr(engine.clip.probe, "MOST", 80)
    assert "40 of 70 mistakes" in choose(cache).note
    assert len(choose(cache).rows) == 80
    assert len(set(choose(cache).rows) & set(mistaken)) == 40


def test_groups_are_of_all_images_of_a_large_split_and_words_of_a_probe(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 8))
    cache = planted_cache(
        tmp_path / "cache", features, rng.integers(0, 2, 120), np.eye(2, 8), [0, 0]
    )
    monkeypatch.setattr(engine.clip.probe, "MOST", 50)
    assert len(choose(cache).rows) == 50
    assert np.array_equal(choose(cache, whole=True).rows, np.arange(120))
    monkeypatch.setattr(engine.clip.probe, "MOST", 120)
    assert np.array_equal(choose(cache).rows, choose(cache, whole=True).rows)  # one file for both


def test_a_probe_of_mistakes_alone_fills_its_places(tmp_path, monkeypatch):
    labels = np.zeros(100, int)
    labels[:5] = 1
    features = np.tile([[0.0, 1.0]], (100, 1))
    cache = planted_cache(tmp_path / "c", features, labels, np.eye(2), np.zeros(2))
    monkeypatch.setattr(engine.clip.probe, "MOST", 60)
    probe = choose(cache)
    assert len(probe.rows) == 60
    wrong = int((labels[probe.rows] == 0).sum())
    assert f": {wrong} of 95 mistakes, " in probe.note


def test_a_probe_is_extracted_and_opened(source, tmp_path, monkeypatch):
    monkeypatch.setattr(engine.clip.probe, "MOST", 12)
    found, progress = fill(source, tmp_path)
    assert (len(found.rows), found.features.shape[0], found.whole) == (12, 12, False)
    assert found.note.startswith("a probe of 12 of 30 images: ")
    assert progress[-1].total == 12
    cache = cache_of(source, tmp_path)
    expected = directly(source.clip, [cache.path(row) for row in found.rows])
    assert np.allclose(found.features, expected, atol=2e-3)


@pytest.mark.shared
@pytest.mark.slow
def test_zero_shot_on_flowers_is_that_of_open_clip(shared, tmp_path):
    folder = shared / "data" / "flowers89"
    kept = [
        (path, of.name)
        for of in sorted((folder / "valid").iterdir())[:20]
        for path in sorted(of.iterdir())[:2]
    ]
    rows = "".join(f"{path},{of},{split}\n" for split in ("train", "valid") for path, of in kept)
    (tmp_path / "some.csv").write_text(f"path,label,split\n{rows}")
    source = msgspec.structs.replace(
        _flowers(tmp_path), data=str(tmp_path / "some.csv"),
        clip=f"local-dir:{shared}/clip/flowers-clip",
    )  # fmt: skip
    engine_ = TorchEngine(source, tmp_path)
    names = engine_.split("valid").classes
    list(engine_.clip(ClipRequest(split="valid", workers=0, texts=names)))
    found = opened(source, tmp_path)
    texts = engine.clip.texts.open_texts(tmp_path, source, names)
    ours = (found.features.astype(np.float32) @ texts.T).argmax(axis=1)
    cache = cache_of(source, tmp_path)
    images = directly(source.clip, [cache.path(row) for row in range(40)])
    theirs = (images @ engine_.clip_model.embed(names).numpy().T).argmax(axis=1)
    assert (ours == theirs).all()
    assert (ours == cache.labels).mean() > 0.85


def _flowers(directory: Path):
    from engine.schema.requests import Source

    weights = make_checkpoint(directory / "w.safetensors", classes=20)
    return Source(model="test_resnet", checkpoint=str(weights), data="", device="cpu")


def test_an_edit_changes_no_probe(tmp_path, monkeypatch):
    labels = np.arange(100) % 2
    features = np.eye(2)[labels]
    features[:10] = features[:10, ::-1]
    cache = planted_cache(tmp_path / "c", features, labels, np.eye(2), np.zeros(2))
    edited = tmp_path / "c+e"
    shutil.copytree(tmp_path / "c", edited)
    np.save(edited / "predicted.npy", np.where(np.arange(100) >= 90, 1 - labels, labels))
    meta = msgspec.json.decode((edited / "meta.json").read_bytes())
    (edited / "meta.json").write_bytes(msgspec.json.encode({**meta, "key": "c+e", "on": "e"}))
    listed = Split(
        name="valid", root=str(tmp_path), samples=cache.samples, folders=("a", "b"),
        classes=("a", "b"), groups=(), skipped=(),
    )  # fmt: skip
    with_edit = FeatureCache(edited, listed)
    assert set(np.flatnonzero(with_edit.predicted != labels)) == set(range(90, 100))
    monkeypatch.setattr(engine.clip.probe, "MOST", 20)
    probe = choose(with_edit)
    assert set(range(10)) <= set(probe.rows)
    assert np.array_equal(probe.rows, choose(cache).rows)
