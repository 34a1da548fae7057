"""A share as a bar, values as a line of blocks. Pure, and without Textual."""

from collections.abc import Sequence

EIGHTHS = " ▏▎▍▌▋▊▉"
LEVELS = "▁▂▃▄▅▆▇█"


def bar(share: float | None, width: int = 10) -> str:
    """Return a bar of eighth blocks; nothing for None."""
    if share is None:
        return ""
    full, part = divmod(round(share * width * 8), 8)
    return ("█" * full + (EIGHTHS[part] if part else "")).ljust(width, "░")


def interval(low: float, high: float) -> str:
    """Return `[13.7 69.4]`: two shares in percent."""
    return f"[{100 * low:.1f} {100 * high:.1f}]"


def sparkline(
    values: Sequence[float | None], low: float | None = None, high: float | None = None
) -> str:
    """Return a block a value, from `low` to `high` or their own range; a space for None."""
    known = [value for value in values if value is not None]
    least = min(known, default=0.0) if low is None else low
    spread = (max(known, default=0.0) if high is None else high) - least
    return "".join(" " if value is None else _level(value - least, spread) for value in values)


def _level(above: float, spread: float) -> str:
    if spread <= 0:
        return LEVELS[3]
    return LEVELS[max(0, min(round(above / spread * 7), 7))]
