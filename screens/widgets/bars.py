"""A share as a bar. Pure, and without Textual."""

EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float | None, width: int = 10) -> str:
    """Return a bar of eighth blocks; nothing for None."""
    if share is None:
        return ""
    full, part = divmod(round(share * width * 8), 8)
    return ("█" * full + (EIGHTHS[part] if part else "")).ljust(width, "░")
