import shutil
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest
import torch

import engine.clip.embed
import engine.clip.texts
from engine.clip.texts import TextStore, digest_of, open_image, open_texts, sentences_of
from engine.models.templates import TEMPLATES
from engine.schema.errors import DataError
from engine.schema.requests import ClipRequest
from engine.session import TorchEngine
from tests.making import make_clip


@pytest.fixture(scope="module")
def source(toy, tmp_path_factory):
    return msgspec.structs.replace(toy, clip=make_clip(tmp_path_factory.mktemp("clip") / "tiny"))


@pytest.fixture(scope="module")
def engine_(source, tmp_path_factory):
    return TorchEngine(source, tmp_path_factory.mktemp("texts"))


def embed(engine_, *texts, **asked):
    list(engine_.clip(ClipRequest(split="valid", workers=0, texts=texts, **asked)))


def test_a_text_goes_through_the_templates_and_a_prompt_alone(source, engine_):
    texts = ("grass", "sky\tthe sky above", "wet\t")
    assert open_texts(engine_.home, source, texts) is None
    embed(engine_, *texts)
    found = open_texts(engine_.home, source, texts)
    assert found.shape == (3, 16)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    model = engine_.clip_model
    assert np.allclose(found[0], model.embed(["grass"])[0].numpy(), atol=1e-5)
    with torch.no_grad():
        alone = model.model.encode_text(model.tokenizer(["the sky above"]), normalize=True)
    assert np.allclose(found[1], alone[0].numpy(), atol=1e-5)
    assert len(sentences_of("grass")) == len(TEMPLATES)
    assert np.array_equal(open_texts(engine_.home, source, texts[::-1]), found[::-1])


def test_of_a_longer_list_only_what_is_new_is_embedded(source, engine_, monkeypatch):
    embed(engine_, "one", "two")
    made = []
    original = type(engine_.clip_model).embed_sentences
    monkeypatch.setattr(
        type(engine_.clip_model),
        "embed_sentences",
        lambda self, some: made.append(len(some)) or original(self, some),
    )
    embed(engine_, "two", "three", "one", "four", "four")
    assert made == [2]
    embed(engine_, "two", "three")
    assert made == [2]


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty"])
def test_a_damaged_part_is_made_again(source, engine_, tmp_path, damage):
    embed(engine_, "alpha")
    home = shutil.copytree(engine_.home, tmp_path / "home")
    before = open_texts(home, source, ["alpha"])
    for path in (home / "clip_features").glob("texts-*/*.npz"):
        content = {"cut": path.read_bytes()[:-40], "garbage": b"garbage", "empty": b""}[damage]
        path.write_bytes(content)
    assert open_texts(home, source, ["alpha"]) is None
    embed(TorchEngine(source, home), "alpha")
    assert np.array_equal(open_texts(home, source, ["alpha"]), before)


def test_embeddings_not_of_length_one_count_as_missing(source, engine_, tmp_path):
    store = TextStore(tmp_path, source)
    store.add([digest_of("a"), digest_of("b")], np.array([[0.6, 0.8], [0, 0]]))
    assert open_texts(tmp_path, source, ["b"]) is None
    assert open_texts(tmp_path, source, ["a"]).tolist() == [[np.float32(0.6), np.float32(0.8)]]


def test_many_parts_become_one_and_nothing_is_lost(source, tmp_path):
    store = TextStore(tmp_path, source)
    digests = [digest_of(str(number)) for number in range(80)]

    def add(number):
        store.add([digests[number]], np.eye(80)[number][None])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(80)))
    assert len(list(store.directory.glob("*.npz"))) <= engine.clip.texts.MOST_PARTS + 4
    assert len(store.known(digests)) == 80
    assert np.array_equal(open_texts(tmp_path, source, [str(i) for i in range(80)]), np.eye(80))


def test_an_interrupted_list_keeps_what_it_has(source, engine_, tmp_path, monkeypatch):
    monkeypatch.setattr(engine.clip.embed, "KEEP_EVERY", 2)
    monkeypatch.setattr(engine.clip.embed, "AT_ONCE", 1)
    home = shutil.copytree(engine_.home, tmp_path / "home")
    texts = tuple(f"word {number}" for number in range(5))
    job = TorchEngine(source, home).clip(ClipRequest(split="valid", workers=0, texts=texts))
    for progress in job:
        if progress.unit == "texts" and progress.done == 3:
            break
    job.close()
    store = TextStore(home, source)
    assert set(store.known([digest_of(text) for text in texts])) == {
        digest_of(text) for text in texts[:2]
    }


@pytest.mark.parametrize("text", ["", "   ", "🦩", "\udc80", "a" * 5000, "{}", "{0} {x!r}", "\0"])
def test_any_text_has_an_embedding(source, engine_, text):
    embed(engine_, text)
    assert open_texts(engine_.home, source, [text]).shape == (1, 16)


def test_an_image_file_is_embedded_as_those_of_the_split(source, engine_, tmp_path):
    cache_path = engine_.split("valid").samples[4].path
    file = tmp_path / "copy.png"
    shutil.copy(f"{source.data}/{cache_path}", file)
    assert open_image(engine_.home, source, file) is None
    embed(engine_, image=str(file))
    found = open_image(engine_.home, source, file)
    from engine.clip.image_features import open_clip_features
    from engine.features.cache import open_cache

    cache = open_cache(engine_.home, source, engine_.split("valid"))
    features, _ = open_clip_features(engine_.home, source, cache).at([4])
    assert np.allclose(found, features[0], atol=2e-3)


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_what_is_no_image_is_a_sentence(source, engine_, tmp_path, content):
    file = tmp_path / "x.png"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.png"):
        embed(engine_, image=str(file))
