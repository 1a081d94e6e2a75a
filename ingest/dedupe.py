"""Dedupe: a memory of what was committed lately. It saves a round trip, never the guarantee."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


class RecentKeys:
    """The last `capacity` keys that were committed, oldest forgotten first."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._keys: OrderedDict[Hashable, None] = OrderedDict()

    def admit(self, keyed: Iterable[tuple[Hashable, Item]]) -> list[Item]:
        """Those items whose key is not among the recent ones, each key once."""
        seen: set[Hashable] = set()
        admitted = []
        for key, item in keyed:
            if key not in self._keys and key not in seen:
                seen.add(key)
                admitted.append(item)
        return admitted

    def remember(self, keys: Sequence[Hashable]) -> None:
        """Call it after the commit, never before."""
        self._keys.update(dict.fromkeys(keys))
        while len(self._keys) > self._capacity:
            self._keys.popitem(last=False)
