"""The locations of what an installation keeps."""

from pathlib import Path

import pytest

from integrates.server.process.location import files_url, key_file


@pytest.mark.parametrize(
    "store, files, key",
    [
        ("sqlite:///integrates.db", "file://integrates.db.files", Path("integrates.db.key")),
        ("sqlite:////srv/integrates.db", "file:///srv/integrates.db.files", Path("/srv/integrates.db.key")),
        ("dynamodb://?region=eu-west-1", "file://integrates.files", None),
        ("memory://", "memory://", None),
    ],
)
def test_files_and_the_secret_follow_from_the_store(store: str, files: str, key: Path | None) -> None:
    assert (files_url(store), key_file(store)) == (files, key)
