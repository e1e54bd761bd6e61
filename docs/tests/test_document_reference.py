"""The references say what the code does."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from docs.matrix import page
from msgspec.structs import fields
from starlette.routing import Mount, Route

from integrates.api.authorization.permissions import (
    PERMISSIONS,
    group_permissions,
    organization_permissions,
    platform_permissions,
)
from integrates.api.errors import Code
from integrates.api.imports.read.format.generic import Published, Rule, Seen
from integrates.api.imports.read.format.generic_csv import COLUMNS
from integrates.api.imports.read.format.generic_json import Report
from integrates.api.imports.read.observation import RemarkReason, SkipReason
from integrates.api.live.hub import new_hub
from integrates.api.reason import REASONS
from integrates.api.request.limits import Limits
from integrates.api.request.weight import weights_of
from integrates.api.schema import new_schema
from integrates.db_model import errors as model_errors
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.files.memory import memory_files
from integrates.db_model.imports.types import ImportCounts, ImportFormat
from integrates.db_model.stakeholders.types import PlatformRole
from integrates.db_model.store.design import FacetDesign, design
from integrates.db_model.store.memory import memory_store
from integrates.server.app import new_app
from integrates.server.auth.secret import derive
from integrates.server.http.refusal import CODES
from integrates.server.process import clock
from integrates.server.process.background import new_background
from integrates.server.service import Service, api_of
from integrates.server.settings import Settings

REFERENCE = Path(__file__).parents[1] / "reference"
HELD = "●"

Row = tuple[str, ...]


def text_of(page: str) -> str:
    return (REFERENCE / page).read_text()


def rows(text: str) -> list[Row]:
    """The cells of all table rows that begin with code; the heads of tables are none."""
    lines = re.findall(r"^\| `.*$(?!\n\| ---)", text, re.MULTILINE)
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def names(text: str) -> list[str]:
    return [name for first, *_ in rows(text) for name in re.findall(r"`([^`]+)`", first)]


def section(page: str, title: str) -> str:
    """What stands below a heading, up to the next."""
    return text_of(page).split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize(
    ("title", "of", "roles"),
    [
        ("In a group", group_permissions, GroupRole),
        ("In an organization", organization_permissions, OrganizationRole),
        ("On the platform", platform_permissions, PlatformRole),
    ],
)
def test_the_tables_of_permissions_are_the_matrix(
    title: str, of: Callable[[str], Iterable[str]], roles: type[GroupRole | OrganizationRole | PlatformRole]
) -> None:
    table = section("permissions.md", title)
    [head] = [line for line in table.splitlines() if line.startswith("| Permission")]
    columns = [roles(name.strip()) for name in head.strip("|").split("|")[1:]]
    assert set(columns) == set(roles)
    cells = [(name, pair) for name, *marks in rows(table) if ":" in name for pair in zip(columns, marks, strict=True)]
    told = {(name.strip("`"), role) for name, (role, mark) in cells if mark == HELD}
    assert told == {(name, role) for role in roles for name in of(role)}


def test_the_tables_of_permissions_are_written_by_their_program() -> None:
    text = text_of("permissions.md")
    assert page(text) == text, "run `python docs/matrix.py`, look at the difference and commit it"


def test_every_permission_is_told() -> None:
    assert set(names(text_of("permissions.md"))) >= PERMISSIONS


def test_the_reasons_are_those_of_the_api_with_codes_and_explanations() -> None:
    told = {name.strip("`"): (code, text) for name, code, text in rows(section("errors.md", "Reasons"))}
    assert told == {reason.value: (one.code.value, one.explanation) for reason, one in REASONS.items()}


def test_the_codes_of_answers_are_told() -> None:
    assert set(names(section("errors.md", "Codes of the whole answer"))) == {*Code, *CODES.values()}


def test_the_errors_of_the_model_are_told() -> None:
    found = {name for name, kind in vars(model_errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert set(names(section("errors.md", "In Python"))) == found - {"IntegratesError", "StoreError", "ModelError"}


def test_the_reasons_and_counts_of_an_import_are_told() -> None:
    assert set(names(section("formats.md", "Skipped results"))) == {*SkipReason, *RemarkReason}
    assert set(names(section("sarif.md", "Counts"))) == set(ImportCounts.__struct_fields__)


def test_the_formats_are_told() -> None:
    assert set(names(section("formats.md", "Which reports"))) == set(ImportFormat)


def test_every_query_and_mutation_is_told() -> None:
    schema = new_schema()
    fields = {name for kind in (schema.query_type, schema.mutation_type) if kind for name in kind.fields}
    assert set(re.findall(r"`(\w+)(?:\(.*?\))?`", section("graphql.md", "What there is"))) == fields


def test_the_limits_of_a_query_are_told() -> None:
    elsewhere = {"validation_errors", "documents", "kept_characters"}
    told = re.findall(r"\d[\d,]*", section("graphql.md", "Limits"))
    values = {name: f"{getattr(Limits(), name):,}" for name in Limits.__struct_fields__ if name not in elsewhere}
    assert {name: value for name, value in values.items() if value not in told} == {}


def test_the_table_of_weights_is_the_schema() -> None:
    """A member of the filter of vulnerabilities stands there as the filter, a history without its type."""
    weights = weights_of(new_schema())
    places = {(name, value) for one in (weights.now, weights.past) for name, value in one.items() if value}
    declared = {(re.sub(r"^(VulnerabilityFilter)\..*$|^.*\.(\w*[hH]istory)$", r"\1\2", name), value) for name, value in places}
    table = section("graphql.md", "Limits").split("| What | Weight |\n", 1)[1].split("\n\n", 1)[0]
    told: set[tuple[str, int]] = set()
    for _, what, weight, *_ in (line.split("|") for line in table.splitlines()[1:]):
        number = int(weight.strip().partition(":")[0].split(", once")[0].replace(",", ""))
        told |= {(name, number) for name in re.findall(r"`([\w.]+(?:\(\w+:\))?)`", what) if name != "states"}
    assert told == declared


def test_the_routes_are_told() -> None:
    settings = Settings()
    live = new_hub(memory_store(), clock.now)
    service = Service(
        settings=settings,
        store=live.store,
        live=live,
        files=memory_files(),
        api=api_of(settings),
        keyring=lambda: derive(b"the secret of the tests, 32 bytes and more"),
        now=clock.now,
        seconds=time.monotonic,
        new_id=clock.new_id,
        spawn=new_background().spawn,
        is_ready=lambda: True,
        write_log=lambda _line: None,
    )
    found = [re.sub(r":\w+(?=})", "", route.path) for route in new_app(service).routes if isinstance(route, Route | Mount)]
    assert sorted(found) == sorted(names(text_of("http.md").split("## ", 1)[0]))


@pytest.mark.parametrize(
    ("command", "argument"),
    [
        ("login", " [URL]"),
        ("logout", " [URL]"),
        ("show", " ID"),
        ("treat", " ID…"),
        ("request-verification", " ID…"),
        ("export", " GROUP"),
        ("api", " QUERY"),
        ("import", " FILE"),
        ("compare", " FILE"),
        ("gate", ""),
        ("serve", ""),
        ("demo", ""),
        ("expire", ""),
        ("clean", ""),
        ("token", " EMAIL"),
        ("check", ""),
    ],
)
def test_the_options_of_a_command_are_told(command: str, argument: str) -> None:
    told = names(section("commands.md", f"`integrates {command}{argument}`"))
    assert sorted([*told, "--help"]) == options(command)


@pytest.mark.parametrize("group", ["ls", "decisions", "person", "member", "organization", "group", "snapshots", "keys"])
def test_the_commands_of_a_group_and_their_options_are_told(group: str) -> None:
    told = names(section("commands.md", f"`integrates {group}`"))
    commands = [name.split()[2] for name in told if name.startswith("integrates ")]
    assert sorted(commands) == verbs(group)
    options_of_all = {option for command in commands for option in options(group, command)}
    assert {name for name in told if name.startswith("--")} | {"--help"} == options_of_all


def verbs(group: str) -> list[str]:
    """The commands that a group of commands explains."""
    program = Path(sys.executable).with_name("integrates")
    done = subprocess.run([program, group, "--help"], capture_output=True, text=True, check=True)
    return sorted(re.findall(r"^  ([a-z]+) ", done.stdout.partition("Commands:")[2], re.MULTILINE))


def test_the_options_before_a_command_are_told() -> None:
    told = names(text_of("commands.md").split("## ", 1)[0])
    assert sorted(name.split()[0] for name in told) == options()


def options(*command: str) -> list[str]:
    """The options that a command explains."""
    program = Path(sys.executable).with_name("integrates")
    done = subprocess.run([program, *command, "--help"], capture_output=True, text=True, check=True)
    return sorted(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", done.stdout, re.MULTILINE))


def test_the_facets_are_those_of_the_design() -> None:
    wanted = [facet_row(facet) for facet in design().facets.values()]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in wanted)
    assert rows(section("database-design.md", "The facets")) == wanted, (
        f"the table in docs/reference/database-design.md is:\n{lines}"
    )


def facet_row(facet: FacetDesign) -> Row:
    """The line of a facet in the reference."""
    key = f"`{facet.key.pk}`" if facet.key.pk == facet.key.sk else f"`{facet.key.pk}` / `{facet.key.sk}`"
    indexes = [f"{number}: `{index.pk}` / `{index.sk}`" for number, index in facet.indexes.items()]
    lists = [
        f"`{each.name}` ({each.index})" if each.index else f"`{each.name}`"
        for each in facet.patterns
        if each.name != f"{facet.name}_by_key"
    ]
    return (f"`{facet.name}`", key, "<br>".join(indexes), "<br>".join(lists))


def test_the_page_of_generic_formats_names_all_of_their_members() -> None:
    json_part, csv_part = text_of("generic.md").split("## CSV")
    assert [name for name in COLUMNS if name not in names(csv_part)] == []
    members = {one.encode_name for kind in (Report, Rule, Seen, Published) for one in fields(kind)}
    assert members - set(re.findall(r"`([a-z_]+)`", json_part)) == set()
