"""The ring: bounded, numbered, durable, freed by acknowledgement only."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.flash import MOST_RECORD_BYTES, Ring
from firmware_sim.slots import FlashError, SlotFile
from tests.unit.firmware_sim.support import ROOT

FIELDS: dict[str, Any] = {"lat_deg": -7.0, "lon_deg": 110.0, "accuracy_m": 5.0}


def booted(capacity: int = 10, **more: Any) -> Ring:
    ring = Ring(capacity, **more)
    ring.begin_epoch()
    return ring


def fill(ring: Ring, count: int) -> list[bool]:
    return [ring.append("position", FIELDS)[1] for _ in range(count)]


def keys(ring: Ring) -> list[tuple[int, int]]:
    return [record.key for record in ring]


def test_numbers_start_at_1_and_rise_by_one() -> None:
    ring = booted()
    fill(ring, 3)
    assert keys(ring) == [(1, 1), (1, 2), (1, 3)]
    assert ring.begin_epoch() == 2
    fill(ring, 1)
    assert keys(ring)[-1] == (2, 1)


def test_when_full_the_oldest_is_overwritten() -> None:
    ring = booted(3)
    assert fill(ring, 5) == [False, False, False, True, True]
    assert keys(ring) == [(1, 3), (1, 4), (1, 5)]
    assert ring.oldest_seq(1) == 3
    assert len(ring) == 3


def test_an_acknowledgement_frees_its_epoch_up_to_its_number_and_only_that() -> None:
    ring = booted()
    fill(ring, 3)
    ring.begin_epoch()
    fill(ring, 3)
    assert [record.key for record in ring.free(2, 2)] == [(2, 1), (2, 2)]
    assert keys(ring) == [(1, 1), (1, 2), (1, 3), (2, 3)]
    assert ring.oldest_seq(2) == 3
    assert [record.seq for record in ring.free(1, 3)] == [1, 2, 3]
    assert ring.free(1, 3) == []


@pytest.mark.parametrize(("epoch", "seq"), [(1, 4), (1, 10**9), (2, 1), (7, 1), (1, 0)])
def test_an_acknowledgement_of_what_was_never_numbered_frees_nothing(epoch: int, seq: int) -> None:
    ring = booted()
    fill(ring, 3)
    assert ring.free(epoch, seq) == []
    assert len(ring) == 3


def test_the_file_keeps_unsent_records_and_the_epoch(tmp_path: Path) -> None:
    file = tmp_path / "a.ring"
    ring = booted(file=file, first_epoch=100)
    fill(ring, 4)
    ring.append("event", {"event": "boot", "note": "naïve ⚑"})
    ring.free(100, 2)
    held = list(ring)
    ring.close()
    again = Ring(10, file=file, first_epoch=5)
    assert list(again) == held
    assert again.begin_epoch() == 101
    again.close()


def test_the_file_wraps_like_the_ring(tmp_path: Path) -> None:
    file = tmp_path / "a.ring"
    ring = booted(4, file=file)
    fill(ring, 3)
    ring.begin_epoch()
    ring.free(1, 2)
    fill(ring, 7)
    held = keys(ring)
    assert held == [(2, 4), (2, 5), (2, 6), (2, 7)]
    size = file.stat().st_size
    ring.close()
    again = Ring(4, file=file)
    assert keys(again) == held
    again.begin_epoch()
    fill(again, 20)
    assert file.stat().st_size == size
    again.close()


def test_it_survives_a_process_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from firmware_sim.flash import Ring\n"
        "ring = Ring(10, file=Path(sys.argv[1])); ring.begin_epoch()\n"
        "for _ in range(5): ring.append('position', {'lat_deg': 1.0})\n"
        "os.kill(os.getpid(), 9)"
    )
    file = tmp_path / "a.ring"
    done = subprocess.run([sys.executable, "-c", program, str(file)], cwd=ROOT, check=False)
    assert done.returncode == -9
    ring = Ring(10, file=file)
    assert keys(ring) == [(1, seq) for seq in range(1, 6)]
    ring.close()


def test_a_torn_slot_counts_as_empty(tmp_path: Path) -> None:
    file = tmp_path / "a.ring"
    ring = booted(file=file)
    fill(ring, 3)
    ring.close()
    raw = bytearray(file.read_bytes())
    raw[2 * SlotFile.HEAD_BYTES + SlotFile.SLOT_BYTES + 20] ^= 0xFF
    file.write_bytes(raw)
    again = Ring(10, file=file)
    assert keys(again) == [(1, 1), (1, 3)]
    again.close()


def test_one_torn_header_is_healed_by_its_copy(tmp_path: Path) -> None:
    file = tmp_path / "a.ring"
    ring = booted(file=file, first_epoch=7)
    ring.close()
    raw = bytearray(file.read_bytes())
    raw[8] ^= 0xFF
    file.write_bytes(raw)
    again = Ring(10, file=file)
    assert again.epoch == 7
    again.close()


@pytest.mark.parametrize("content", [b"not a ring", b"\0" * 4096])
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "letter.txt"
    file.write_bytes(content)
    with pytest.raises(FlashError, match=r"letter\.txt: no ring of 10 records"):
        Ring(10, file=file)
    assert file.read_bytes() == content


def test_another_capacity_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.ring"
    Ring(10, file=file).close()
    with pytest.raises(FlashError, match="no ring of 11 records"):
        Ring(11, file=file)


def test_two_processes_cannot_share_a_ring(tmp_path: Path) -> None:
    file = tmp_path / "a.ring"
    ring = Ring(10, file=file)
    with pytest.raises(FlashError, match="in use"):
        Ring(10, file=file)
    ring.close()


def test_a_record_too_long_for_a_slot_is_refused() -> None:
    ring = booted()
    with pytest.raises(ValueError, match=f"longer than {MOST_RECORD_BYTES} bytes"):
        ring.append("event", {"event": "boot", "note": "x" * MOST_RECORD_BYTES})
    assert len(ring) == 0
    assert ring.last_seq == 0


def test_the_longest_record_fits_a_slot(tmp_path: Path) -> None:
    ring = booted(2, file=tmp_path / "a.ring", first_epoch=2**31 - 1)
    note = "x" * (MOST_RECORD_BYTES - 60)
    ring.append("event", {"event": "boot", "note": note})
    ring.close()
    again = Ring(2, file=tmp_path / "a.ring")
    assert next(iter(again)).fields["note"] == note
    again.close()


def test_epochs_end_somewhere() -> None:
    ring = booted(first_epoch=2**31 - 1)
    with pytest.raises(FlashError, match="no epoch left"):
        ring.begin_epoch()
    with pytest.raises(ValueError, match="first_epoch"):
        Ring(10, first_epoch=0)
