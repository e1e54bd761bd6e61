"""Whatever nobody could answer is noticed when the schema is assembled, and told in plain words."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
import pytest
from ariadne import make_executable_schema
from graphql import build_schema, graphql_sync

from integrates.api.resolve.attribute import has_attribute
from integrates.api.resolve.binding import Binding, Resolvers, joined, without, wrong
from integrates.api.schema import WRITTEN, new_schema


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct, frozen=True):
    deep: int


class Box(msgspec.Struct, frozen=True):
    name: str
    inner: Inner
    loose: Inner | None = None
    either: Inner | int = 0
    long_name: str = "long"

    @property
    def own(self) -> Inner:
        return self.inner


SDL = """
type Query { box: Box }
type Mutation { paint: PaintPayload }
type PaintPayload { box: Box, changedParts: [String!] }
type Box { name: String, longName: String, deep: Int }
enum Colour { RED, BLUE }
"""


def box(*_: Any) -> Box:
    return Box("a", Inner(7))


def paint(*_: Any) -> Mapping[str, Any]:
    return {"box": Box("b", Inner(8)), "changed_parts": ["lid"]}


BINDING = Binding(
    shows={"Box": Box},
    fields={"Query": {"box": box}, "Mutation": {"paint": paint}, "Box": {"deep": "inner.deep"}},
    enums={"Colour": Colour},
)


def replaced(**parts: Any) -> Binding:
    return msgspec.structs.replace(BINDING, **parts)


def with_box(**fields: Any) -> Binding:
    return replaced(fields={**BINDING.fields, "Box": fields})


def test_what_fits_is_answered() -> None:
    schema = make_executable_schema(SDL, Resolvers(BINDING), convert_names_case=True)
    assert graphql_sync(schema, "{ box { name longName deep } }").data == {"box": {"name": "a", "longName": "long", "deep": 7}}
    assert graphql_sync(schema, "mutation { paint { box { name } changedParts } }").data == {
        "paint": {"box": {"name": "b"}, "changedParts": ["lid"]}
    }


@pytest.mark.parametrize(
    ("binding", "told"),
    [
        (BINDING, []),
        (with_box(), ["Box.deep: no resolver, and Box of", "has no attribute `deep`", "`fields` in the binding of the folder"]),
        (with_box(deep="inner.deeper"), ["Box.deep: no resolver", "`inner.deeper`"]),
        (with_box(deep="loose.deep"), ["Box.deep: no resolver", "`loose.deep` in all cases"]),
        (with_box(deep="either.deep"), ["Box.deep: no resolver"]),
        (with_box(deep="own.deep"), []),
        (with_box(deep=lambda *_: 1), []),
        (with_box(deep="inner.deep", nmae="name"), ["Box.nmae: no such field"]),
        (replaced(fields={**BINDING.fields, "Bxo": {"name": "name"}}), ["Bxo.name: no such field"]),
        (replaced(fields={name: own for name, own in BINDING.fields.items() if name != "Query"}), ["Query.box: no resolver"]),
        (replaced(shows={}), ["Box: no class", "`shows`"]),
        (replaced(shows={**BINDING.shows, "Bxo": Box}), ["Bxo: no such object type"]),
        (replaced(enums={}), ["Colour: no enum of the model"]),
        (replaced(enums={"Colour": without(Colour, Colour.RED)}), ["Colour: the enums of schema and model differ in RED"]),
        (replaced(enums={"Colour": {**Colour.__members__, "GREEN": Colour.RED}}), ["Colour: the enums", "differ in GREEN"]),
        (replaced(enums={**BINDING.enums, "Taste": Colour}), ["Taste: the enums of schema and model differ in BLUE, RED"]),
    ],
)
def test_what_does_not_fit_is_told(binding: Binding, told: list[str]) -> None:
    found = wrong(build_schema(SDL), binding)
    assert len(found) == bool(told)
    assert all(part in found[0] for part in told)


def test_everything_that_does_not_fit_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"(?s)do not fit:\nBox\.deep: .*\nColour: ") as raised:
        make_executable_schema(SDL, Resolvers(replaced(fields={**BINDING.fields, "Box": {}}, enums={})))
    assert len(str(raised.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("Box", Binding(shows={"Box": Box})),
        ("paint", Binding(fields={"Mutation": {"paint": paint}})),
        ("Colour", Binding(enums={"Colour": Colour})),
    ],
)
def test_nothing_is_bound_twice(name: str, second: Binding) -> None:
    with pytest.raises(ValueError, match=f"bound twice: {name}"):
        joined((BINDING, second))


@pytest.mark.parametrize(
    ("owner", "path", "has"),
    [
        (Box, "name", True),
        (Box, "inner.deep", True),
        (Box, "own.deep", True),
        (Box, "inner.deep.deeper", False),
        (Box, "loose", True),
        (Box, "loose.deep", False),
        (Inner | Box, "name", False),
        (Inner | None, "deep", False),
        (dict[str, int], "name", False),
    ],
)
def test_attributes_of_a_class(owner: Any, path: str, has: bool) -> None:
    assert has_attribute(owner, path) is has


def test_the_schema_does_not_start_without_one_of_its_resolvers(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {name: given for name, given in WRITTEN.fields["Group"].items() if name != "summary"}
    lacking = msgspec.structs.replace(WRITTEN, fields={**WRITTEN.fields, "Group": own})
    monkeypatch.setattr("integrates.api.schema.WRITTEN", lacking)
    with pytest.raises(
        ValueError, match=r"Group\.summary: no resolver, and Group of integrates\.db_model\.groups\.types has no"
    ):
        new_schema()


@pytest.mark.parametrize(
    ("kind", "message"), [(Box, "there is no facet of Box"), (WRITTEN.shows["Finding"], "Finding has no aspect treatment")]
)
def test_a_history_needs_an_entity_with_its_aspects(monkeypatch: pytest.MonkeyPatch, kind: type, message: str) -> None:
    wrongly = msgspec.structs.replace(WRITTEN, shows={**WRITTEN.shows, "Vulnerability": kind})
    monkeypatch.setattr("integrates.api.schema.WRITTEN", wrongly)
    with pytest.raises(ValueError, match=message):
        new_schema()
