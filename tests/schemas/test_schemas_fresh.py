"""The committed export is that of the committed design, which is seen without the program `cue`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from digest import DIGESTS, digests, edits, sources

ROOT_FACET = "schemas/tables/integrates_vms/facets/group_root/group_root.cue"


def advice(edited: list[str]) -> str:
    """What somebody reads who has edited the design."""
    lines = "".join(f"  {edit}\n" for edit in edited)
    return (
        f"The database design is not what was exported last:\n{lines}"
        "Run `.venv/bin/nox -s schemas` and commit what it writes. What is exported is never edited: edit the CUE."
    )


def test_the_export_is_that_of_the_design(repository: Path) -> None:
    edited = list(edits((repository / DIGESTS).read_text(), repository))
    if edited:
        pytest.fail(advice(edited), pytrace=False)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A checkout with two CUE files and one that is exported."""
    (tmp_path / "schemas/tables").mkdir(parents=True)
    for name in ("schemas/a.cue", "schemas/tables/b.cue", "schemas/exported.json"):
        (tmp_path / name).write_text(name)
    return tmp_path


CHANGES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "nothing": (lambda _: None, []),
    "an edit": (lambda root: (root / "schemas/a.cue").write_text("x"), ["schemas/a.cue was edited"]),
    "a new file": (lambda root: (root / "schemas/tables/c.cue").write_text("x"), ["schemas/tables/c.cue is new"]),
    "a removal": (lambda root: (root / "schemas/tables/b.cue").unlink(), ["schemas/tables/b.cue is gone"]),
    "the export": (
        lambda root: (root / "schemas/exported.json").write_text("x"),
        ["schemas/exported.json is written by the export and was edited by hand"],
    ),
    "the lost export": (lambda root: (root / "schemas/exported.json").unlink(), ["schemas/exported.json is gone"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_edited_since_is_named(change: str, small: Path) -> None:
    make, told = CHANGES[change]
    exported = {"schemas/exported.json": b"schemas/exported.json"}
    recorded = digests({**sources(small), **exported})
    make(small)
    assert list(edits(recorded, small)) == told


def test_it_is_said_what_to_do() -> None:
    assert advice([f"{ROOT_FACET} was edited"]).splitlines() == [
        "The database design is not what was exported last:",
        f"  {ROOT_FACET} was edited",
        "Run `.venv/bin/nox -s schemas` and commit what it writes. What is exported is never edited: edit the CUE.",
    ]
