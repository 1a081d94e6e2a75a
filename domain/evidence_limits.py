"""What an evidence bundle cannot say, in both languages, so that silence proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

Limit = dict[str, str]


class Circumstances(NamedTuple):
    """What limits depend on. Times are None where there is none of its kind."""

    since: datetime
    known_at: datetime
    kept_since: datetime
    oldest_fix: datetime | None
    history_since: datetime | None
    first_status: datetime | None
    devices: int
    fixes: int
    decided_by_rules: int
    without_rules_version: int
    flagged_not_listed: int


def limits(seen: Circumstances) -> list[Limit]:
    """Those that hold always, then those of this question."""
    return [*_always(), *_of_fixes(seen), *_of_history(seen)]


def _limit(code: str, bahasa: str, english: str) -> Limit:
    return {"code": code, "id": bahasa, "en": english}


def _time(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _always() -> Iterator[Limit]:
    yield _limit(
        "commit_delay",
        "“Diketahui” berarti diterima oleh ingest (posisi, laporan) atau mulai dicatat (kejadian,"
        " peringatan). Layar menampilkannya setelah transaksi selesai, biasanya dalam satu detik;"
        " jeda itu tidak disimpan.",
        "“Known” means received by ingest (positions, reports) or begun to be recorded (events,"
        " alerts). The screen shows it after the commit, usually within a second; that delay is"
        " not stored.",
    )
    yield _limit(
        "device_clock",
        "Waktu posisi berasal dari jam perangkat; jam yang terlambat tidak dapat dikenali.",
        "Fix times are by the device's clock; a clock that is behind cannot be told.",
    )
    yield _limit(
        "plan_at_work",
        "Aturan memakai rencana yang berlaku saat aturan dijalankan; kejadian tidak dihitung ulang"
        " bila rencana diubah kemudian.",
        "The rules used the plan as it was when they ran; events are not computed again when the"
        " plan is changed later.",
    )


def _of_fixes(seen: Circumstances) -> Iterator[Limit]:
    if not seen.devices:
        yield _limit(
            "no_device",
            "Menurut rencana, tidak ada pelacak yang ditugaskan pada rentang waktu ini.",
            "By the plan, no device was assigned in this span of time.",
        )
    if seen.since < seen.kept_since:
        when = _time(seen.kept_since)
        oldest = _time(seen.oldest_fix) if seen.oldest_fix else "-"
        yield _limit(
            "retention",
            f"Posisi yang diterima sebelum {when} mungkin tidak disimpan lagi (ingest.retention_"
            f"days). Posisi tertua yang masih ada dari pelacak ini: {oldest}.",
            f"Fixes received before {when} may no longer be kept (ingest.retention_days). The"
            f" oldest fix of these devices that is still here: {oldest}.",
        )
    if not seen.fixes and seen.decided_by_rules:
        count = seen.decided_by_rules
        yield _limit(
            "fixes_gone",
            f"{count} kejadian diputuskan dari posisi yang tidak disimpan lagi.",
            f"{count} events were decided on fixes that are no longer kept.",
        )
    if seen.flagged_not_listed:
        count = seen.flagged_not_listed
        yield _limit(
            "flagged_not_listed",
            f"{count} posisi diragukan lainnya hanya ada di fixes.csv.",
            f"{count} more doubted fixes are in fixes.csv only.",
        )


def _of_history(seen: Circumstances) -> Iterator[Limit]:
    if seen.history_since is not None and seen.known_at < seen.history_since:
        when = _time(seen.history_since)
        yield _limit(
            "history",
            f"Sebelum {when}, tanda keraguan lama dan status lama pengiriman tidak disimpan.",
            f"Before {when}, overwritten flags and states of shipments were not kept.",
        )
    if seen.first_status is not None and seen.known_at < seen.first_status:
        when = _time(seen.first_status)
        yield _limit(
            "no_status",
            f"Status pengiriman tercatat sejak {when}; yang sebelumnya tidak diketahui.",
            f"The state of the shipment is on record since {when}; what was before is not known.",
        )
    if seen.without_rules_version:
        count = seen.without_rules_version
        yield _limit(
            "no_rules_version",
            f"{count} kejadian tidak menyebut versi aturan: laporan perangkat, atau dicatat"
            " sebelum versi disimpan.",
            f"{count} events name no version of the rules: said by the device, or recorded before"
            " versions were kept.",
        )
