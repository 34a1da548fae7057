import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

import engine.data.loader
import engine.features.extract
from engine.data.images import decode
from engine.data.splits import open_split
from engine.features.cache import FeatureCache, find_cache
from engine.features.summarize import summarise
from engine.models.classifier import Classifier
from engine.schema.errors import RequestError, StorageError
from engine.schema.requests import FeaturesRequest, Source
from engine.session import TorchEngine
from tests.making import make_checkpoint, make_images

ARRAYS = (
    "features", "logits", "predicted", "weight", "bias", "mean", "strongest_rows", "insufficient",
    "strongest_values", "mistake_rows", "excessive", "steps", "flipped",
)  # fmt: skip


def fill(source, home, **asked):
    request = FeaturesRequest(**{"split": "valid", "workers": 0, **asked})
    progress = list(TorchEngine(source, home).extract(request))
    return opened(source, home, request.split, request.view), progress


def opened(source, home, split="valid", view=0):
    listed = open_split(source, split)
    return FeatureCache(find_cache(home, source, listed, view), listed)


@pytest.fixture(scope="module")
def cache(toy, tmp_path_factory):
    return fill(toy, tmp_path_factory.mktemp("features"))[0]


def test_the_logits_are_the_models(toy, cache, tmp_path):
    classifier = TorchEngine(toy, tmp_path).classifier
    transform = classifier.transform()
    images = torch.stack([transform(decode(Path(cache.path(row)))) for row in range(30)])
    with torch.inference_mode():
        logits = classifier.body(images)
    assert np.allclose(cache.logits, logits.numpy(), atol=1e-4)
    assert np.allclose(cache.logits, cache.features @ cache.weight.T + cache.bias, atol=1e-4)
    assert np.array_equal(cache.predicted, logits.argmax(dim=1).numpy())
    assert cache.labels.tolist() == [0] * 10 + [1] * 10 + [2] * 10


def test_the_strongest_images_are_the_largest(cache):
    rows, values = cache.array("strongest_rows"), cache.array("strongest_values")
    for j in range(0, cache.meta.width, 17):
        expected = np.argsort(-np.asarray(cache.features[:, j]), kind="stable")[:32]
        assert rows[j].tolist() == expected.tolist()
        assert np.array_equal(values[j], cache.features[expected, j])


def test_mistakes_are_explained_on_the_way(cache):
    wrong = np.flatnonzero(cache.predicted != cache.labels)
    assert len(wrong) > 3
    assert np.array_equal(cache.array("mistake_rows"), wrong)
    assert len(cache.array("steps")) == len(cache.array("insufficient")) == len(wrong)


def test_what_cannot_be_decoded_is_listed_and_left_out(toy, tmp_path):
    shutil.copytree(toy.data, tmp_path / "data")
    broken = tmp_path / "data/valid/002_green_thing/003.png"
    broken.write_bytes(broken.read_bytes()[:200])
    (tmp_path / "data/valid/001_red_thing/000.png").write_bytes(b"")
    source = msgspec.structs.replace(toy, data=str(tmp_path / "data"))
    found, _ = fill(source, tmp_path, batch_size=4)
    assert found.meta.n == len(found.labels) == len(found.features) == len(found.predicted) == 28
    assert {(s.path, s.reason.split(":")[0]) for s in found.meta.skipped} == {
        ("valid/002_green_thing/003.png", "cannot be decoded"),
        ("valid/001_red_thing/000.png", "empty file"),
    }
    assert "valid/001_red_thing/000.png" not in {s.path for s in found.samples}


def test_an_interrupted_pass_goes_on_where_it_was(toy, cache, tmp_path, monkeypatch):
    looked = []
    original = engine.data.loader.open_for_model
    monkeypatch.setattr(
        engine.data.loader,
        "open_for_model",
        lambda *asked: looked.append(asked) or original(*asked),
    )
    job = TorchEngine(toy, tmp_path).extract(
        FeaturesRequest(split="valid", batch_size=1, workers=0)
    )
    for progress in job:
        if progress.done == 19:  # safe points are after 8 and 16
            break
    job.close()
    first = len(looked)
    assert first >= 19
    found, _ = fill(toy, tmp_path, batch_size=1)
    assert len(looked) - first == 30 - 16
    for name in ARRAYS:
        assert np.allclose(found.array(name), cache.array(name), atol=1e-5), name
    alone, _ = fill(toy, tmp_path / "other", batch_size=1)
    for name in ARRAYS:
        path = f"{name}.npy"
        assert (found.directory / path).read_bytes() == (alone.directory / path).read_bytes()


def test_a_pass_killed_at_its_very_end_looks_at_no_image_again(toy, tmp_path, monkeypatch):
    def killed(*asked):
        yield from summarise(*asked)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(engine.features.extract, "summarise", killed)
        with pytest.raises(KeyboardInterrupt):
            fill(toy, tmp_path)
    monkeypatch.setattr(
        engine.data.loader, "open_for_model", lambda *_: pytest.fail("looked again")
    )
    found, _ = fill(toy, tmp_path)
    assert not (found.directory / "progress.json").exists()


