"""The schema of each facet in CUE, as exported, and the entity type in Python have the same fields and words."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import pytest
from shape import Shape, shape_of

from integrates.db_model.entity.facet import structs_of
from integrates.db_model.entity.revision import Revision
from integrates.db_model.registry import FACETS

ONCE_STORED = {("updated_at",), ("schema",), ("vulnerability", "identity")}
"""What an entity has only once it is stored: in every facet, or in the one that is named."""
KEPT = {"schema"}
"""What the engine writes beside the fields of an entity: the number of the schema that they have."""
NARROWER = {
    ("group", "policies", "inactivity_period"): "a policy of organizations only",
    ("group_access", "access", "role"): "service_forces is never a person's",
}
"""Where the two differ on purpose, and why."""
EXPORT = "run `.venv/bin/nox -s schemas`"


class Sides(NamedTuple):
    """What the two descriptions of an entity are called, and the files that they stand in."""

    cue: str
    cue_file: str
    python: str
    python_file: str


def sides(facet: str) -> Sides:
    kinds = structs_of(FACETS[facet])
    return Sides(
        cue="#" + facet.title().replace("_", ""),
        cue_file=f"schemas/tables/integrates_vms/facets/{facet}/{facet}.cue",
        python=" or ".join(kind.__name__ for kind in kinds),
        python_file=f"packages/db_model/src/{kinds[0].__module__.replace('.', '/')}.py",
    )


def differences(path: tuple[str, ...], cue: Shape, python: Shape) -> Iterator[tuple[tuple[str, ...], Shape, Shape]]:
    """Yield where the two differ, with both shapes; the words of what is a mere text in Python are up to CUE."""
    if path in NARROWER:
        return
    if isinstance(cue, Mapping) and isinstance(python, Mapping):
        for name in sorted({*cue, *python}):
            yield from differences((*path, name), cue.get(name, ...), python.get(name, ...))
    elif cue is ... or (python is not None and cue != python):
        yield path, cue, python


def told(path: tuple[str, ...], cue: Shape, python: Shape, of: Sides) -> str:
    """Say what to do about a difference."""
    field = f"`{'.'.join(path[1:])}`"
    if cue is ...:
        return (
            f"{of.python} has {field} and {of.cue} has not: add it to {of.cue} in {of.cue_file} and {EXPORT}, "
            f"or take it out of {of.python_file}."
        )
    if python is ...:
        return (
            f"{of.cue} has {field} and {of.python} has not: add it in {of.python_file}, "
            f"or take it out of {of.cue_file} and {EXPORT}."
        )
    return (
        f"{field} may be {words(cue)} in {of.cue} and {words(python)} in {of.python}: "
        f"make {of.cue_file} and {of.python_file} agree, then {EXPORT}."
    )


def words(shape: Shape) -> str:
    match shape:
        case None:
            return "anything"
        case list():
            return ", ".join(map(str, shape))
        case _:
            return f"a record of {', '.join(shape)}"


@pytest.mark.parametrize("facet", FACETS)
def test_cue_and_python_describe_the_same_entity(facet: str, exported: Any) -> None:
    assert facet in exported, (
        f"{sides(facet).cue_file} has no {sides(facet).cue} with the fields of the entity: add it and {EXPORT}"
    )
    fields = shape_of(msgspec.json.schema(FACETS[facet].type)).items()
    python = {name: field for name, field in fields if not {(name,), (facet, name)} & ONCE_STORED}
    found = [told(*each, sides(facet)) for each in differences((facet,), exported[facet], python)]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


ROOT = Sides("#Root", "root.cue", "Root", "types.py")
NOT_IN_CUE = (
    "Root has `info.owner` and #Root has not: "
    "add it to #Root in root.cue and run `.venv/bin/nox -s schemas`, or take it out of types.py."
)
NOT_IN_PYTHON = (
    "#Root has `owner` and Root has not: add it in types.py, or take it out of root.cue and run `.venv/bin/nox -s schemas`."
)
OTHER_WORDS = (
    "`status` may be ACTIVE in #Root and ACTIVE, GONE in Root: "
    "make root.cue and types.py agree, then run `.venv/bin/nox -s schemas`."
)
NO_RECORD = (
    "`at` may be a record of day in #Root and NOW in Root: "
    "make root.cue and types.py agree, then run `.venv/bin/nox -s schemas`."
)


@pytest.mark.parametrize(
    ("cue", "python", "advice"),
    [
        ({"id": None}, {"id": None}, []),
        ({"by": ["system"]}, {"by": None}, []),
        ({"info": {}}, {"info": {"owner": None}}, [NOT_IN_CUE]),
        ({"owner": None}, {}, [NOT_IN_PYTHON]),
        ({"at": {"day": None}, "status": ["ACTIVE"]}, {"at": ["NOW"], "status": ["ACTIVE", "GONE"]}, [NO_RECORD, OTHER_WORDS]),
    ],
)
def test_a_difference_is_told_with_what_to_do(cue: Shape, python: Shape, advice: list[str]) -> None:
    assert [told(*each, ROOT) for each in differences(("group_root",), cue, python)] == advice


@pytest.mark.parametrize("facet", FACETS)
def test_the_design_lists_the_attributes_of_the_entity(facet: str, carried: Any) -> None:
    facets = {facet["FacetName"]: facet for table in carried["DataModel"] for facet in table["TableFacets"]}
    fields = shape_of(msgspec.json.schema(FACETS[facet].type)).keys()
    listed, of = set(facets[facet]["NonKeyAttributes"]), sides(facet)
    assert listed == fields | KEPT, (
        f"`attributes` of the facet in {of.cue_file} and the fields of {of.python} in {of.python_file} differ: make them agree "
        f"and {EXPORT}"
    )


def test_the_design_lists_the_attributes_of_a_revision(carried: Any) -> None:
    (facet,) = [facet for table in carried["DataModel"] for facet in table["TableFacets"] if facet["FacetName"] == "revision"]
    assert set(facet["NonKeyAttributes"]) == {field.name for field in msgspec.structs.fields(Revision)} | KEPT
