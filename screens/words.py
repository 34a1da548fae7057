"""Numbers and findings as text, for screens and commands alike. No Textual, no torch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.schema.jobs import JobView

if TYPE_CHECKING:  # takes numpy, which --help does without
    from engine.words.naming_mistakes import ClassWords

MARKS = {
    "waiting": "○", "running": "●", "done": "✓", "failed": "✗", "interrupted": "‖",
    "cancelled": "–", "unknown": "?",
}  # fmt: skip
"""A job's state in one cell: by its shape, not by its colour."""


def percent(share: float | None, digits: int = 1) -> str:
    """Return `37.5%` of a share in 0 to 1, a dash for None."""
    return "–" if share is None else f"{100 * share:.{digits}f}%"


def points(difference: float | None) -> str:
    """Return `+2.5` percentage points of a difference of shares, nothing for None."""
    return "" if difference is None else f"{100 * difference:+.1f}"


def interval(low: float, high: float) -> str:
    """Return `[13.7 69.4]`: two shares in percent."""
    return f"[{100 * low:.1f} {100 * high:.1f}]"


def seconds(value: float | None) -> str:
    """Return `0:19` or `1:02:03`, nothing for None."""
    if value is None:
        return ""
    minutes, rest = divmod(max(0, round(value)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return `1 mistake`, `2 mistakes`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {plural or noun + 's'}"


def progress(job: JobView) -> str:
    """Return where a job is, such as `drawing 180/450 · 0:19 left`."""
    if job.state == "waiting":
        return f"waiting: {job.waiting}" if job.waiting else "waiting"
    if job.state != "running":
        return job.error or job.state
    parts = [job.stage or "starting"]
    if job.total:
        parts[0] += f" {job.step:,}/{job.total:,}"
    if job.images_per_second:
        parts.append(f"{job.images_per_second:.0f} images/s")
    if job.seconds_left is not None:
        parts.append(f"{seconds(job.seconds_left)} left")
    return " · ".join(parts)


DIFFERENCES = {
    "turned": "turned by EXIF, which the model does not see (init --exif turns them)",
    "transparent": "transparent, which the model does not see (init --background COLOR)",
    "deep": "of more than 8 bits a channel, which are clipped for the model",
}


def differences(differs: Mapping[str, int]) -> list[str]:
    """Return in what the model, as timm's loader does, sees some images otherwise than a person."""
    return [
        f"{counted(differs[kind], 'image')} {meaning}"
        for kind, meaning in DIFFERENCES.items()
        if differs.get(kind)
    ]


LOOKS_LIKE, OTHERS_LIKE = "its mistakes look like", "the others like"
WORDS_SHOWN = 3
"""Words of a side."""


def sides(found: "ClassWords", shown: int = WORDS_SHOWN) -> list[tuple[str, str]]:
    """Return what its mistakes look like and what the others do, each with its words.

    Where no word is shown, the reason stands alone.
    """
    titles = (LOOKS_LIKE, OTHERS_LIKE)
    lists = (found.looks_like, found.others_like)
    lines = [(title, ", ".join(some[:shown])) for title, some in zip(titles, lists, strict=True)]
    lines = [(title, words) for title, words in lines if words]
    return lines or [("", reason(found))]


def reason(found: "ClassWords") -> str:
    """Return why there is no word that could be a cause."""
    if found.why_not:
        return found.why_not
    names = ", ".join(word.word for word in found.words[:WORDS_SHOWN])
    return f"only names of classes separate its mistakes: {names}"


def counted_words(all_classes: Sequence["ClassWords"]) -> list[tuple[str, tuple[str, ...]]]:
    """Return each word that names mistakes, with the classes whose it does, most classes first."""
    classes: dict[str, list[str]] = {}
    for found in all_classes:
        for word in found.looks_like:
            classes.setdefault(word, []).append(found.class_.name)
    ordered = sorted(classes.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(word, tuple(names)) for word, names in ordered]
