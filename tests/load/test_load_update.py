"""No change is lost or doubled when eight workers change the same objects through two services on one file."""

from pathlib import Path

import pytest
from tests.load.conftest import Proof
from tests.load.hunt import hunt
from tests.load.judge import shared
from tests.load.pair import pair

pytestmark = [pytest.mark.functional, pytest.mark.load]


def test_no_update_is_lost(proof: Proof, tmp_path: Path) -> None:
    with pair(tmp_path) as both:
        hunt(proof, both, shared(tmp_path), operations=30)
