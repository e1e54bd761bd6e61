"""From the results of any format to a scan."""

from collections.abc import Iterator

import pytest

from integrates.api.imports.read.error import TooLarge
from integrates.api.imports.read.observation import SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import Result, Source, scan_of
from integrates.db_model.imports.types import ImportFormat


def test_no_more_results_are_read_than_may_be() -> None:
    read: list[int] = []

    def results() -> Iterator[Result]:
        for number in range(30_000):
            read.append(number)
            yield Result(pointer=f"/{number}", rule_id="R", at=SkipReason.NO_LOCATION)

    with pytest.raises(TooLarge) as caught:
        scan_of(Source(format=ImportFormat.SARIF, tool="own"), results(), Options())
    assert (caught.value.limit, len(read)) == ("too_many_results", 25_001)
