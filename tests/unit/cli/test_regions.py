"""`kawal region`."""

from __future__ import annotations

from click.testing import CliRunner

from cli.regions import region_group


def run(*words: str) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "160"}).invoke(region_group, words)
    return result.exit_code, result.output


def test_find_by_name() -> None:
    code, output = run("find", "kota bandung")
    assert code == 0
    assert [line.split() for line in output.splitlines()][1][:3] == ["32.73", "Kota", "Bandung"]
    assert "Jawa Barat" in output


def test_find_within_a_region_and_of_a_level() -> None:
    code, output = run("find", "sukasari", "--within", "3273", "--level", "district")
    assert code == 0
    assert len(output.splitlines()) == 2
    assert "Kota Bandung, Jawa Barat" in output


def test_what_is_not_found_is_an_error() -> None:
    code, output = run("find", "xyzzy")
    assert code == 1
    assert "no region is called 'xyzzy'" in output


def test_show() -> None:
    code, output = run("show", "9301")
    assert code == 0
    assert "Papua Selatan (93) > Kabupaten Merauke (93.01)" in output
    assert "Kabupaten, WIT (Asia/Jayapura)" in output
    assert "below: Distrik" in output


def test_a_village_has_nothing_below() -> None:
    code, output = run("show", "32.73.02.1004")
    assert code == 0
    assert "below" not in output


def test_a_code_of_bps_is_not_taken_for_one_of_ours() -> None:
    code, output = run("show", "9471")
    assert code == 1
    assert "BPS codes differ" in output


def test_a_text_is_no_code() -> None:
    code, output = run("show", "Bandung")
    assert code == 2
    assert "is no Kemendagri code" in output
