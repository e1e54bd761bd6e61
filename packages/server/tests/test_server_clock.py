from itertools import pairwise
from uuid import UUID

from integrates.server.process import clock


def test_new_ids_are_of_version_7_and_sort_by_when_they_were_made() -> None:
    ids = [clock.new_id() for _ in range(10_000)]
    assert {UUID(each).version for each in ids} == {7}
    assert all(earlier < later for earlier, later in pairwise(ids))
