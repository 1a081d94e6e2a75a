from domain.plan import EMPTY
from domain.plan_changes import Change, ChangeState, diff, settled
from domain.plan_words import ShipmentStatus
from tests.support.plan_documents import document, read


def kinds(changes: list[Change], state: ChangeState) -> list[tuple[str, str]]:
    return [(change.kind, change.id) for change in changes if change.state is state]


def test_the_first_import_is_all_new() -> None:
    changes = diff(EMPTY, read(document()))
    assert {change.state for change in changes} == {ChangeState.NEW}
    assert [(change.kind, change.id) for change in changes] == [
        ("operation", "operation"),
        ("facility", "GUDANG-3374"),
        ("facility", "GUDANG-3372"),
        ("route", "SMG-SLO"),
        ("shipment", "S-1"),
        ("device", "KWL-0001"),
        ("assignment", "KWL-0001@2024-11-25T00:00:00.000000Z"),
    ]


def test_a_change_has_the_fields_before_and_after() -> None:
    before, changed = read(document()), document()
    changed["shipments"][0].update(vehicle="H 1234 AB", box_count=41)
    changed["assignments"][0]["until"] = "2024-11-26T00:00:00Z"
    changes = [change for change in diff(before, read(changed)) if change.state != "SAME"]
    assert [(change.kind, change.state.value, change.fields) for change in changes] == [
        ("shipment", "CHANGED", {"vehicle": (None, "H 1234 AB"), "box_count": (40, 41)}),
        ("assignment", "CHANGED", {"until": (None, "2024-11-26T00:00:00Z")}),
    ]


def test_what_the_file_does_not_mention_is_counted_and_stays() -> None:
    changed = document()
    del changed["shipments"], changed["assignments"], changed["routes"]
    changes = diff(read(document()), read(changed))
    assert sorted(kinds(changes, ChangeState.NOT_IN_FILE)) == [
        ("assignment", "KWL-0001@2024-11-25T00:00:00.000000Z"),
        ("route", "SMG-SLO"),
        ("shipment", "S-1"),
    ]
    assert not kinds(changes, ChangeState.CHANGED)


def test_a_shipment_keeps_its_status_unless_the_file_gives_one() -> None:
    moved = document()
    moved["shipments"][0]["status"] = "IN_TRANSIT"
    stored = read(moved)
    assert {change.state for change in diff(stored, read(document()))} == {ChangeState.SAME}
    assert settled(stored, read(document())).shipments[0].status is ShipmentStatus.IN_TRANSIT
    explicit = document()
    explicit["shipments"][0]["status"] = "PLANNED"
    assert kinds(diff(stored, read(explicit)), ChangeState.CHANGED) == [("shipment", "S-1")]
