"""Data readers, a module each: the formats of image data that can be read.

A new format is a new module here that calls its reader `KIND`, or an entry point of a third party
in the group `neuroinspect_tui.readers`. `engine.data.readers.base` says what a reader is.
"""

from engine.data.readers.base import Reader
from engine.schema.registry import Registry

READERS: Registry[Reader] = Registry(
    "engine.data.readers", "neuroinspect_tui.readers", "data reader"
)
