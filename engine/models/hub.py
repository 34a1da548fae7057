"""timm's pretrained weights: from the cache, else from the network, if there is one."""

import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import huggingface_hub.constants
from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled

from engine.schema.errors import ModelError

T = TypeVar("T")
NOT_CACHED = (LocalEntryNotFoundError, OfflineModeIsEnabled)
PATIENCE = 4.0  # seconds until a machine without network is told so; names may take longest


def with_weights(name: str, build: Callable[[], T]) -> T:
    """Return what `build` makes with weights of the Hugging Face hub, from its cache if there.

    Raises:
        ModelError: They are not in the cache, and the hub cannot be reached.
    """
    try:
        with _offline():
            return build()
    except NOT_CACHED as error:
        endpoint = huggingface_hub.constants.ENDPOINT
        if huggingface_hub.constants.is_offline_mode() or not _answers(endpoint):
            raise ModelError(
                f"The pretrained weights of {name} are not on this machine, and {endpoint} cannot "
                "be reached; on a machine without network give --checkpoint FILE."
            ) from error
    return build()


@contextmanager
def _offline() -> Iterator[None]:
    constants = huggingface_hub.constants
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _answers(url: str) -> bool:
    """Return whether a connection to a server, or to the proxy on the way, is accepted in time."""
    scheme = urlsplit(url).scheme
    found = urlsplit(urllib.request.getproxies().get(scheme) or url)
    port = found.port or (80 if found.scheme == "http" else 443)
    accepted = threading.Event()

    def connect() -> None:
        try:
            with socket.create_connection((found.hostname or "", port), timeout=PATIENCE):
                accepted.set()
        except OSError:
            pass

    thread = threading.Thread(target=connect, daemon=True)  # looking up a name has no time limit
    thread.start()
    thread.join(PATIENCE)
    return accepted.is_set()
