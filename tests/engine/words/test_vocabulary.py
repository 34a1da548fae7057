import subprocess
import sys

import numpy as np
import pytest

import engine.words.vocabulary
from engine.schema.errors import DataError
from engine.words.vocabulary import CLASS, FILE, IMAGENET, LEMMA, Vocabulary, Word, vocabulary


@pytest.fixture(scope="module")
def built_in():
    return vocabulary(["sweet pea", "Bald  Eagle", "land"])


def by_text(found):
    return {word.text: word for word in found.words}


def test_the_built_in_words_are_there_each_once(built_in):
    words = by_text(built_in)
    assert len({word.text.casefold() for word in built_in.words}) == len(built_in.words)
    counts = {kind: sum(w.kind == kind for w in built_in.words) for kind in (CLASS, IMAGENET)}
    assert counts == {CLASS: 3, IMAGENET: 996}  # crane and maillot are two things, eagle a class
    others = [w for w in built_in.words if w.kind not in (CLASS, IMAGENET, LEMMA)]
    assert 500 < len(others) < 900
    assert 2300 < len(built_in.words) < 3000
    assert words["goldfish"].kind == IMAGENET
    assert words["Carassius auratus"].kind == LEMMA
    assert words["water"].kind == "landscape"
    assert words["striped"].prompt == "a photo of something striped"
    assert words["with a watermark"].prompt == "an image with a watermark"
    assert words["water"].prompt is None
    for word in built_in.words:
        assert word.text == word.text.strip()
        assert word.text.isprintable()
        assert word.text


def test_words_that_name_a_class_are_marked(built_in):
    marked = {word.text for word in built_in.words if word.is_class}
    assert marked == {
        "sweet pea", "Bald Eagle", "land", "American eagle", "Haliaeetus leucocephalus",
    }  # fmt: skip


def test_the_order_and_digest_are_stable(built_in):
    again = vocabulary(["sweet pea", "Bald  Eagle", "land"])
    assert again.words == built_in.words
    assert again.digest == built_in.digest
    assert vocabulary(["sweet pea"]).digest != built_in.digest


def test_a_file_adds_and_replaces(tmp_path, built_in):
    file = tmp_path / "words.txt"
    file.write_text(
        "\ufeff# my words\n\nchest drain\nWATER\ta photo of open water\nsweet pea\n{}\n", "utf-8"
    )
    found = vocabulary(["sweet pea", "Bald  Eagle", "land"], file)
    words = by_text(found)
    assert words["chest drain"] == Word("chest drain", None, FILE, False)
    assert words["WATER"] == Word("WATER", "a photo of open water", FILE, False)
    assert "water" not in words
    assert words["sweet pea"].is_class
    assert words["WATER"].entry == "WATER\ta photo of open water"
    assert len(found.words) == len(built_in.words) + 2
    assert found.digest != built_in.digest
    at = [word.text.casefold() for word in built_in.words].index("water")
    assert found.words[at].text == "WATER"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no words"),
        (b"# only a comment\n\n", "has no words"),
        (b"a\0b\n", "NUL"),
        (b"\xff\xfe\x00b\x00", "not UTF-8"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not UTF-8"),
        (b"fine\nbad \x1b[31mred\n", "Line 2 of .* control character"),
        (b"x" * 301, "over 300 characters"),
        (b"\ta prompt alone\n", "no word before the tab"),
        (b"".join(b"word %d\n" % number for number in range(100_000)), "over 20,000 words"),
        (b"x y\n" * 1_000_001, "over 4 MB"),
        (None, "no file of words"),
    ],
)
def test_a_file_that_is_no_list_of_words_is_one_sentence(tmp_path, content, sentence):
    file = tmp_path / "words.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        vocabulary(["a"], file)


def test_what_is_no_file_is_not_read(tmp_path):
    with pytest.raises(DataError, match="no file of words"):
        vocabulary(["a"], tmp_path)


def test_too_many_words_are_refused(monkeypatch):
    monkeypatch.setattr(engine.words.vocabulary, "MOST_WORDS", 100)
    with pytest.raises(DataError, match="100 are the most"):
        vocabulary(["a"])


def test_words_of_one_embedding_are_one_word():
    words = tuple(Word(text, None, "x", False) for text in "abcd")
    embeddings = np.array([[1, 0], [0, 1], [1, 1e-9], [0.6, 0.8]], np.float32)
    left, kept, dropped = Vocabulary(words).distinguished(embeddings)
    assert [word.text for word in left.words] == ["a", "b", "d"]
    assert kept.shape == (3, 2)
    assert dropped == 1


def test_timm_is_read_without_importing_it():
    script = (
        "import sys; from engine.words.vocabulary import vocabulary; "
        "print(len(vocabulary(['a']).words), {'timm', 'torch'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    count, rest = said.stdout.split(maxsplit=1)
    assert int(count) > 2000
    assert rest.strip() == "set()"


def test_the_names_are_those_of_timm():
    from timm.data import ImageNetInfo

    described = ImageNetInfo().label_descriptions()
    found = {word.text.casefold() for word in vocabulary(["a"]).words}
    assert all(some.split(",")[0].strip().casefold() in found for some in described)
