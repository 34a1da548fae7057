"""The splits that a workspace uses, and what of the data is not read. No torch."""

from engine.data.splits import Split, list_split
from engine.schema.errors import DataError
from engine.schema.requests import Source


def listed(
    source: Source, *, must_train: bool = False
) -> tuple[Split, Split | None, tuple[str, ...]]:
    """List the evaluation and the training split, and say what of the data is not read. No torch.

    Args:
        source: What the user names.
        must_train: Whether the training split must be there: it was named.

    Raises:
        EngineError: The data cannot be read.
    """
    evaluation = list_split(source, source.eval_split)
    notes = []
    try:
        training = list_split(source, source.train_split)
    except DataError as error:
        if must_train:
            raise
        training = None
        notes.append(f"Nothing can be trained here: {error}")
    notes += [_skipped(split) for split in (evaluation, training) if split and split.skipped]
    return evaluation, training, tuple(notes)


def _skipped(split: Split) -> str:
    first = split.skipped[0]
    n = len(split.skipped)
    many = f"{n} file" + "s" * (n > 1)
    return f"{split.name}: {many} not read, the first {first.path}: {first.reason}."
