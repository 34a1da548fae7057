"""From a workspace to a bank: read from disk without torch, or filled first, with progress."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.bank import Bank, find_bank
from engine.class_names import find_class
from engine.data import Split, open_split
from engine.requests import BankRequest, Source
from neuroinspect_tui.cli.progress import follow
from neuroinspect_tui.workspace import find_home, read_source

if TYPE_CHECKING:
    from engine.session import TorchEngine


@dataclass(frozen=True)
class Opened:
    """A workspace and what it names."""

    home: Path
    source: Source

    @property
    def root(self) -> Path:
        """Where its banks lie."""
        return self.home / "bank"

    def engine(self) -> "TorchEngine":
        """Load torch, at last."""
        from engine.session import TorchEngine

        return TorchEngine(self.source, self.home)

    def bank(self, split: str | None = None, *, batch_size: int = 0, workers: int = -1) -> Bank:
        """Return the bank of a split [default: the evaluation split], filling it where needed."""
        name = split or self.source.eval_split
        listing = open_split(self.source, name)
        directory = find_bank(self.root, self.source, listing)
        if not (directory / "meta.json").is_file():
            request = BankRequest(split=name, batch_size=batch_size, workers=workers)
            follow(self.engine().bank(request), first="importing torch")
        return Bank(directory, listing)

    def split(self) -> Split:
        """List the evaluation split."""
        return open_split(self.source, self.source.eval_split)


def open_workspace(workspace: Path | None, device: str | None = None) -> Opened:
    """Find and read a workspace."""
    home = find_home(workspace)
    source = read_source(home)
    if device is not None:
        source = msgspec.structs.replace(source, device=device)
    return Opened(home, source)


def class_of(bank: Bank, key: str) -> int:
    """Return the index of a class named on the command line."""
    return find_class(key, bank.classes, bank.meta.folders)
