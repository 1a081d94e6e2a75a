"""Counts: what was sent, due and received of each item.

Judged where a station counts what was sent to it, and where the whole manifest is received
at once. An item that a receipt does not name was not counted: that is no shortage.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from domain.discrepancies import Discrepancy, Evidence
from domain.manifest_words import Election, Item
from domain.plan_words import Direction
from domain.reconciliation_case import Case
from domain.reconciliation_found import found_in
from domain.reconciliation_words import DiscrepancyKind

BALLOTS = frozenset({Item.BALLOT, Item.REVOTE_BALLOT})
Goods = tuple[Item, Election | None]


class _Tally(NamedTuple):
    """What the receipts of one station (or of the whole) say of an item together."""

    received: int
    damaged: int
    short: int
    at: datetime
    receipts: tuple[str, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple({"kind": "receipt", "id": receipt} for receipt in self.receipts)


def short_and_surplus(case: Case) -> Iterator[Discrepancy]:
    """Where fewer, or more, were received than were sent."""
    sent, received = _sent(case), _received(case)
    for goods in sorted({*received}, key=str):
        for station, tally in sorted(received[goods].items(), key=lambda pair: pair[0] or ""):
            expected = _expected(case, sent, goods, station, tally)
            if expected is not None and expected != tally.received:
                yield _differs(case, goods, station, tally, expected)
        yield from _shared(case, sent.get(goods, {}), received[goods], goods)


def _expected(
    case: Case,
    sent: dict[Goods, dict[str | None, int]],
    goods: Goods,
    station: str | None,
    tally: _Tally,
) -> int | None:
    """How many should have come; None where that is not known."""
    mine = sent.get(goods, {})
    if not case.lines:
        return tally.received + tally.short if tally.short else None
    if station is None:
        return sum(mine.values())
    if station in mine:
        return mine[station]
    return None if None in mine else 0


def _shared(
    case: Case, sent: dict[str | None, int], received: dict[str | None, _Tally], goods: Goods
) -> Iterator[Discrepancy]:
    """Goods sent for all stations together, once the last of these has counted its part."""
    sharing = case.own_stations - set(sent)
    if None not in sent or None in received or not sharing or not sharing <= set(received):
        return
    parts = [received[station] for station in sorted(sharing)]
    whole = _Tally(
        received=sum(part.received for part in parts),
        damaged=0,
        short=0,
        at=max(part.at for part in parts),
        receipts=tuple(sorted({name for part in parts for name in part.receipts})),
    )
    if whole.received != sent[None]:
        yield _differs(case, goods, None, whole, sent[None])


def _differs(
    case: Case, goods: Goods, station: str | None, tally: _Tally, expected: int
) -> Discrepancy:
    item, election = goods
    if tally.received > expected:
        kind = DiscrepancyKind.SURPLUS
    else:
        kind = DiscrepancyKind.BALLOTS_SHORT if item in BALLOTS else DiscrepancyKind.SHORT
    lines = sorted(
        line.line_no
        for line in set(case.lines)
        if (line.item, line.election) == goods and station in (None, line.station_id)
    )
    return found_in(
        case, kind, tally.at,
        station_id=station, item=item, election=election, expected=expected, found=tally.received,
        evidence=(*tally.evidence, *({"kind": "line", "no": line_no} for line_no in lines[:50])),
    )  # fmt: skip


def damaged(case: Case) -> Iterator[Discrepancy]:
    """Where more ballots are damaged than the reserve makes good."""
    if case.head.direction is Direction.RETURN:
        return
    for (item, election), by_station in sorted(_received(case).items(), key=str):
        for station, tally in sorted(by_station.items(), key=lambda pair: pair[0] or ""):
            reserve = _reserve(case, election, station) if item is Item.BALLOT else None
            if reserve is not None and tally.damaged > reserve:
                yield found_in(
                    case, DiscrepancyKind.DAMAGED_OVER_RESERVE, tally.at,
                    station_id=station, item=item, election=election,
                    expected=reserve, found=tally.damaged, evidence=tally.evidence,
                )  # fmt: skip


def _reserve(case: Case, election: Election | None, station: str | None) -> int | None:
    """Ballots beyond the voters' list; of a whole manifest, those of all of its stations."""
    reserves = {
        due.station_id: due.ballots_due - due.voters
        for due in case.dues
        if due.election is election
    }
    if station is not None:
        return reserves.get(station)
    served = {
        line.station_id
        for line in case.lines
        if line.item is Item.BALLOT and line.election is election
    }
    known = [reserves.get(each or "") for each in served]
    return None if not known or None in known else sum(filter(None, known))


def not_due(case: Case) -> Iterator[Discrepancy]:
    """Where the ballots sent to a station, on all manifests of the leg, are not those due."""
    if case.head.direction is Direction.RETURN:
        return
    dues = {(due.station_id, due.election): due.ballots_due for due in case.dues}
    sent = _sent(case)
    for election in Election:
        for station, qty in sorted(_stations(sent.get((Item.BALLOT, election), {})).items()):
            due = dues.get((station, election))
            whole = qty + case.sent_elsewhere.get((station, election), 0)
            if due is not None and whole != due:
                yield found_in(
                    case, DiscrepancyKind.BALLOTS_NOT_DUE, case.head.known_at,
                    station_id=station, item=Item.BALLOT, election=election,
                    expected=due, found=whole,
                    evidence=({"kind": "station", "id": station},),
                )  # fmt: skip


def _stations(sent: dict[str | None, int]) -> dict[str, int]:
    return {station: qty for station, qty in sent.items() if station is not None}


def _sent(case: Case) -> dict[Goods, dict[str | None, int]]:
    """Sent of each item: for each station, and (None) for all together."""
    sent: dict[Goods, dict[str | None, int]] = defaultdict(Counter)
    for line in set(case.lines):
        sent[line.item, line.election][line.station_id] += line.qty
    return dict(sent)


def _received(case: Case) -> dict[Goods, dict[str | None, _Tally]]:
    """What was counted of each item: by each station, and (None) of the whole manifest."""
    found: dict[Goods, dict[str | None, _Tally]] = defaultdict(dict)
    for receipt in case.counted:
        for line in sorted(set(receipt.lines), key=str):
            of_item = found[line.item, line.election]
            before = of_item.get(receipt.station_id)
            new = _Tally(
                received=line.received,
                damaged=line.damaged_light + line.damaged_heavy,
                short=line.short,
                at=receipt.received_at,
                receipts=(receipt.receipt_id,),
            )
            of_item[receipt.station_id] = new if before is None else _both(before, new)
    return dict(found)


def _both(one: _Tally, other: _Tally) -> _Tally:
    return _Tally(
        one.received + other.received,
        one.damaged + other.damaged,
        one.short + other.short,
        max(one.at, other.at),
        tuple(sorted({*one.receipts, *other.receipts})),
    )
