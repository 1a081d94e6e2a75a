from pathlib import Path

from click.testing import CliRunner, Result

from cli.manifests import manifest_group

STATIONS = "id;region;number;voters_governor\nT-1;32.73.01.1001;1;512\nT-2;32.73.01;2;480\n"


def check(folder: Path, name: str, content: bytes) -> Result:
    file = folder / name
    file.write_bytes(content)
    return CliRunner().invoke(manifest_group, ["check", str(file)])


def test_a_good_row_is_read_beside_a_bad_one_that_is_named(tmp_path: Path) -> None:
    for content in (STATIONS.encode("utf-8-sig"), STATIONS.replace(";", ",").encode("cp1252")):
        done = check(tmp_path, "stations.csv", content)
        assert done.exit_code == 0, done.output
        assert done.output.splitlines()[1:3] == [
            f"{'read':>26}{'refused':>10}",
            f"  station{1:>17}{1:>10}",
        ]
        assert "stations.csv:3: region: " in done.output


def test_a_file_of_bad_rows_alone_fails(tmp_path: Path) -> None:
    text = STATIONS.replace("T-1;32.73.01.1001", "T-1;32.73")
    done = check(tmp_path, "stations.csv", text.encode())
    assert done.exit_code == 1
    assert "nothing could be read" in done.output


def test_what_is_no_manifest_is_refused_whole(tmp_path: Path) -> None:
    done = check(tmp_path, "surat.pdf", b"%PDF-1.7 ...")
    assert done.exit_code == 1
    assert "is a PDF" in done.output


def test_the_schema_is_printed() -> None:
    done = CliRunner().invoke(manifest_group, ["schema"])
    assert "urn:kawal:manifest:v1" in done.output
