"""What `groups make` makes groups from: directions, neurons, texts, a file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.schema.errors import DataError, RequestError
from neuroinspect_tui.cli.output import note

if TYPE_CHECKING:
    from engine.data.splits import Split
    from engine.features.cache import FeatureCache
    from engine.grouping.described import Described, Space
    from engine.grouping.finding import Found
    from engine.grouping.store import Member, Origin
    from engine.schema.arrays import Array
    from engine.words.space import WordSpace
    from neuroinspect_tui.cli.opening import Opened

SAME = 1e-5
"""Embeddings closer than this are of texts that a CLIP cannot tell apart."""
LONGEST = 300
"""Characters of a text: a CLIP reads some 70 tokens."""


@dataclass(frozen=True)
class Asked:
    """What to group."""

    opened: "Opened"
    classes: Sequence[int]
    splits: Sequence[str] | None
    """None: the evaluation split and the training split."""
    seed: int

    def listed(self) -> "list[Split]":
        """List the splits to group; the training split may be absent unless it is asked for."""
        from engine.data.splits import open_split

        source = self.opened.source
        if self.splits:
            return [open_split(source, name) for name in dict.fromkeys(self.splits)]
        found = [self.opened.split()]
        try:
            training = open_split(source, source.train_split)
        except DataError as error:
            note(f"The training split gets no groups: {error}")
        else:
            found += [training] * (training.name != found[0].name)
        return found


def from_directions(asked: Asked, space: "Space | None") -> "tuple[list[Member], Origin]":
    """Divide classes by the direction of their mistakes, in a space or in the clearer one.

    Raises:
        RequestError: No class is divided.
        ClipError: The workspace names no CLIP, or it cannot be loaded.
    """
    from engine.features.halves import halves
    from engine.grouping.choosing import find_kinds
    from engine.grouping.described import CLIP, FEATURES
    from engine.grouping.finding import by_directions

    opened, splits = asked.opened, asked.listed()
    cache, clip = opened.cache(), None
    if space == CLIP or (space is None and opened.source.has_clip):
        clip = opened.described(cache, wanted=space == CLIP)
    selection, _ = halves(cache, asked.seed)
    if space is None:
        found = find_kinds(cache, selection, asked.classes, asked.seed, clip)
    else:
        images = clip if space == CLIP else None
        found = by_directions(cache, selection, asked.classes, asked.seed, images)
        found = replace(found, why="As asked for.")
    _say_of(found)
    words = _word_space(opened, cache, make=space != FEATURES)
    found = _named(found, cache, clip, words, selection, asked.seed)
    return _laid(asked, splits, found, selection, source="directions", images=clip)


def from_neurons(asked: Asked, neurons: Sequence[int]) -> "tuple[list[Member], Origin]":
    """Divide classes by how strongly neurons fire.

    Raises:
        RequestError: There is no such neuron, or no class is divided.
    """
    from engine.features.halves import halves
    from engine.grouping.cutting import by_neurons

    splits, cache = asked.listed(), asked.opened.cache()
    selection, _ = halves(cache, asked.seed)
    found = by_neurons(cache, selection, asked.classes, neurons)
    _say_of(found)
    words = _word_space(asked.opened, cache, make=False)
    found = _named(found, cache, None, words, selection, asked.seed)
    return _laid(asked, splits, found, selection, source="neurons", neurons=tuple(neurons))


def from_words(asked: Asked, words: str) -> "tuple[list[Member], Origin]":
    """Divide classes by which of two words their images are more like.

    Raises:
        RequestError: They are not two words, or CLIP does not know them.
        ClipError: The workspace names no CLIP, or it cannot be loaded.
    """
    parts = [_text(part) for part in words.split(",")]
    if len(parts) != 2 or not all(parts):
        raise RequestError(
            f"--words takes two words and a comma, such as land,water; not {words!r}."
        )
    first, second = parts
    if first.casefold() == second.casefold():
        raise RequestError(f"--words {words} names one word twice; give two.")
    return _from_texts(asked, (first, second), (first, second), "words")


def from_query(asked: Asked, queries: Sequence[str]) -> "tuple[list[Member], Origin]":
    """Divide classes by how like a text their images are; errors as those of `from_words`."""
    if len(queries) != 1:
        raise RequestError("A grouping is made from one query; give --query once.")
    query = _text(queries[0])
    if not query:
        raise RequestError("--query is empty; give a text, such as 'a bird on water'.")
    return _from_texts(asked, (query,), (f"like {query}", f"unlike {query}"), "query")


def _text(text: str) -> str:
    text = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    if len(text) > LONGEST or not text.isprintable():
        raise RequestError(
            f"{text[:40]!r}... is too long or has a control character; give a text of at most "
            f"{LONGEST} characters."
        )
    return text


def _from_texts(
    asked: Asked, texts: tuple[str, ...], values: tuple[str, str], source: str
) -> "tuple[list[Member], Origin]":
    from engine.clip.identity import clip_key
    from engine.features.halves import halves
    from engine.grouping.cutting import by_texts
    from engine.grouping.described import by_clip
    from engine.words.known import why_unknown_texts
    from engine.words.opening import word_list, word_space

    opened = asked.opened
    clip_key(opened.home, opened.source)  # before long work: is there a CLIP?
    splits, listed = asked.listed(), word_list(opened.split().classes)
    entries = {word.text.casefold(): word.entry for word in listed.vocabulary.words}
    wanted = [entries.get(text.casefold(), text) for text in texts]
    features, embedded = opened.clip(texts=(*listed.texts, *wanted), whole=True)
    known, own = embedded[: len(listed.texts)], embedded[len(listed.texts) :]
    cache = opened.cache()
    selection, _ = halves(cache, asked.seed)
    space = word_space(cache, features, listed, known).among(selection)
    if len(own) == 2 and abs(own[0] - own[1]).max() < SAME:
        raise RequestError(
            f"This CLIP cannot tell “{texts[0]}” from “{texts[1]}”: their embeddings are equal."
        )
    if why := why_unknown_texts(space, own, texts, asked.seed):
        raise RequestError(
            f"No groups by --{source}: {why}; give other words, or make groups by directions, "
            "which need none (neither --words nor --query)."
        )
    direction = own[0] - own[1] if len(own) == 2 else own[0]
    found = by_texts(cache, by_clip(features), selection, asked.classes, direction, values)
    _say_of(found)
    return _laid(
        asked, splits, found, selection, source=source, texts=texts, images=by_clip(features)
    )


def _word_space(opened: "Opened", cache: "FeatureCache", *, make: bool) -> "WordSpace | None":
    """Return words in the evaluation split's images: made, or only where they are there."""
    from engine.words.opening import open_space, word_list, word_space

    if not opened.source.has_clip:
        return None
    if not make:
        return open_space(opened.home, opened.source, cache)
    listed = word_list(cache.classes)
    features, embedded = opened.clip(texts=listed.texts, whole=True)
    return word_space(cache, features, listed, embedded)


