"""The kinds of one thing: a file each in a package of ours, and third parties' entry points.

A kind's name is its file's, with hyphens where the registry says so, or its entry point's, so that
names are listed without importing any of them: `--help` and completion stay quick, whatever a kind
needs to compute.
"""

import importlib
import pkgutil
import warnings
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any, Generic, TypeVar

from engine.schema.errors import RequestError

Kind = TypeVar("Kind")
ATTRIBUTE = "KIND"
NOT_KINDS = ("base",)


class Registry(Generic[Kind]):
    """The kinds of one thing, by name.

    Args:
        package: Ours. Each module in it, but `base`, makes one kind and calls it `KIND`.
        group: The entry-point group of third parties. An entry point names an object of that kind,
            or a class that makes one.
        what: What one is called in sentences, such as `ranking`.
        hyphens: Whether names of ours have hyphens where their files have underscores.
    """

    def __init__(self, package: str, group: str, what: str, *, hyphens: bool = False) -> None:
        self.package, self.group, self.what, self.hyphens = package, group, what, hyphens
        self._loaded: dict[str, Kind] = {}
        self._failed: set[str] = set()

    def names(self) -> tuple[str, ...]:
        """Return all names, ours first, each part by the alphabet; nothing is imported."""
        ours = self._ours()
        return (*ours, *sorted(name for name in self._theirs() if name not in ours))

    def get(self, name: str) -> Kind:
        """Return one kind.

        Raises:
            RequestError: There is none of that name, or a third party's cannot be imported.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def all(self) -> dict[str, Kind]:
        """Return every kind that can be imported, by name; one that cannot costs a warning."""
        found = {}
        for name in self.names():
            try:
                found[name] = self.get(name)
            except RequestError as error:
                if name not in self._failed:
                    self._failed.add(name)
                    warnings.warn(str(error), RuntimeWarning, stacklevel=2)
        return found

    def _ours(self) -> tuple[str, ...]:
        path = importlib.import_module(self.package).__path__
        modules = (module.name for module in pkgutil.iter_modules(path))
        names = sorted(name for name in modules if name not in NOT_KINDS)
        return tuple(name.replace("_", "-") if self.hyphens else name for name in names)

    def _file(self, name: str) -> str:
        return name.replace("-", "_") if self.hyphens else name

    def _theirs(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in _entry_points(self.group)}

    def _load(self, name: str) -> Kind:
        if name in self._ours():
            module: Any = importlib.import_module(f"{self.package}.{self._file(name)}")
            kind: Kind = getattr(module, ATTRIBUTE)
            return kind
        point = self._theirs().get(name)
        if point is None:
            raise RequestError(
                f"Unknown {self.what} {name!r}; choose from {', '.join(self.names())}."
            )
        try:
            found: Any = point.load()
            return found() if isinstance(found, type) else found
        # a stranger's module raises anything as it is imported
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            raise RequestError(
                f"The {self.what} {name!r} of {point.value} cannot be imported "
                f"({type(error).__name__}: {first}); update or uninstall its package."
            ) from error


@cache
def _entry_points(group: str) -> EntryPoints:
    """Return a group's entry points: reading them takes some 10 ms, once."""
    return entry_points(group=group)
