"""Scenario files: the ones that come along, and bad ones."""

from pathlib import Path

import pytest

from firmware_sim import scenario
from firmware_sim.scenario import ScenarioError

WANTED = {
    "nominal",
    "route-deviation",
    "dead-zone",
    "seal-cut",
    "jammer",
    "reboot",
    "duplicate-storm",
    "clock-drift",
    "frozen-receiver",
    "spoofed",
    "unplanned-stop",
}
GOOD = """
summary_id = "Uji"
summary_en = "Trial"
"""


def test_the_promised_scenarios_come_along() -> None:
    assert set(scenario.names()) == WANTED


@pytest.mark.parametrize("name", sorted(WANTED))
def test_each_is_valid_and_can_be_injected(name: str) -> None:
    loaded = scenario.load(name)
    assert loaded.name == name
    assert loaded.faults
    end_s = loaded.lead_in_s + max(f.at_s + f.duration_s for f in loaded.faults)
    assert end_s <= loaded.duration_s


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD + '[[faults]]\nkind = "sos"\nat_s = 5\n', "utf-8")
    loaded = scenario.load(file)
    assert (loaded.name, loaded.faults[0].kind) == ("mine", "sos")


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("surprise = 1", "surprise", "Extra inputs are not permitted"),
        ("[policy]\nmoving_intervall_s = 5", "policy.moving_intervall_s", "Extra inputs"),
        ("[policy]\nmoving_interval_s = 0", "policy.moving_interval_s", "greater than 0"),
        ("[gnss]\nuere_m = nan", "gnss.uere_m", "greater than 0"),
        ('[[faults]]\nkind = "lunch"\nat_s = 0', "faults.0", "lunch"),
        ('[[faults]]\nkind = "sos"', "faults.0.sos.at_s", "Field required"),
        ('[[faults]]\nkind = "jamming"\nat_s = 0\nlevel = 3', "faults.0.jamming.level", "1 or 2"),
        ('[[zones]]\nkind = "gnss"\nradius_m = 5', "zones.0", "either lon_deg and lat_deg"),
        (
            '[[zones]]\nkind = "gnss"\nradius_m = 5\nlon_deg = 1\nlat_deg = 1\nat_fraction = 0.5',
            "zones.0",
            "either lon_deg and lat_deg",
        ),
    ],
)
def test_a_bad_file_is_refused_by_field_and_reason(text: str, field: str, reason: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario.parse(GOOD + text, "trial")
    assert str(refused.value).startswith("scenario trial: ")
    assert field in str(refused.value)
    assert reason in str(refused.value)


def test_all_faults_of_a_file_are_named_at_once() -> None:
    with pytest.raises(ScenarioError, match=r"summary_en.*; .*seed"):
        scenario.parse('summary_id = "x"\nseed = "y"\n', "trial")


def test_what_is_not_toml_is_refused() -> None:
    with pytest.raises(ScenarioError, match="trial: not TOML"):
        scenario.parse("= 1", "trial")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match=r"'lunch': unknown; there are: clock-drift, dead-zone"):
        scenario.load("lunch")


@pytest.mark.parametrize("name", ["../../pyproject", "nominal.toml", "/etc/passwd"])
def test_a_bundled_scenario_is_no_path(name: str) -> None:
    with pytest.raises(ScenarioError, match="unknown"):
        scenario.bundled(name)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.toml"):
        scenario.load(tmp_path / "none.toml")
    (tmp_path / "bin.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match=r"bin\.toml"):
        scenario.load(tmp_path / "bin.toml")