def _named(
    found: "Found",
    cache: "FeatureCache",
    clip: "Described | None",
    words: "WordSpace | None",
    selection: "Array",
    seed: int,
) -> "Found":
    """Return what was found with words for both kinds, looked for on the selection images."""
    from engine.grouping.described import CLIP
    from engine.words.naming_kinds import name_kinds

    if words is None:
        return found
    values = found.apply(cache, clip if found.space == CLIP else None)
    return name_kinds(words.among(selection), found, values, seed)


def _laid(
    asked: Asked,
    splits: "Sequence[Split]",
    found: "Found",
    selection: "Array",
    *,
    source: str,
    images: "Described | None" = None,
    **more: Any,
) -> "tuple[list[Member], Origin]":
    """Give every image of the splits its value, and say what was found on which images."""
    from engine.clip.identity import clip_key
    from engine.grouping.described import CLIP, by_features
    from engine.grouping.laying import members_of
    from engine.grouping.making import origin_of_found

    opened = asked.opened
    cache = opened.cache(quiet=True)
    members = []
    for listed in splits:
        some = opened.cache(listed.name, quiet=listed.name == cache.meta.split)
        if found.space != CLIP:
            seen = by_features(some)
        elif images is not None and listed.name == cache.meta.split:
            seen = images
        else:
            seen = opened.described(some, wanted=True)
        members += members_of(found, some, seen)
        if lacking := found.lacking(some, seen):
            note(lacking)
    named = found.space == CLIP or any(kind.words for kind in found.kinds)
    key = clip_key(opened.home, opened.source) if named else ""
    made = origin_of_found(found, cache, selection, asked.seed, source, clip=key, **more)
    return members, made


def _say_of(found: "Found") -> None:
    """Say on stderr which classes are not divided.

    Raises:
        RequestError: None is.
    """
    if found.refusal:
        raise RequestError(
            f"{found.refusal}; a file (--csv), a neuron (--neuron) or words (--words) may tell "
            "them."
        )
    note(*found.notes)


def from_csv(asked: Asked, file: Path) -> "tuple[list[Member], Origin]":
    """Take values from a table.

    Raises:
        DataError: It is none, or has no values for these images.
    """
    from engine.grouping.laying import matched
    from engine.grouping.making import now, versions
    from engine.grouping.store import Origin, read_members

    file = file.expanduser().absolute()
    members, left = matched(read_members(file), asked.listed(), asked.classes, file)
    if left:
        note(f"{left} rows of {file} are of no image of these splits and classes.")
    origin = Origin(source="csv", created=now(), file=str(file), versions=versions())
    return members, origin
