"""What words say, as text, for screens and commands alike. No Textual, no torch."""

from collections.abc import Sequence

from engine.words.naming_mistakes import ClassWords

LOOKS_LIKE, OTHERS_LIKE = "its mistakes look like", "the others like"
SHOWN = 3
"""Words of a side."""


def sides(found: ClassWords, shown: int = SHOWN) -> list[tuple[str, str]]:
    """Return what its mistakes look like and what the others do, each with its words.

    Where no word is shown, the reason stands alone.
    """
    titles = (LOOKS_LIKE, OTHERS_LIKE)
    lists = (found.looks_like, found.others_like)
    lines = [(title, ", ".join(some[:shown])) for title, some in zip(titles, lists, strict=True)]
    lines = [(title, words) for title, words in lines if words]
    return lines or [("", reason(found))]


def reason(found: ClassWords) -> str:
    """Return why there is no word that could be a cause."""
    if found.why_not:
        return found.why_not
    names = ", ".join(word.word for word in found.words[:SHOWN])
    return f"only names of classes separate its mistakes: {names}"


def counted_words(all_classes: Sequence[ClassWords]) -> list[tuple[str, tuple[str, ...]]]:
    """Return each word that names mistakes, with the classes whose it does, most classes first."""
    classes: dict[str, list[str]] = {}
    for found in all_classes:
        for word in found.looks_like:
            classes.setdefault(word, []).append(found.class_.name)
    ordered = sorted(classes.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(word, tuple(names)) for word, names in ordered]
