"""Records of manifests: a small set by hand, and any valid set for Hypothesis."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from domain.manifest_words import (
    PER_ELECTION,
    DocumentKind,
    Election,
    Item,
    Leg,
    RecordKind,
    UnitKind,
)
from domain.manifests import RECORDS, SEAL_PATTERN, AnyRecord
from domain.plan import ID_PATTERN, TEXT_PATTERN
from domain.plan_words import Direction, Mode, ShipmentStatus

Records = list[tuple[RecordKind, AnyRecord]]

MANIFEST: dict[str, Any] = {
    "id": "M-1",
    "shipment": "S-1",
    "surat_jalan_no": "SJ/3273/0001",
    "leg": "DISTRICT",
    "from": "GUDANG-3273",
    "to": "PPK-327301",
    "from_region": "32.73",
    "to_region": "32.73.01",
    "planned_departure": "2024-11-20T08:00:00+07:00",
    "planned_arrival": "2024-11-20T10:00:00+07:00",
}
STATION: dict[str, Any] = {
    "id": "T-1",
    "region": "32.73.01.1001",
    "number": 1,
    "voters": {"GOVERNOR": 512, "MAYOR": 511},
}
LINE: dict[str, Any] = {"manifest": "M-1", "line_no": 1, "item": "INK", "qty": 2}
UNIT: dict[str, Any] = {"manifest": "M-1", "id": "K-1", "kind": "BOX", "seals": ["A-1", "A-2"]}
DOCUMENT: dict[str, Any] = {"manifest": "M-1", "kind": "BAST", "number": "BAST/1"}
RECEIPT: dict[str, Any] = {"id": "R-1", "manifest": "M-1", "received_at": "2024-11-20T03:00:00Z"}
RECEIPT_LINE: dict[str, Any] = {"receipt": "R-1", "item": "INK", "received": 2}
RECEIPT_UNIT: dict[str, Any] = {"receipt": "R-1", "unit": "K-1", "seals_intact": True}
SOUND: dict[RecordKind, dict[str, Any]] = dict(
    zip(
        RecordKind,
        (STATION, MANIFEST, LINE, UNIT, DOCUMENT, RECEIPT, RECEIPT_LINE, RECEIPT_UNIT),
        strict=True,
    )
)


def sound() -> Records:
    """One record of each kind."""
    return [(kind, RECORDS[kind].model_validate(values)) for kind, values in SOUND.items()]


# --- any -------------------------------------------------------------------------------------

ids = st.from_regex(re.compile(ID_PATTERN, re.ASCII), fullmatch=True).filter(
    lambda text: not text.endswith("\n")
)
_letters = st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"])
_awkward = st.sampled_from(
    ["=1+1", "'01", "''", "-", "+62 811", "@a", '="1"', "1E+5", '5" pipa', "a;b,c|e",
     "Jalan Raya Padjadjaran", "Kafé", "001", "TRUE", "1.000", "sep=;", "\u00a0"]
)  # fmt: skip


def _text(pattern: str, longest: int) -> st.SearchStrategy[str]:
    drawn = st.one_of(st.text(_letters, min_size=1, max_size=longest), _awkward)
    return drawn.filter(lambda text: re.fullmatch(pattern, text) is not None)


texts = _text(TEXT_PATTERN, 20)
seals = st.lists(_text(SEAL_PATTERN, 10), max_size=4, unique=True).map(tuple)
times = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 20), timezones=st.just(UTC))  # noqa: DTZ001
counts = st.integers(0, 1_000_000_000)
regions = st.sampled_from(["32", "32.73", "32.73.01", "32.73.01.1001", "91.05", "11.71.02"])
maybe_text, maybe_id = st.none() | texts, st.none() | ids


def _one(of: RecordKind, /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[AnyRecord]:
    made: st.SearchStrategy[AnyRecord] = st.fixed_dictionaries(fields).map(
        RECORDS[of].model_validate
    )
    return made


points: st.SearchStrategy[tuple[float | None, float | None]] = st.just((None, None)) | st.tuples(
    st.floats(-90, 90), st.floats(-180, 180)
)
stations = points.flatmap(
    lambda point: _one(
        RecordKind.STATION,
        revision=st.integers(1, 9),
        id=ids,
        region=st.just("32.73.01.1001"),
        number=st.integers(1, 999),
        voters=st.dictionaries(st.sampled_from(Election), st.integers(0, 10_000)),
        name=maybe_text,
        facility=maybe_id,
        lat_deg=st.just(point[0]),
        lon_deg=st.just(point[1]),
        is_3t=st.booleans(),
    )
)


def _of_item(item: Item) -> st.SearchStrategy[Election | None]:
    return st.sampled_from(Election) if item in PER_ELECTION else st.none()


@st.composite
def _lines(draw: st.DrawFn, own: dict[str, Any]) -> Any:
    item = draw(st.sampled_from(Item))
    return RECORDS[RecordKind.LINE].model_validate(
        own
        | {
            "line_no": draw(st.integers(1, 10_000_000)),
            "item": item,
            "election": draw(_of_item(item)),
            "station": draw(maybe_id),
            "qty": draw(counts),
        }
    )


@st.composite
def _receipt_lines(draw: st.DrawFn, own: dict[str, Any]) -> Any:
    item, received = draw(st.sampled_from(Item)), draw(counts)
    light = draw(st.integers(0, received))
    return RECORDS[RecordKind.RECEIPT_LINE].model_validate(
        own
        | {
            "item": item,
            "election": draw(_of_item(item)),
            "received": received,
            "used": draw(st.none() | counts),
            "damaged_light": light,
            "damaged_heavy": draw(st.integers(0, received - light)),
            "short": draw(counts),
        }
    )


signers = st.fixed_dictionaries(
    {"name": texts},
    optional={"role": texts, "organisation": texts, "signed_at": times},
)


def _units(own: dict[str, Any]) -> st.SearchStrategy[AnyRecord]:
    given = {name: st.just(value) for name, value in own.items()}
    return _one(
        RecordKind.UNIT,
        **given,
        id=ids,
        kind=st.sampled_from(UnitKind),
        station=maybe_id,
        election=st.none() | st.sampled_from(Election),
        parent=maybe_id,
        seals=seals,
    )


def _documents(own: dict[str, Any]) -> st.SearchStrategy[AnyRecord]:
    given = {name: st.just(value) for name, value in own.items()}
    return _one(
        RecordKind.DOCUMENT,
        **given,
        kind=st.sampled_from(DocumentKind),
        number=texts,
        issued_at=st.none() | times,
        signers=st.lists(signers, max_size=2),
        sha256=st.none() | st.sampled_from(["0" * 64, "ab12" * 16]),
        media_type=maybe_text,
    )


@st.composite
def _manifests(draw: st.DrawFn, name: str) -> Records:
    start = draw(times)
    manifest = draw(
        _one(
            RecordKind.MANIFEST,
            id=st.just(name),
            revision=st.integers(1, 9),
            shipment=ids,
            surat_jalan_no=maybe_text,
            direction=st.sampled_from(Direction),
            leg=st.sampled_from(Leg),
            mode=st.none() | st.sampled_from(Mode),
            **{"from": st.just("A"), "to": st.just("B")},
            from_region=regions,
            to_region=regions,
            carrier=maybe_text,
            vehicle=maybe_text,
            escort=maybe_text,
            tracking_no=maybe_text,
            planned_departure=st.just(start),
            planned_arrival=st.timedeltas(timedelta(microseconds=1), timedelta(days=9)).map(
                lambda span: start + span
            ),
            status=st.sampled_from(ShipmentStatus),
        )
    )
    own = {"manifest": name, "revision": manifest.revision}
    return [
        (RecordKind.MANIFEST, manifest),
        *((RecordKind.LINE, each) for each in draw(st.lists(_lines(own), max_size=3))),
        *((RecordKind.UNIT, each) for each in draw(st.lists(_units(own), max_size=3))),
        *((RecordKind.DOCUMENT, each) for each in draw(st.lists(_documents(own), max_size=2))),
    ]


@st.composite
def _receipts(draw: st.DrawFn, name: str) -> Records:
    receipt = draw(
        _one(
            RecordKind.RECEIPT,
            id=st.just(name),
            revision=st.integers(1, 9),
            manifest=ids,
            station=maybe_id,
            received_at=times,
            received_by=maybe_text,
        )
    )
    own = {"receipt": name, "revision": receipt.revision}
    units = _one(
        RecordKind.RECEIPT_UNIT,
        **{field: st.just(value) for field, value in own.items()},
        unit=ids,
        seals=seals,
        seals_intact=st.none() | st.booleans(),
    )
    lines = draw(st.lists(_receipt_lines(own), max_size=2))
    return [
        (RecordKind.RECEIPT, receipt),
        *((RecordKind.RECEIPT_LINE, each) for each in lines),
        *((RecordKind.RECEIPT_UNIT, each) for each in draw(st.lists(units, max_size=2))),
    ]


@st.composite
def records(draw: st.DrawFn) -> Records:
    """Any valid set, whose parts belong to manifests and receipts among them."""
    found: Records = [(RecordKind.STATION, each) for each in draw(st.lists(stations, max_size=3))]
    for name in draw(st.lists(ids, max_size=2, unique=True)):
        found += draw(_manifests(name))
    for name in draw(st.lists(ids, max_size=2, unique=True)):
        found += draw(_receipts(name))
    return found
