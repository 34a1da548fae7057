"""A share as a bar. Pure, and without Textual."""

EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float | None, width: int = 10) -> str:
    """Return a bar of eighth blocks; nothing for None."""
    if share is None:
        return ""
    full, part = divmod(round(share * width * 8), 8)
    return ("█" * full + (EIGHTHS[part] if part else "")).ljust(width, "░")


def interval(low: float, high: float) -> str:
    """Return `[13.7 69.4]`: two shares in percent."""
    return f"[{100 * low:.1f} {100 * high:.1f}]"
