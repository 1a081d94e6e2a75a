"""The ledger in the database: one chain each, appended once, and what follows from it."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import psycopg
import pytest

from db import custody
from db.pool import Connection, connect
from domain.custody import ZERO_HASH, DoubtCode, Step, TwoPersonError, verify_chain
from tests.integration.db.custody_scene import (
    ARRIVAL,
    AT,
    BUDI,
    DEPARTURE,
    HOUR,
    MANIFEST,
    NOW,
    SARI,
    UNITS,
    event,
    put_document,
    put_manifest,
    put_receipt,
)

PARTS = (("BOX-1",), ("BOX-1", "BOX-2"), UNITS)
MOVES = [step for step in Step if step is not Step.HANDOVER]
SIGNED = [{"name": "Sari"}, {"name": "Budi"}]


@pytest.fixture(autouse=True)
def manifest(connection: Connection) -> None:
    put_manifest(connection)


def steps(connection: Connection, chain: str = MANIFEST) -> list[str]:
    return [row.body["step"] for row in custody.of_manifest(connection, chain)]


def stages(connection: Connection) -> dict[str, str]:
    return dict(connection.execute("select unit_id, stage from unit_state").fetchall())


def states(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute("select * from unit_state order by unit_id").fetchall()


def doubts(connection: Connection, step: Step) -> set[tuple[str, str | None, str | None]]:
    return {
        (doubt.code, doubt.unit, doubt.detail)
        for row in custody.of_manifest(connection, MANIFEST)
        if row.event.step is step
        for doubt in row.event.doubts
    }


def tell(connection: Connection, status: str, revision: int = 1) -> int:
    put_manifest(connection, status=status, revision=revision)
    return custody.follow_import(connection, [MANIFEST], NOW)


# --- append ------------------------------------------------------------------------------------


def test_a_chain_begins_at_one_and_each_row_holds_the_hash_before(connection: Connection) -> None:
    custody.append(connection, MANIFEST, [event(Step.PACK)], "sari", NOW)
    custody.append(connection, MANIFEST, [event(Step.DEPART)], "budi", NOW)
    first, second = custody.of_manifest(connection, MANIFEST)
    assert (first.seq, first.prev_hash, second.seq, second.prev_hash) == (
        1, ZERO_HASH, 2, first.hash,
    )  # fmt: skip
    assert verify_chain([first, second], MANIFEST) == []
    assert (first.body["actor"], second.body["actor"]) == ("sari", "budi")


def test_an_event_is_appended_once(connection: Connection) -> None:
    packed = event(Step.PACK)
    assert len(custody.append(connection, MANIFEST, [packed, packed], "sari", NOW)) == 1
    before = states(connection)
    assert custody.append(connection, MANIFEST, [packed], "sari", NOW + HOUR) == []
    assert (steps(connection), states(connection)) == (["PACK"], before)


def test_the_ledger_refuses_change_removal_and_emptying(connection: Connection) -> None:
    custody.append(connection, MANIFEST, [event(Step.PACK)], "sari", NOW)
    for words in (
        "update custody_event set place = 'X'",
        "delete from custody_event",
        "truncate custody_event",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            connection.execute(words)
    assert steps(connection) == ["PACK"]


def test_what_is_rolled_back_leaves_no_gap(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        custody.append(connection, MANIFEST, [event(Step.PACK)], "sari", NOW)
    custody.append(connection, MANIFEST, [event(Step.PACK)], "sari", NOW)
    assert [row.seq for row in custody.of_manifest(connection, MANIFEST)] == [1]


def test_two_writers_at_once_never_fork_a_chain(connection: Connection, module_url: str) -> None:
    begun = threading.Barrier(4)

    def write() -> None:
        with connect(module_url, "writer") as own:
            begun.wait()
            for _ in range(10):
                with own.transaction():
                    custody.append(own, MANIFEST, [event(Step.INSPECT)], "sari", NOW)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    rows = custody.of_manifest(connection, MANIFEST)
    assert [row.seq for row in rows] == list(range(1, 41))
    assert verify_chain(rows, MANIFEST) == []


def test_a_second_writer_waits_for_the_first(
    connection: Connection, other_connection: Connection
) -> None:
    with connection.transaction():
        custody.append(connection, MANIFEST, [event(Step.PACK)], "sari", NOW)
        other_connection.execute("set lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable), other_connection.transaction():
            custody.append(other_connection, MANIFEST, [event(Step.SEAL)], "budi", NOW)
    assert steps(connection) == ["PACK"]


def test_a_handover_needs_two_persons(connection: Connection) -> None:
    alone = event(Step.HANDOVER, released_by=SARI, received_by=SARI.model_copy())
    with pytest.raises(TwoPersonError) as refused:
        custody.append(connection, MANIFEST, [event(Step.PACK), alone], "sari", NOW)
    assert refused.value.field == "received_by"
    assert steps(connection) == []
    both = event(Step.HANDOVER, released_by=SARI, received_by=BUDI)
    custody.append(connection, MANIFEST, [both], "sari", NOW)
    assert steps(connection) == ["HANDOVER"]


# --- states and doubts -----------------------------------------------------------------------


def test_the_newest_event_by_its_own_time_says_where_a_unit_is(connection: Connection) -> None:
    custody.append(connection, MANIFEST, [event(Step.DEPART, DEPARTURE)], "sari", NOW)
    custody.append(connection, MANIFEST, [event(Step.PACK, AT)], "sari", NOW + HOUR)
    assert set(stages(connection).values()) == {"IN_TRANSIT"}


def test_states_made_again_are_the_same(connection: Connection) -> None:
    tell(connection, "IN_TRANSIT")
    put_receipt(connection, {"BOX-1": (["S-1", "S-9"], None)})
    custody.follow_import(connection, [MANIFEST], NOW)
    custody.append(connection, MANIFEST, [event(Step.OPEN, AT + HOUR)], "sari", NOW)
    before = states(connection)
    connection.execute("update unit_state set stage = 'LOST'")
    with connection.transaction():
        assert custody.rebuild_states(connection) == len(UNITS)
    assert states(connection) == before


def test_an_odd_order_is_recorded_with_its_doubt(connection: Connection) -> None:
    custody.append(connection, MANIFEST, [event(Step.RECEIVE, units=("BOX-1",))], "sari", NOW)
    assert stages(connection) == {"BOX-1": "RECEIVED"}
    assert doubts(connection, Step.RECEIVE) == {
        (DoubtCode.OUT_OF_ORDER, "BOX-1", "nothing -> RECEIVE")
    }


def test_a_box_that_leaves_unsealed_and_a_unit_of_no_manifest(connection: Connection) -> None:
    units = ("BOX-1", "CRT-1", "BOX-77")
    custody.append(
        connection, MANIFEST, [event(Step.PACK, units=units), event(Step.DEPART, units=units)],
        "sari", NOW,
    )  # fmt: skip
    assert doubts(connection, Step.DEPART) == {
        (DoubtCode.UNSEALED, "BOX-1", None),
        (DoubtCode.NOT_ON_MANIFEST, "BOX-77", None),
    }


def test_seals_are_compared_with_the_last_sealing(connection: Connection) -> None:
    one = ("BOX-1",)
    told = [
        event(Step.PACK, AT, one),
        event(Step.SEAL, AT, one, seals={"BOX-1": ("S-1", "S-2")}),
        event(Step.OPEN, AT + HOUR, one),
        event(Step.RESEAL, AT + HOUR, one, seals={"BOX-1": ("S-8", "S-9")}),
        event(Step.DEPART, DEPARTURE, one),
        event(Step.ARRIVE, ARRIVAL, one, seals={"BOX-1": ("s-8", "S-1")}),
    ]
    custody.append(connection, MANIFEST, told, "sari", NOW)
    assert doubts(connection, Step.RESEAL) == set()
    assert doubts(connection, Step.ARRIVE) == {
        (DoubtCode.SEAL_MISSING, "BOX-1", "S-9"),
        (DoubtCode.SEAL_UNEXPECTED, "BOX-1", "S-1"),
    }


# --- what follows from an import ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected", "stage"),
    [
        ("PLANNED", [], None),
        ("PACKED", ["PACK"], "PACKED"),
        ("SEALED", ["PACK", "SEAL"], "SEALED"),
        ("LOADED", ["PACK", "SEAL", "LOAD"], "LOADED"),
        ("IN_TRANSIT", ["PACK", "SEAL", "LOAD", "DEPART"], "IN_TRANSIT"),
        ("HELD", ["PACK", "SEAL", "LOAD", "DEPART", "HOLD"], "HELD"),
        ("ARRIVED", ["PACK", "SEAL", "LOAD", "DEPART", "ARRIVE"], "ARRIVED"),
        ("RECEIVED", ["PACK", "SEAL", "LOAD", "DEPART", "ARRIVE", "RECEIVE"], "RECEIVED"),
        ("LOST", ["LOSE"], "LOST"),
        ("CANCELLED", [], None),
    ],
)
def test_the_status_of_a_manifest_is_told_once(
    connection: Connection, status: str, expected: list[str], stage: str | None
) -> None:
    assert tell(connection, status) == len(expected)
    assert steps(connection) == expected
    assert stages(connection).get("BOX-1") == stage
    assert custody.follow_import(connection, [MANIFEST], NOW + HOUR) == 0
    assert verify_chain(custody.of_manifest(connection, MANIFEST), MANIFEST) == []


def test_a_journey_step_by_step_gives_no_doubt(connection: Connection) -> None:
    for revision, status in enumerate(
        ("PACKED", "SEALED", "LOADED", "IN_TRANSIT", "HELD", "IN_TRANSIT", "ARRIVED"), start=1
    ):
        tell(connection, status, revision)
    assert steps(connection) == [
        "PACK", "SEAL", "LOAD", "DEPART", "HOLD", "RELEASE", "ARRIVE",
    ]  # fmt: skip
    rows = custody.of_manifest(connection, MANIFEST)
    assert [doubt for row in rows for doubt in row.event.doubts] == []
    assert set(stages(connection).values()) == {"ARRIVED"}


def test_a_later_revision_corrects_and_never_rewrites(connection: Connection) -> None:
    tell(connection, "SEALED")
    before = custody.of_manifest(connection, MANIFEST)
    put_manifest(
        connection, status="SEALED", revision=2, units={"BOX-1": ["S-1", "S-7"]}, carton=None
    )
    assert custody.follow_import(connection, [MANIFEST], NOW) == 2
    rows = custody.of_manifest(connection, MANIFEST)
    assert rows[:2] == before
    assert [row.event.corrects for row in rows[2:]] == [r.event.event_uuid for r in before]
    assert stages(connection) == {"BOX-1": "SEALED"}
    assert connection.execute("select seals from unit_state").fetchall() == [(["S-1", "S-7"],)]
    assert custody.follow_import(connection, [MANIFEST], NOW) == 0


def test_what_a_later_revision_takes_back_is_withdrawn_and_may_come_again(
    connection: Connection,
) -> None:
    tell(connection, "IN_TRANSIT")
    assert tell(connection, "SEALED", 2) == 2
    assert set(stages(connection).values()) == {"SEALED", "PACKED"}
    assert custody.follow_import(connection, [MANIFEST], NOW) == 0
    assert tell(connection, "IN_TRANSIT", 3) == 2
    assert set(stages(connection).values()) == {"IN_TRANSIT"}


def test_a_cancelled_manifest_takes_nothing_back(connection: Connection) -> None:
    tell(connection, "SEALED")
    assert tell(connection, "CANCELLED", 2) == 0


def test_a_handover_record_signed_by_two_is_a_handover(connection: Connection) -> None:
    put_document(connection, "BAST", signers=SIGNED, issued_at=ARRIVAL - HOUR)
    tell(connection, "IN_TRANSIT")
    handover = custody.of_manifest(connection, MANIFEST)[-1].event
    assert (handover.step, handover.place, handover.event_time) == (
        Step.HANDOVER, "PPK-1", ARRIVAL - HOUR,
    )  # fmt: skip
    signers = (handover.released_by, handover.received_by)
    assert [signer and signer.name for signer in signers] == ["Sari", "Budi"]
    assert [paper.number for paper in handover.documents] == ["D-1"]


@pytest.mark.parametrize("signers", [[], [{"name": "Sari"}], [{"name": "Sari"}, {"name": "sari "}]])
def test_a_handover_record_that_one_signed_is_a_paper(
    connection: Connection, signers: list[dict[str, str]]
) -> None:
    signers = [{name: text.strip() for name, text in one.items()} for one in signers]
    put_document(connection, "BAST", signers=signers)
    custody.follow_import(connection, [MANIFEST], NOW)
    assert steps(connection) == ["ATTACH"]
    assert {code for code, *_ in doubts(connection, Step.ATTACH)} == {DoubtCode.ONE_SIGNER}


def test_a_delivery_note_goes_with_the_departure_and_says_when(connection: Connection) -> None:
    put_document(connection, "SURAT_JALAN", "SJ-1", issued_at=DEPARTURE + HOUR)
    tell(connection, "IN_TRANSIT")
    departed = custody.of_manifest(connection, MANIFEST)[-1].event
    assert departed.step is Step.DEPART
    assert (departed.event_time, departed.time_assumed) == (DEPARTURE + HOUR, False)
    assert [paper.number for paper in departed.documents] == ["SJ-1"]


def test_a_goods_receipt_alone_receives_all(connection: Connection) -> None:
    put_document(connection, "BTTB", "B-1", issued_at=ARRIVAL)
    tell(connection, "ARRIVED")
    assert steps(connection)[-1] == "RECEIVE"
    assert set(stages(connection).values()) == {"RECEIVED"}


def test_a_receipt_says_which_units_and_seals_were_found(connection: Connection) -> None:
    tell(connection, "IN_TRANSIT")
    put_receipt(connection, {"BOX-1": (["S-1", "S-9"], None), "BOX-2": ([], False)})
    assert custody.follow_import(connection, [MANIFEST], NOW) == 1
    assert stages(connection) == {
        "BOX-1": "RECEIVED", "BOX-2": "RECEIVED", "CRT-1": "IN_TRANSIT",
    }  # fmt: skip
    assert doubts(connection, Step.RECEIVE) == {
        (DoubtCode.SEAL_MISSING, "BOX-1", "S-2"),
        (DoubtCode.SEAL_UNEXPECTED, "BOX-1", "S-9"),
        (DoubtCode.SEAL_OPENED, "BOX-2", None),
    }


def test_a_receipt_that_names_no_unit_is_for_all_of_its_part(connection: Connection) -> None:
    tell(connection, "IN_TRANSIT")
    put_receipt(connection, {}, boxes=2)
    custody.follow_import(connection, [MANIFEST], NOW)
    last = custody.of_manifest(connection, MANIFEST)[-1].event
    assert (last.step, set(last.units), last.units_assumed) == (Step.RECEIVE, set(UNITS), True)


def test_a_receipt_that_counts_too_few_boxes_receives_none(connection: Connection) -> None:
    tell(connection, "IN_TRANSIT")
    put_receipt(connection, {}, boxes=1)
    custody.follow_import(connection, [MANIFEST], NOW)
    assert steps(connection)[-1] == "ATTACH"
    assert set(stages(connection).values()) == {"IN_TRANSIT"}


def test_a_manifest_that_comes_after_its_receipt_does_not_undo_it(connection: Connection) -> None:
    early = DEPARTURE - timedelta(hours=1)
    put_receipt(connection, {"BOX-1": (["S-1", "S-2"], True)}, at=early)
    tell(connection, "ARRIVED")
    assert stages(connection)["BOX-1"] == "RECEIVED"


def test_what_comes_back_is_returned(connection: Connection) -> None:
    put_manifest(connection, "M-2", status="RECEIVED", direction="RETURN")
    custody.follow_import(connection, ["M-2"], NOW)
    assert steps(connection, "M-2")[-1] == "RETURN"
    assert set(stages(connection).values()) == {"RETURNED"}


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_telling_ends_in_the_states_that_the_ledger_gives(
    connection: Connection, seed: int
) -> None:
    put_manifest(connection, "M-2")
    chance = random.Random(seed)
    told = [
        (chance.choice((MANIFEST, "M-2")), event(step, AT + n * HOUR, chance.choice(PARTS)))
        for n, step in enumerate(chance.choices(MOVES, k=8))
    ]
    _, wrong = told[3]
    told.append((MANIFEST, event(Step.OPEN, AT, ("BOX-2",), corrects=wrong.event_uuid)))
    chance.shuffle(told)
    for at, (chain, one) in enumerate(told):
        custody.append(connection, chain, [one], "sari", NOW + at * HOUR)
    before = states(connection)
    with connection.transaction():
        custody.rebuild_states(connection)
    assert states(connection) == before
