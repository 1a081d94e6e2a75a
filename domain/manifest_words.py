"""Words of a manifest: the values that its fields may have."""

from __future__ import annotations

from enum import StrEnum


class Election(StrEnum):
    """Whom the ballot elects. Regencies elect a REGENT (bupati), cities a MAYOR (wali kota)."""

    GOVERNOR = "GOVERNOR"
    REGENT = "REGENT"
    MAYOR = "MAYOR"


class Item(StrEnum):
    """What is sent. Ballots for a repeated vote are kept apart, at the province."""

    BALLOT = "BALLOT"
    BALLOT_BOX = "BALLOT_BOX"
    BOOTH = "BOOTH"
    INK = "INK"
    SEAL = "SEAL"
    FORM = "FORM"
    REVOTE_BALLOT = "REVOTE_BALLOT"


PER_ELECTION = frozenset({Item.BALLOT, Item.BALLOT_BOX, Item.REVOTE_BALLOT})


class UnitKind(StrEnum):
    """What goods are packed in."""

    BOX = "BOX"
    CARTON = "CARTON"
    BUNDLE = "BUNDLE"
    CONTAINER = "CONTAINER"


class Leg(StrEnum):
    """The step of the chain that a manifest is for, named by its lower end: a distribution
    goes down to it, a return comes up from it."""

    REGENCY = "REGENCY"  # printer or supplier <-> warehouse of the regency or city
    DISTRICT = "DISTRICT"  # <-> PPK
    VILLAGE = "VILLAGE"  # <-> PPS
    STATION = "STATION"  # <-> KPPS at the polling station


class DocumentKind(StrEnum):
    """Papers that go with the goods."""

    SURAT_JALAN = "SURAT_JALAN"
    BTTB = "BTTB"
    BAST = "BAST"
    SEAL_RECORD = "SEAL_RECORD"


class RecordKind(StrEnum):
    """The flat records that every form of a manifest file is read into."""

    STATION = "station"
    MANIFEST = "manifest"
    LINE = "line"
    UNIT = "unit"
    DOCUMENT = "document"
    RECEIPT = "receipt"
    RECEIPT_LINE = "receipt_line"
    RECEIPT_UNIT = "receipt_unit"
