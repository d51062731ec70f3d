"""Plug-ins found by dropping a file into a folder or one of its sub-folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pkgutil import walk_packages
from types import MappingProxyType
from typing import Generic, TypeVar

from pipeline.errors import PluginError

T = TypeVar("T")


class PluginRegistry(Generic[T]):
    """The named plug-ins of one folder, imported on first use."""

    def __init__(self, package: str) -> None:
        """Look for plug-ins in every module below ``package``."""
        self._package = package
        self._entries: dict[str, T] = {}
        self._loaded = False

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that files a plug-in under ``name``."""

        def file(entry: T) -> T:
            if name in self._entries:
                raise PluginError(f"two plug-ins of {self._package} are called {name!r}")
            self._entries[name] = entry
            return entry

        return file

    def all(self) -> Mapping[str, T]:
        """Return every plug-in by name, importing the folder's modules once."""
        if not self._loaded:
            package = import_module(self._package)
            for module in sorted(m.name for m in walk_packages(package.__path__, package.__name__ + ".")):
                import_module(module)
            self._loaded = True
        return MappingProxyType(dict(sorted(self._entries.items())))

    def get(self, name: str) -> T:
        """Return the plug-in called ``name``.

        Raises:
            PluginError: If there is none; the message lists those there are.
        """
        try:
            return self.all()[name]
        except KeyError:
            known = ", ".join(self.all())
            raise PluginError(f"{self._package} has no {name!r}; it has: {known}") from None