@pytest.fixture
def room_for(monkeypatch):
    """Lets a classifier look at so many images at once; returns how many it looked at."""
    features, looked = Classifier.features, []

    def set_room(room):
        def fitting(self, images):
            if len(images) > room:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            looked.append(len(images))
            return features(self, images)

        monkeypatch.setattr(Classifier, "features", fitting)
        return looked

    return set_room


def test_out_of_memory_halves_the_batch_and_goes_on(toy, cache, tmp_path, room_for, caplog):
    looked = room_for(3)
    found, progress = fill(toy, tmp_path, batch_size=16)
    assert [some.done for some in progress if some.stage == "extracting features of valid"] == [
        0,
        16,
        30,
    ]
    assert looked[1:] == [2] * 15  # the first was a look at the model
    assert [some.message for some in caplog.records] == [
        "out of memory with batch size 16; continuing with 2"
    ]
    assert found.labels.tolist() == cache.labels.tolist()
    for name in ARRAYS:
        assert np.allclose(found.array(name), cache.array(name), atol=1e-5), name


def test_no_room_for_one_image_is_a_sentence_and_spoils_nothing(toy, cache, tmp_path, room_for):
    engine = TorchEngine(toy, tmp_path)
    assert engine.classifier.width == cache.meta.width  # the model itself fits
    room_for(0)
    with pytest.raises(RequestError, match=r"Not even one image of \d+ x \d+ pixels .* cpu"):
        list(engine.extract(FeaturesRequest(split="valid", workers=0)))
    room_for(32)
    assert np.array_equal(fill(toy, tmp_path)[0].features, cache.features)


def test_two_at_once_make_one_whole_cache(toy, cache, tmp_path, monkeypatch):
    """Two processes do, through the whole program, in test_bad_input."""
    images = []
    original = engine.features.extract._forward
    monkeypatch.setattr(
        engine.features.extract, "_forward", lambda *given: images.append(1) or original(*given)
    )
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(fill, toy, tmp_path, batch_size=1) for _ in range(2)]
        assert [len(some.result()[0].labels) for some in both] == [30, 30]
    assert len(images) == 30
    found = opened(toy, tmp_path)
    for name in ARRAYS:
        assert np.allclose(found.array(name), cache.array(name), atol=1e-5), name
    assert [p.name for p in (tmp_path / "features").glob("*.partial")] == []


def test_a_half_cache_is_close_and_half_the_size(toy, cache, tmp_path):
    found, _ = fill(msgspec.structs.replace(toy, half_features=True), tmp_path)
    assert found.features.dtype == found.logits.dtype == np.float16
    assert np.allclose(found.features, cache.features, atol=1e-2)


def test_views_differ_and_repeat(toy, cache, tmp_path):
    first, _ = fill(toy, tmp_path, view=1)
    again, _ = fill(toy, tmp_path / "again", view=1)
    other, _ = fill(toy, tmp_path, view=2)
    assert np.array_equal(first.features, again.features)
    assert not np.allclose(first.features, cache.features, atol=1e-3)
    assert not np.allclose(first.features, other.features, atol=1e-3)


def test_the_key_follows_all_that_features_follow(tmp_path):
    data = make_images(tmp_path / "data")
    weights = make_checkpoint(tmp_path / "w.safetensors")
    source = Source(model="test_resnet", checkpoint=str(weights), data=str(data))

    def key(**changes):
        changed = msgspec.structs.replace(source, **changes)
        return find_cache(tmp_path, changed, open_split(changed, "valid")).name

    first = key()
    (tmp_path / "names.txt").write_text("a\nb\nc\n")
    assert key(class_names=str(tmp_path / "names.txt"), device="cpu", clip="x") == first
    assert key(half_features=True) != first
    other = make_checkpoint(tmp_path / "other.safetensors", seed=1)
    assert key(checkpoint=str(other)) != first
    (data / "valid/003_blue/000.png").write_bytes(b"changed")
    assert key() != first


@pytest.mark.parametrize("name", ["features.npy", "meta.json", "samples.json", "mistake_rows.npy"])
@pytest.mark.parametrize("damage", ["cut", "garbage", "gone"])
def test_a_damaged_cache_says_so(toy, cache, tmp_path, name, damage):
    shutil.copytree(cache.directory, tmp_path / "features")
    path = tmp_path / "features" / name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:90] if damage == "cut" else b"\x00garbage")

    def look():
        found = FeatureCache(tmp_path / "features", open_split(toy, "valid"))
        return found.features, found.samples, found.array("mistake_rows")

    with pytest.raises(StorageError, match=r"damaged|Cannot read"):
        look()


def test_a_cache_of_another_format_is_refused(toy, cache, tmp_path):
    shutil.copytree(cache.directory, tmp_path / "features")
    path = tmp_path / "features" / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(StorageError, match="format 99"):
        FeatureCache(tmp_path / "features", open_split(toy, "valid"))


def test_a_place_that_cannot_be_written_says_so(toy, tmp_path):
    (tmp_path / "features").write_text("a file where a directory should be")
    with pytest.raises(StorageError, match="Cannot write"):
        fill(toy, tmp_path)
