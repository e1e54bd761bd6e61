"""Exports a group of 100,000 vulnerabilities in each format, and prints what that takes: CPU time, memory, bytes.

``python benchmarks/exports.py [--quick] [--store FILE] [FORMAT …]`` fills a service with lines of code and packages by imports,
stops it, and makes each document in a process of its own, which holds nothing else. ``--store`` keeps the filled store in a
file, and takes it when it is there. No format may take more than 120 MB, all in all.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any, Final

from scan import sarif
from service import imported, placed, served
from side import HERE, environment, found

from integrates.api.exports.document import Document, ExportFormat
from integrates.api.exports.load import collect, products_of, roots_of
from integrates.api.exports.registry import FORMATS
from integrates.api.exports.spool import Spool
from integrates.db_model.entity import read
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.store.url import open_store
from integrates.db_model.vex_documents.types import Edition

ALLOWED_MEGABYTES: Final = 120.0
ALL: Final = 100_000
FEW: Final = 1_000
PART: Final = 20_000
"""Results of one file."""
RULES: Final = 200
NAME: Final = "exported"


def trivy(numbers: Sequence[int]) -> bytes:
    """Return a report of packages with an advisory each, of as many advisories as there are rules in a scan."""
    found = [
        {
            "VulnerabilityID": f"CVE-2024-{number % RULES + 1_000}",
            "PkgName": f"package-{number}",
            "InstalledVersion": "1.2.3",
            "FixedVersion": "1.2.4",
            "PkgIdentifier": {"PURL": f"pkg:npm/package-{number}@1.2.3"},
            "Status": "fixed",
            "Severity": "HIGH",
            "Title": "What is weak in this package",
            "Description": "What a scanner says of an advisory in a sentence or two, so that rows have a real size.",
        }
        for number in numbers
    ]
    results = [{"Target": f"folder-{number}/package-lock.json", "Class": "lang-pkgs", "Type": "npm"} for number in range(100)]
    for number, one in enumerate(results):
        one["Vulnerabilities"] = found[number :: len(results)]  # type: ignore[assignment]  # values of JSON are of any type
    return json.dumps({"SchemaVersion": 2, "ArtifactName": ".", "Results": results}).encode()


def files(number: int) -> Iterator[tuple[bytes, int]]:
    """Yield the files that fill the group, half lines and half packages, each with the number of its results."""
    half = number // 2
    for start, end in pairwise([*range(0, half, PART), half]):
        yield sarif(range(start, end), RULES), end - start
        yield trivy(range(start, end)), end - start


def fill(store: Path, number: int) -> None:
    """Make the store, with so many vulnerabilities in one root."""
    with tempfile.TemporaryDirectory() as folder, served(found("here", HERE), f"sqlite:///{store}", Path(folder)) as bench:
        place = placed(bench, NAME)
        for content, expected in files(number):
            counts = imported(bench, place, content, close=False)
            if counts["created"] != expected:
                raise RuntimeError(f"{counts} instead of {expected}")


def resident() -> float:
    """Return the most memory that this process has held so far, in MB.

    What ``getrusage`` says begins with that of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) * 1_024 / 1_000_000


async def made(store_path: Path, kind: ExportFormat) -> dict[str, Any]:
    """Make the document of a format, piece by piece, and return what it took."""
    form, size, begun, now = FORMATS[kind], 0, process_time(), datetime.now(UTC)
    async with open_store(f"sqlite:///{store_path}") as store:
        group = await read.get(store, GROUP, group_key(NAME))
        assert group is not None  # noqa: S101 # it was filled
        organization = await read.get(store, ORGANIZATION, organization_key(group.info.organization_id))
        assert organization is not None  # noqa: S101 # likewise
        roots = await roots_of(store, NAME)
        products = await products_of(store, roots)
        base = resident()
        with Spool(partial(form.key, products)) as spool:
            newest = await collect(store, roots, form, spool, now)
            document = Document(
                id="00000000-0000-4000-8000-000000000001",
                group=group,
                organization=organization,
                root=None,
                roots={root.id: root for root in roots},
                products=products,
                server="https://integrates.example",
                author="Measured",
                at=newest or now,
                version=1,
                editions=(Edition(document_version=1, content_sha256="0" * 64, at=now),),
            )
            size = sum(map(len, form.write(document, spool)))
    return {"cpu": process_time() - begun, "base": base, "most": resident(), "size": size / 1_000_000}


def measured(store: Path, kind: ExportFormat) -> dict[str, Any]:
    """Make a document in another process, and return what that took."""
    command = [sys.executable, __file__, "--made", "--store", str(store), kind.name]
    done = subprocess.run(command, env={**os.environ, **environment(found("here", HERE))}, check=True, stdout=subprocess.PIPE)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main() -> None:
    """Fill and measure. Exit with 1 when a format takes more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--made", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("formats", nargs="*", metavar="FORMAT")
    given = parser.parse_args()
    kinds = [ExportFormat[name] for name in given.formats] or [one for one in ExportFormat if one in FORMATS]
    if given.made:
        print(json.dumps(asyncio.run(made(given.store, kinds[0]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        store = (given.store or Path(folder) / "store.db").resolve()
        if not store.exists():
            fill(store, FEW if given.quick else ALL)
        print(f"{'format':14}{'CPU s':>8}{'MB before':>11}{'MB at most':>12}{'MB written':>12}")
        too_much = False
        for kind in kinds:
            took = measured(store, kind)
            is_more = took["most"] > ALLOWED_MEGABYTES
            too_much |= is_more
            mark = " !" if is_more else ""
            print(f"{kind.name:14}{took['cpu']:8.1f}{took['base']:11.0f}{took['most']:12.0f}{took['size']:12.1f}{mark}")
    sys.exit(too_much)


if __name__ == "__main__":
    main()
