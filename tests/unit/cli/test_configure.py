"""Settings: from where they come, which wins, and what is said of a wrong one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.configure import ROOT, SettingsError, home, load
from domain.settings import Settings

VARIABLE = re.compile(r"\bKAWAL_[A-Z_]+\b")
SETTINGS = {
    f"KAWAL_{section}_{field}".upper()
    for section, found in Settings.model_fields.items()
    for field in found.annotation.model_fields  # type: ignore[union-attr]
}


def write(folder: Path, text: str) -> Path:
    (folder / "kawal.toml").write_text(text, "utf-8")
    return folder


def fault(folder: Path, **environment: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(folder, environment)
    return str(refused.value)


def test_with_nothing_set_all_has_a_default(tmp_path: Path) -> None:
    assert load(tmp_path, {}) == Settings()


def test_the_file(tmp_path: Path) -> None:
    found = load(write(tmp_path, "[ingest]\nbatch_size = 500\n[rules]\nmax_speed_kmh = 90.5"), {})
    assert (found.ingest.batch_size, found.rules.max_speed_kmh) == (500, 90.5)
    assert found.dashboard == Settings().dashboard


def test_the_environment_wins_over_the_file_field_by_field(tmp_path: Path) -> None:
    folder = write(tmp_path, "[ingest]\nbatch_size = 500\nbatch_wait_ms = 20")
    found = load(folder, {"KAWAL_INGEST_BATCH_SIZE": "700", "HOME": "x", "kawal_x": "y"})
    assert (found.ingest.batch_size, found.ingest.batch_wait_ms) == (700, 20)


def test_a_secret_comes_from_the_environment_by_its_name(tmp_path: Path) -> None:
    folder = write(tmp_path, '[database]\nurl = "$SITE_DATABASE"\n[dashboard]\nexercise = "US$"')
    found = load(folder, {"SITE_DATABASE": "postgresql://kawal:rahasia@db/kawal"})
    assert found.database.url is not None
    assert found.database.url.get_secret_value() == "postgresql://kawal:rahasia@db/kawal"
    assert "rahasia" not in found.model_dump_json()
    assert "rahasia" not in repr(found)
    assert found.dashboard.exercise == "US$"


def test_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path, '[broker]\nurl = "$SITE_BROKER"')
    assert fault(folder) == "url (in kawal.toml): the environment has no SITE_BROKER"


def test_unknown_keys_are_refused_by_name(tmp_path: Path) -> None:
    folder = write(tmp_path, "[ingest]\nbatchsize = 5\n[dashbord]\nport = 1")
    said = fault(folder, KAWAL_RULES_MAX_SPEED="90", KAWAL_TYPO="1").splitlines()
    assert sorted(line.split(":")[0] for line in said) == [
        "dashbord (in kawal.toml or KAWAL_DASHBORD)",
        "ingest.batchsize (in kawal.toml or KAWAL_INGEST_BATCHSIZE)",
        "rules.max_speed (in kawal.toml or KAWAL_RULES_MAX_SPEED)",
        "typo (in kawal.toml or KAWAL_TYPO)",
    ]
    assert all("not permitted" in line for line in said)


def test_every_wrong_value_is_told_with_its_reason_and_without_itself(tmp_path: Path) -> None:
    said = fault(
        tmp_path,
        KAWAL_INGEST_BATCH_SIZE="many",
        KAWAL_INGEST_HEALTH_PORT="70000",
        KAWAL_DASHBOARD_LANGUAGE="rahasia",
    )
    assert "ingest.batch_size (in kawal.toml or KAWAL_INGEST_BATCH_SIZE): " in said
    assert "less than or equal to 65535" in said
    assert "dashboard.language" in said
    assert "rahasia" not in said


@pytest.mark.parametrize("text", ["[ingest", b"\xff\xfe".decode("latin-1") + "=", "a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_told(tmp_path: Path, text: str) -> None:
    assert fault(write(tmp_path, text)).startswith("kawal.toml: ")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "kawal.toml").write_bytes(b"\xff\xfe")
    assert fault(tmp_path).startswith("kawal.toml: ")


def test_a_section_that_is_no_section_is_told(tmp_path: Path) -> None:
    said = fault(write(tmp_path, "ingest = 5"), KAWAL_INGEST_BATCH_SIZE="5")
    assert said.startswith("ingest (in kawal.toml or KAWAL_INGEST): ")


def deploy_variables() -> list[str]:
    files = [path for path in (ROOT / "deploy").iterdir() if path.is_file()]
    texts = "\n".join(path.read_text("utf-8") for path in [*files, ROOT / "cli/supervise.py"])
    return sorted(set(VARIABLE.findall(texts)) - SETTINGS)


@pytest.mark.parametrize("name", deploy_variables())
def test_variables_of_the_files_of_deploy_are_let_through(tmp_path: Path, name: str) -> None:
    """They are exported in the same shell from which `kawal` is then called."""
    assert load(tmp_path, {name: "anything"}) == Settings()


def test_those_variables_are_found() -> None:
    found = deploy_variables()
    assert {"KAWAL_DB_PASSWORD", "KAWAL_CACHE_DIR", "KAWAL_CONTROL_PORT"} <= set(found)


def test_the_home_folder(tmp_path: Path) -> None:
    assert home({"KAWAL_HOME": str(tmp_path / "a/../b")}) == tmp_path / "b"
    assert home({"KAWAL_HOME": ""}) == home({}) == ROOT / ".kawal"
