"""Reads one table of a fleet file key by key, and names file, table, entry and key in every complaint."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pipeline.errors import ConfigError

T = TypeVar("T", str, int, float, bool)

INFINITE = float("inf")
_WORDS: Mapping[type, str] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class TomlEntry:
    """One table of the file: take its keys, then :meth:`done` refuses what is left."""

    def __init__(self, place: str, values: object) -> None:
        """Keep a copy; ``place`` says where it stands, such as ``fleet demo, [[bus]] entry 2``.

        Raises:
            ConfigError: If ``values`` is no table.
        """
        if not isinstance(values, Mapping):
            raise ConfigError(f"{place}: expected a table, not {values!r}")
        self.place = place
        self._left: dict[str, Any] = dict(values)  # Any: a TOML value, checked as it is taken

    def need(self, key: str, kind: type[T]) -> T:
        """Take a key that must be there.

        Raises:
            ConfigError: If it is missing or of another kind.
        """
        if key not in self._left:
            raise self.wrong(key, "is missing")
        return self._checked(key, kind)

    def get(self, key: str, kind: type[T], default: T) -> T:
        """Take a key, or its default when it is not there.

        Raises:
            ConfigError: If it is of another kind.
        """
        return self._checked(key, kind) if key in self._left else default

    def choose(self, key: str, known: Collection[str], default: str | None = None) -> str:
        """Take a word that must be one of those known.

        Raises:
            ConfigError: If it is missing or unknown.
        """
        word = self.need(key, str) if default is None else self.get(key, str, default)
        if word not in known:
            raise self.wrong(key, f"has no {word!r}; known: {', '.join(sorted(known))}")
        return word

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of texts; empty when it is not there.

        Raises:
            ConfigError: If it is something else.
        """
        found = self._left.pop(key, [])
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise self.wrong(key, f'must be a list of texts, such as ["H-*"], not {found!r}')
        return tuple(found)

    def numbers(self, key: str) -> tuple[int, ...]:
        """Take a list of whole numbers; empty when it is not there.

        Raises:
            ConfigError: If it is something else.
        """
        found = self._left.pop(key, [])
        if not isinstance(found, list) or not all(type(item) is int for item in found):
            raise self.wrong(key, f"must be a list of whole numbers, such as [1, 3], not {found!r}")
        return tuple(found)

    def number(self, key: str, default: float | None, least: float, most: float) -> float:
        """Take a number between two bounds; without a default it must be there.

        Raises:
            ConfigError: If it is missing, no number, or out of bounds.
        """
        number = self.need(key, float) if default is None else self.get(key, float, default)
        if not least <= number <= most:
            bounds = f"{least:g} or more" if most == INFINITE else f"{least:g} to {most:g}"
            raise self.wrong(key, f"must be {bounds}, not {number:g}")
        return number

    def count(self, key: str, default: int, least: int = 1) -> int:
        """Take a whole number that is at least ``least``.

        Raises:
            ConfigError: If it is no such number.
        """
        number = self.get(key, int, default)
        if number < least:
            raise self.wrong(key, f"must be {least} or more, not {number}")
        return number

    def positive(self, key: str, default: float | None = None) -> float:
        """Take a number above 0; without a default it must be there.

        Raises:
            ConfigError: If it is missing or no such number.
        """
        number = self.need(key, float) if default is None else self.get(key, float, default)
        if not 0 < number < INFINITE:
            raise self.wrong(key, f"must be above 0, not {number:g}")
        return number

    def has(self, key: str) -> bool:
        """Tell whether a key is there and not taken yet."""
        return key in self._left

    def entries(self, key: str) -> list[TomlEntry]:
        """Take an array of tables; empty when it is not there.

        Raises:
            ConfigError: If it is something else.
        """
        found = self._left.pop(key, [])
        if not isinstance(found, list):
            raise self.wrong(key, f"must be [[{key}]], an array of tables")
        return [TomlEntry(f"{self.place}, [[{key}]] entry {n}", item) for n, item in enumerate(found, 1)]

    def table(self, key: str) -> TomlEntry:
        """Take a table below this one; empty when it is not there."""
        return TomlEntry(f"{self.place}, [{key}]", self._left.pop(key, {}))

    def done(self) -> None:
        """Refuse keys that nobody took.

        Raises:
            ConfigError: Naming them.
        """
        if self._left:
            names = ", ".join(map(repr, sorted(self._left)))
            raise ConfigError(f"{self.place}: unknown keys {names}")

    def wrong(self, key: str, what: str) -> ConfigError:
        """Return the complaint about a key, to be raised."""
        return ConfigError(f"{self.place}: key {key!r} {what}")

    def _checked(self, key: str, kind: type[T]) -> T:
        value: Any = self._left.pop(key)  # Any: straight from TOML, checked here
        if kind is float and type(value) is int:
            value = float(value)
        # TOML gives exact types, and true is no whole number here.
        if type(value) is not kind:
            raise self.wrong(key, f"must be {_WORDS[kind]}, not {value!r}")
        checked: T = value
        return checked
