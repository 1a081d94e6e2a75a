"""A handover between two accounts: who may, what is read, and what the ledger has after."""

from __future__ import annotations

import threading

import pytest

from db import accounts, custody, handover_offers
from db.accounts import Role
from db.pool import Connection, connect
from domain.custody import DoubtCode, Step, TwoPersonError
from domain.handovers import Offered, OfferError
from tests.integration.db.custody_scene import BOXES, HOUR, MANIFEST, NOW, put_manifest

READ = {unit: tuple(seals) for unit, seals in BOXES.items()}
OFFERED = Offered(manifest_id=MANIFEST, place="PPK-1", units=tuple(BOXES), seals=READ)


@pytest.fixture(autouse=True)
def people(connection: Connection) -> None:
    for login, name in (("sari", "Ahmad"), ("budi", "Ahmad")):
        accounts.create(connection, login, name, "a-long-password", Role.SUPERVISOR)
    put_manifest(connection, status="IN_TRANSIT")
    custody.follow_import(connection, [MANIFEST], NOW)


def ledger(connection: Connection) -> list[str]:
    return [row.body["step"] for row in custody.of_manifest(connection, MANIFEST)]


def test_two_accounts_hand_over(connection: Connection) -> None:
    number = handover_offers.offer(connection, OFFERED, "sari", NOW)
    assert [o.offer_id for o in handover_offers.offers_open(connection, MANIFEST)] == [number]
    event = handover_offers.accept(connection, number, "budi", READ, NOW + HOUR).event
    assert (event.step, event.place, event.region_code) == (Step.HANDOVER, "PPK-1", "32.73.01")
    signers = (event.released_by, event.received_by)
    assert [signer and signer.name for signer in signers] == ["Ahmad (sari)", "Ahmad (budi)"]
    assert event.doubts == ()
    assert handover_offers.offers_open(connection) == []
    assert ledger(connection)[-1] == "HANDOVER"


def test_nobody_hands_over_to_himself(connection: Connection) -> None:
    number = handover_offers.offer(connection, OFFERED, "sari", NOW)
    with pytest.raises(TwoPersonError, match="received_by"):
        handover_offers.accept(connection, number, "sari", READ, NOW)
    assert "HANDOVER" not in ledger(connection)
    assert len(handover_offers.offers_open(connection)) == 1


def test_wrong_seals_are_recorded_and_not_refused(connection: Connection) -> None:
    number = handover_offers.offer(connection, OFFERED, "sari", NOW)
    found = {"BOX-1": ("S-1", "S-X"), "BOX-2": ()}
    event = handover_offers.accept(connection, number, "budi", found, NOW).event
    assert event.seals == found
    assert {(doubt.code, doubt.unit, doubt.detail) for doubt in event.doubts} == {
        (DoubtCode.READINGS_DIFFER, "BOX-1", None),
        (DoubtCode.READINGS_DIFFER, "BOX-2", None),
        (DoubtCode.SEAL_MISSING, "BOX-1", "S-2"),
        (DoubtCode.SEAL_UNEXPECTED, "BOX-1", "S-X"),
        (DoubtCode.SEAL_MISSING, "BOX-2", "S-3"),
    }


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        ({"BOX-1": ("S-1",)}, "read those of BOX-2 too"),
        ({**READ, "BOX-9": ("S-1",)}, "BOX-9: not part"),
    ],
)
def test_every_sealed_unit_must_be_looked_at(
    connection: Connection, read: dict[str, tuple[str, ...]], reason: str
) -> None:
    number = handover_offers.offer(connection, OFFERED, "sari", NOW)
    with pytest.raises(OfferError, match=reason) as refused:
        handover_offers.accept(connection, number, "budi", read, NOW)
    assert refused.value.field == "seals"


def test_an_offer_is_answered_once(connection: Connection, module_url: str) -> None:
    number = handover_offers.offer(connection, OFFERED, "sari", NOW)
    accounts.create(connection, "dewi", "Dewi", "a-long-password", Role.LIAISON)
    begun, outcomes = threading.Barrier(2), list[str]()

    def answer(login: str) -> None:
        with connect(module_url, "taker") as own:
            begun.wait()
            try:
                handover_offers.accept(own, number, login, READ, NOW)
                outcomes.append("taken")
            except OfferError as error:
                outcomes.append(error.field)

    takers = [threading.Thread(target=answer, args=(login,)) for login in ("budi", "dewi")]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert sorted(outcomes) == ["offer_id", "taken"]
    assert ledger(connection).count("HANDOVER") == 1


def test_who_may_refuse_and_who_withdraw(connection: Connection) -> None:
    number = handover_offers.offer(connection, OFFERED, "sari", NOW)
    with pytest.raises(OfferError, match="withdraw"):
        handover_offers.refuse(connection, number, "sari", NOW)
    with pytest.raises(OfferError, match="only the person who offered"):
        handover_offers.withdraw(connection, number, "budi", NOW)
    handover_offers.refuse(connection, number, "budi", NOW)
    with pytest.raises(OfferError, match="was refused by budi"):
        handover_offers.accept(connection, number, "budi", READ, NOW)
    second = handover_offers.offer(connection, OFFERED, "sari", NOW)
    handover_offers.withdraw(connection, second, "sari", NOW)
    assert handover_offers.offers_open(connection) == []
    assert "HANDOVER" not in ledger(connection)


@pytest.mark.parametrize(
    ("offered", "by", "field"),
    [
        (OFFERED.model_copy(update={"manifest_id": "M-9"}), "sari", "manifest_id"),
        (OFFERED, "nobody", "by"),
    ],
)
def test_an_offer_of_nothing_or_by_nobody_is_refused(
    connection: Connection, offered: Offered, by: str, field: str
) -> None:
    with pytest.raises(OfferError) as refused:
        handover_offers.offer(connection, offered, by, NOW)
    assert refused.value.field == field
