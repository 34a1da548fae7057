"""Expected failures: each message is one sentence naming the problem, the file, and the remedy."""


class EngineError(Exception):
    """Base of every expected failure; `str(error)` is shown to users as it is."""


class ModelError(EngineError):
    """The architecture or device is unknown, or the head is not one linear layer."""


class CheckpointError(EngineError):
    """The checkpoint is missing, unreadable, unsafe, or does not fit the model."""


class DataError(EngineError):
    """The images, the split or the class names are missing or malformed."""


class StorageError(EngineError):
    """A file of the workspace is missing, damaged, or cannot be written."""


class RequestError(EngineError):
    """The request is invalid for this model and these data."""


class ClipError(EngineError):
    """The CLIP model is unknown or cannot be loaded."""


class EditError(EngineError):
    """The edit is unknown, damaged, or was made from other weights."""
