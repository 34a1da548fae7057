"""The words that images, mistakes and neurons may be called by. No torch.

Built in are the class names, ImageNet's 1,000 classes with WordNet's other names for them (Fellbaum
1998; read from the files that timm installs, without importing it), and words written for this:
scenes, materials, colours, light, views, artefacts. A person's file adds words of a domain.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from engine.io.atomic import key_of
from engine.schema.arrays import Array
from engine.schema.errors import DataError

MOST_WORDS = 20_000
"""Words of a vocabulary: their embeddings and cosines are held in memory."""
MOST_BYTES = 4_000_000
LONGEST = 300
"""Characters of a word, or of its prompt: a CLIP reads some 70 tokens."""
CLASS, IMAGENET, LEMMA, FILE = "class", "imagenet", "lemma", "file"
"""Kinds of words, besides those of contexts.txt."""
CLOSE_DIGITS = 5


@dataclass(frozen=True)
class Word:
    """A word, or a few, that something may be called by."""

    text: str
    """As it is shown."""
    prompt: str | None
    """The one sentence that is embedded for it; None: the text in each of the templates."""
    kind: str
    """Where it is from: class, imagenet, lemma, file, or a kind of contexts.txt."""
    is_class: bool
    """Whether it names one of the classes: the class itself explains no mistake."""

    @property
    def entry(self) -> str:
        """The text to embed: `engine.clip.texts` takes it."""
        return self.text if self.prompt is None else f"{self.text}\t{self.prompt}"


@dataclass(frozen=True)
class Vocabulary:
    """Words, each once whatever its capitals, in an order that never changes."""

    words: tuple[Word, ...]

    @cached_property
    def digest(self) -> str:
        """A hash of the words and prompts in their order."""
        return key_of([(w.text, w.prompt, w.kind, w.is_class) for w in self.words], 16)

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts to embed, in order."""
        return tuple(word.entry for word in self.words)

    def distinguished(self, embeddings: Array) -> tuple["Vocabulary", Array, int]:
        """Leave out words that a CLIP cannot tell from an earlier one: their embeddings are equal.

        So it is with words beyond its tokens or beyond the length that it reads.

        Args:
            embeddings: (n, E), of the words in order.

        Returns:
            The words that stay, their embeddings, and how many were left out.
        """
        _, first = np.unique(embeddings.round(CLOSE_DIGITS), axis=0, return_index=True)
        kept = np.sort(first)
        left = Vocabulary(tuple(self.words[row] for row in kept))
        return left, embeddings[kept], len(self.words) - len(kept)


def vocabulary(classes: Sequence[str], file: Path | None = None) -> Vocabulary:
    """Return the built-in words and those of a file.

    Args:
        classes: Class names for people.
        file: A word a line, or a word, a tab and the one sentence that is embedded for it; empty
            lines and those that begin with # are ignored. A word that is built in takes the file's
            place and prompt; all others are added.

    Raises:
        DataError: The file cannot be read or is no list of words, or there are too many words.
    """
    named = _class_names(classes)
    found: dict[str, Word] = {}
    for text, prompt, kind in (*_built_in(classes), *(_read(file) if file else ())):
        key = text.casefold()
        if key in found and kind != FILE:
            continue
        found[key] = Word(text, prompt, kind, key in named)
    if len(found) > MOST_WORDS:
        beside = f" with the {len(classes)} classes" if file is None else f" with those of {file}"
        raise DataError(f"There are {len(found):,} words{beside}; {MOST_WORDS:,} are the most.")
    return Vocabulary(tuple(found.values()))


def _built_in(classes: Sequence[str]) -> Iterator[tuple[str, str | None, str]]:
    for name in classes:
        if text := " ".join(name.split()):
            yield text, None, CLASS
    lemmas = _imagenet()
    yield from ((names[0], None, IMAGENET) for names in lemmas)
    yield from ((name, None, LEMMA) for names in lemmas for name in names[1:])
    yield from _contexts()


def _class_names(classes: Sequence[str]) -> frozenset[str]:
    """Return what names a class: its name, and ImageNet's other names of the same thing."""
    own = {" ".join(name.split()).casefold() for name in classes}
    more = {
        name.casefold()
        for names in _imagenet()
        if own & {name.casefold() for name in names}
        for name in names
    }
    return frozenset(own | more)


@cache
def _imagenet() -> tuple[tuple[str, ...], ...]:
    """Return the names of ImageNet's 1,000 classes, each class's usual one first.

    Raises:
        DataError: timm is not installed whole.
    """
    spec = find_spec("timm")
    where = spec.submodule_search_locations if spec else None
    if not where:
        raise DataError("timm is not installed; run: pip install timm.")
    folder = Path(next(iter(where))) / "data" / "_info"
    try:
        synsets = (folder / "imagenet_synsets.txt").read_text("utf-8").split()
        lines = (folder / "imagenet_synset_to_lemma.txt").read_text("utf-8").splitlines()
    except OSError as error:
        raise DataError(f"Cannot read timm's own {folder}: {error.strerror}.") from error
    lemmas = dict(line.split("\t", 1) for line in lines if "\t" in line)
    return tuple(
        tuple(name.strip() for name in lemmas[synset].split(",") if name.strip())
        for synset in synsets
    )


@cache
def _contexts() -> tuple[tuple[str, str | None, str], ...]:
    text = files("engine.words").joinpath("data", "contexts.txt").read_text("utf-8")
    found: list[tuple[str, str | None, str]] = []
    for line in _lines(text):
        head, _, words = line.partition(":")
        kind, _, prompt = (part.strip() for part in head.partition("|"))
        found += (
            (word, prompt.format(word) if prompt else None, kind)
            for word in map(str.strip, words.split(","))
        )
    return tuple(found)


def _lines(text: str) -> Iterable[str]:
    lines = (line.strip() for line in text.splitlines())
    return (line for line in lines if line and not line.startswith("#"))


def _read(file: Path) -> Iterator[tuple[str, str | None, str]]:
    """Yield the words of a person's file."""
    count = 0
    for number, line in enumerate(_text(file).splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        word, prompt = (part.strip() for part in line.partition("\t")[::2])
        for part in (word, prompt):
            if not part.isprintable() or len(part) > LONGEST:
                raise DataError(
                    f"Line {number} of {file} is no word: it has a control character, or over "
                    f"{LONGEST} characters."
                )
        if not word:
            raise DataError(f"Line {number} of {file} has a prompt but no word before the tab.")
        count += 1
        if count > MOST_WORDS:
            raise DataError(f"{file} has over {MOST_WORDS:,} words; give the most telling ones.")
        yield " ".join(word.split()), prompt or None, FILE
    if not count:
        raise DataError(f"{file} has no words; write one a line.")


def _text(file: Path) -> str:
    try:
        if not file.is_file():
            raise DataError(f"There is no file of words {file}.")
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"Cannot read the words of {file}: {reason}.") from error
    if len(content) > MOST_BYTES:
        raise DataError(f"{file} has over {MOST_BYTES // 1_000_000} MB: it is no list of words.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8 text; give a list of words, one a line.") from error
    if "\0" in text:
        raise DataError(f"{file} holds NUL bytes: it is no list of words.")
    return text
