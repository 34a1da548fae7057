"""Expected failures: each message is one sentence saying what is wrong, where, and the mend."""


class EngineError(Exception):
    """Base of every expected failure; `str(error)` is fit to show to a person."""


class ModelError(EngineError):
    """The architecture is unknown, or its decision is not one linear layer."""


class CheckpointError(EngineError):
    """The checkpoint is missing, unreadable, unsafe, or does not fit the model."""


class DataError(EngineError):
    """The images, the split or the class names are missing or malformed."""


class StorageError(EngineError):
    """The feature cache of features is missing, damaged, or cannot be written."""


class RequestError(EngineError):
    """A question that cannot be asked of this model and data."""


class ClipError(EngineError):
    """CLIP is unknown, or cannot be loaded."""


class EditError(EngineError):
    """No such edit, or it does not belong to this model."""
