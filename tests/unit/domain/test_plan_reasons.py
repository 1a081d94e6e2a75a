from tests.support.plan_documents import document, faults


def test_swapped_coordinates_are_recognised() -> None:
    changed = document()
    changed["facilities"][0].update(lat_deg=110.35, lon_deg=-6.99)
    line = changed["routes"][0]["line"]
    line["coordinates"] = [[lat, lon] for lon, lat in line["coordinates"]]
    found = faults(changed)
    assert list(found) == ["facilities[0].lat_deg", "routes[0].line.coordinates[0][1]"]
    assert all("seem to be swapped" in reason for reason in found.values())
    assert "2 more of this geometry" in found["routes[0].line.coordinates[0][1]"]


def test_a_latitude_that_is_simply_wrong_is_not_called_swapped() -> None:
    changed = document()
    changed["facilities"][0]["lat_deg"] = 95
    assert "swapped" not in faults(changed)["facilities[0].lat_deg"]


def test_a_file_cannot_send_commands_to_the_terminal() -> None:
    changed = document()
    changed["shipments"][0].update(
        {"to": "\x1b[2J\x9b", "\x1b]0;x": 1, "mode": "\x1b[31m" + "x" * 99}
    )
    found = faults(changed)
    assert found['shipments[0]["\\u001b]0;x"]'] == "is not a field of a plan"
    assert all("".join([path, reason]).isprintable() for path, reason in found.items())
    assert max(map(len, found.values())) < 250
