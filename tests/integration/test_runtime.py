"""deploy/runtime.sh: what it leaves behind, and what it says where it cannot work."""

import re
import subprocess
from pathlib import Path
from shutil import which

from tests.support.services import ROOT

SCRIPT = str(ROOT / "deploy/runtime.sh")


def run(target: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script with nothing but this environment."""
    command = [which("bash") or "bash", SCRIPT, str(target)]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def test_the_manifest_tells_each_package_with_its_checksum(runtime: Path) -> None:
    lines = (runtime / "MANIFEST").read_text("utf-8").splitlines()
    assert all(re.fullmatch(r"\S+ \S+ [0-9a-f]{64}", line) for line in lines)
    packages = {line.split()[0] for line in lines}
    assert packages >= {"postgresql-17", "postgresql-17-timescaledb", "mosquitto", "tzdata"}


def test_a_second_run_has_nothing_to_do(runtime: Path) -> None:
    before = runtime.stat()
    done = run(runtime, PATH="/usr/bin:/bin")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert runtime.stat().st_mtime_ns == before.st_mtime_ns


def test_a_machine_without_apt_is_told_what_to_do(tmp_path: Path) -> None:
    for tool in ("dirname", "basename"):
        (tmp_path / tool).symlink_to(which(tool) or tool)
    done = run(tmp_path / "runtime", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "apt-get is not here" in done.stderr
    assert "deploy/compose.yaml" in done.stderr
    assert "KAWAL_DATABASE_URL" in done.stderr
    assert not (tmp_path / "runtime").exists()


def test_a_machine_without_debian_sources_is_told_what_to_do(tmp_path: Path) -> None:
    conf = tmp_path / "apt.conf"
    conf.write_text('Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "/dev/null";\n')
    done = run(
        tmp_path / "runtime",
        PATH="/usr/bin:/bin",
        APT_CONFIG=str(conf),
        KAWAL_CACHE_DIR=str(tmp_path / "cache"),
    )
    assert done.returncode == 1
    assert "KAWAL_DEBIAN_MIRROR" in done.stderr
    assert not (tmp_path / "runtime").exists()
