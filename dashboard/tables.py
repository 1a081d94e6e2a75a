"""Rows that remember when they changed, so that each browser gets only what it lacks."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


class Table(Generic[Key, Row]):
    """The newest row of each key, with the version at which it came."""

    def __init__(self) -> None:
        self._rows: dict[Key, tuple[int, Row]] = {}
        self._gone: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[Row]:
        return (row for _, row in self._rows.values())

    def get(self, key: Key) -> Row | None:
        """The row of `key`, None where there is none."""
        entry = self._rows.get(key)
        return entry[1] if entry else None

    def put(self, key: Key, row: Row, version: int) -> bool:
        """Keep a row; False where it is the same as before."""
        entry = self._rows.get(key)
        if entry is not None and entry[1] == row:
            return False
        self._rows[key] = (version, row)
        self._gone.pop(key, None)
        return True

    def drop(self, key: Key, version: int) -> bool:
        """Forget a row; False where there was none."""
        if self._rows.pop(key, None) is None:
            return False
        self._gone[key] = version
        return True

    def keep_only(self, keys: Iterable[Key], version: int) -> bool:
        """Forget all rows of other keys; False where there were none."""
        others = self._rows.keys() - set(keys)
        for key in others:
            self.drop(key, version)
        return bool(others)

    def since(self, version: int) -> list[Row]:
        """The rows that came after `version`."""
        return [row for at, row in self._rows.values() if at > version]

    def gone_since(self, version: int) -> list[Key]:
        """The keys forgotten after `version`."""
        return [key for key, at in self._gone.items() if at > version]

    def forget_gone(self, before: int) -> None:
        """Keep no memory of what was forgotten up to version `before`."""
        self._gone = {key: at for key, at in self._gone.items() if at > before}
