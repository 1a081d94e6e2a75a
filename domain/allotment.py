"""What a polling station is due of each item, and what differs from it on the way.

Ballots: the voters' list (DPT) plus the reserve, rounded up at each station, so that the sum
over stations is never less than the reserve of the sum. What no public source settles
(booths, ink, seals) is set in `materials`. Ballots for a repeated vote are held at the
province and are no station's due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import NamedTuple, TypeAlias

from domain.manifest_words import Election, Item
from domain.manifests import Station
from domain.settings import Materials

Key: TypeAlias = tuple[Item, Election | None]


class Due(NamedTuple):
    """So many of an item; of ballots, `reserve` of them are beyond the voters' list."""

    item: Item
    election: Election | None
    qty: int
    reserve: int = 0


class Received(NamedTuple):
    """What was counted at a receipt. Damaged ones, light or heavy, are among those received."""

    qty: int
    damaged: int = 0


@lru_cache(maxsize=16)
def _share(pct: float) -> Fraction:
    # By way of its shortest text, for 2.2 as a binary float is a little more than 2.2.
    return Fraction(str(pct)) / 100


def ballots_due(voters: int, materials: Materials) -> int:
    """Ballots for `voters` on the list: as many, and the reserve rounded up.

    Raises ValueError for a negative number of voters.
    """
    if voters < 0:
        raise ValueError(f"voters: must not be negative, is {voters}")
    return voters + ceil(voters * _share(materials.reserve_pct))


def due(station: Station, materials: Materials) -> list[Due]:
    """What `station` is due: ballots and a box for each election, then what it has once."""
    elections = sorted(station.voters)
    ballots = [_ballots(election, station.voters[election], materials) for election in elections]
    boxes = [Due(Item.BALLOT_BOX, election, 1) for election in elections]
    once = {
        Item.BOOTH: materials.booths_per_station,
        Item.INK: materials.ink_per_station,
        Item.SEAL: materials.seals_per_box * len(boxes),
    }
    return ballots + boxes + [Due(item, None, qty) for item, qty in once.items()]


def _ballots(election: Election, voters: int, materials: Materials) -> Due:
    qty = ballots_due(voters, materials)
    return Due(Item.BALLOT, election, qty, reserve=qty - voters)


def total(dues: Iterable[Due]) -> list[Due]:
    """What several stations are due together, in the order in which the items first come."""
    qty: Counter[Key] = Counter()
    reserve: Counter[Key] = Counter()
    for item, election, number, beyond in dues:
        qty[item, election] += number
        reserve[item, election] += beyond
    return [
        Due(item, election, qty[item, election], reserve[item, election]) for item, election in qty
    ]


class Difference(NamedTuple):
    """How due, sent and received of one item compare; positive numbers are too few.

    Over several stations a surplus of one hides a shortfall of another: judge damage and
    reserve station by station.
    """

    item: Item
    election: Election | None
    due: int
    sent: int
    received: int
    damaged: int
    reserve: int

    @property
    def unsent(self) -> int:
        """Due and not sent; negative: more was sent than is due."""
        return self.due - self.sent

    @property
    def missing(self) -> int:
        """Sent and not received; negative: more was received than was sent."""
        return self.sent - self.received

    @property
    def reserve_left(self) -> int:
        """Sound ones received beyond one for each voter; negative: voters without a ballot."""
        return self.received - self.damaged - (self.due - self.reserve)

    @property
    def damaged_over_reserve(self) -> bool:
        """Whether more ballots are damaged than the reserve can replace."""
        return self.item is Item.BALLOT and self.damaged > self.reserve

    @property
    def agrees(self) -> bool:
        """Whether all that is due was sent and received, without damage."""
        return self.due == self.sent == self.received and not self.damaged


def differences(
    dues: Iterable[Due], sent: Mapping[Key, int], received: Mapping[Key, Received]
) -> list[Difference]:
    """One row for each item and election that is due, was sent or was received."""
    by_key: dict[Key, Due] = {(each.item, each.election): each for each in total(dues)}
    nothing = Received(0)
    rows = []
    for item, election in dict.fromkeys([*by_key, *sent, *received]):
        wanted = by_key.get((item, election), Due(item, election, 0))
        counted = received.get((item, election), nothing)
        rows.append(
            Difference(
                item,
                election,
                due=wanted.qty,
                sent=sent.get((item, election), 0),
                received=counted.qty,
                damaged=counted.damaged,
                reserve=wanted.reserve,
            )
        )
    return rows
