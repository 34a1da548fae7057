"""How a workspace spells where weights come from; only this module knows the spellings."""

from pathlib import Path

NONE = "none"
LOCAL = "local-dir:"


def local_directory(spec: str) -> Path | None:
    """Return DIR of `local-dir:DIR`; None for any other model or CLIP."""
    return Path(spec.removeprefix(LOCAL)) if spec.startswith(LOCAL) else None


def local_spec(directory: Path | str) -> str:
    """Return `local-dir:DIR`."""
    return f"{LOCAL}{directory}"
