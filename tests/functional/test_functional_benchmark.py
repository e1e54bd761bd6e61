"""The benchmark runs to its end, for one checkout and for two."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.functional

ROOT = Path(__file__).resolve().parents[2]
ROWS = (
    "import of 100 results into an empty root",
    "by hand: the file decoded and the same rows written",
    "me, with groups and what is open in them",
    "by hand: page of 25 vulnerabilities with finding and root",
    "page of 25 with root, 2 clients at once",
    "growth of memory by 1,000 requests for a page of 25 with root",
    "treatment of 100 vulnerabilities in one call",
    "by hand: 100 vulnerabilities changed in one transaction",
    "removal of a finding with 100 vulnerabilities",
    "30 known results into a root that holds 200, closing missing ones",
    "gate of a group that holds 300",
    "by hand: 300 rows of the list read and decoded",
)
PARTS = ("starting", "filling", "reading", "treating", "removing", "growth", "gate")


def measured(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/run.py", "--quick", "--only", *PARTS, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_pair_has_a_value_of_each_side_in_each_row() -> None:
    done = measured("--against", str(ROOT))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for name in ROWS:
        [line] = [line for line in lines if line.startswith(f"{name} ")]
        before, after = line.removeprefix(name).split()[:2]
        assert float(before) >= 0, line
        assert float(after) >= 0, line


def test_a_folder_without_the_packages_is_refused(tmp_path: Path) -> None:
    """Otherwise the installed packages would be measured under the folder's name."""
    done = measured("--against", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "is no checkout" in done.stderr


def test_hostile_requests_are_sent_and_answered() -> None:
    names = ("{ __typename }", "70,000 items", "figures of the past once")
    command = [sys.executable, "benchmarks/abuse.py", "--quick", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    for name, status in zip(names, ("200", "400", "200"), strict=True):
        [line] = [line for line in done.stdout.splitlines() if line[2:].startswith(f"{name} ")]
        assert line[2:].removeprefix(name).split()[1] == status, line


def test_exports_are_made_within_their_memory() -> None:
    """Each format in a process of its own, so that a few entries show already what the packages take."""
    command = [sys.executable, "benchmarks/exports.py", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split()[0] == "format"
    assert [line.split()[0] for line in lines] == ["CSAF_VEX", "CSV", "CYCLONEDX_VEX", "JSON", "OPENVEX", "SARIF"]
    assert all(float(line.split()[-1]) > 0 for line in lines)
