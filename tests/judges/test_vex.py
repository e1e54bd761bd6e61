"""What the library of OpenVEX says of our documents. `nox -s judges` builds the program and says where it is."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from packages.api.tests.exports.vex import ENTRIES, written

from integrates.api.exports.document import ExportFormat

PROGRAM = "INTEGRATES_TEST_OPENVEX"
Change = Callable[[dict[str, Any]], object]


def judged(document: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    program = os.environ.get(PROGRAM)
    if program is None:
        pytest.skip(f"{PROGRAM} does not name a judge (nox -s judges does)")
    return subprocess.run([program], input=json.dumps(document), capture_output=True, text=True, check=False)


def test_the_library_of_openvex_takes_every_statement() -> None:
    document = written(ExportFormat.OPENVEX, ENTRIES)
    done = judged(document)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, str(len(document["statements"])), "")
    assert len(document["statements"]) > len(ExportFormat)


LIES: Mapping[str, Change] = {
    "a status that is none": lambda one: one.update(status="harmless"),
    "affected without an action": lambda one: one.pop("action_statement", None) or one.update(status="affected"),
    "an impact of what is affected": lambda one: one.update(status="affected", action_statement="x", impact_statement="y"),
    "a justification that is none": lambda one: one.update(status="not_affected", justification="because"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_it_refuses_what_is_wrong(lie: Change) -> None:
    document = written(ExportFormat.OPENVEX, ENTRIES)
    lie(document["statements"][0])
    assert judged(document).returncode == 1
