"""An entity that does not exist is told by its id, as people know it, whoever looked for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model.access.facet import group_access_key, organization_access_key
from integrates.db_model.comments.facet import comment_key
from integrates.db_model.decision_imports.facet import decision_import_key
from integrates.db_model.entity import command
from integrates.db_model.environment_urls.facet import environment_url_key
from integrates.db_model.errors import NotFound
from integrates.db_model.events.facet import event_key
from integrates.db_model.finding_policies.facet import finding_policy_key
from integrates.db_model.findings.facet import finding_key
from integrates.db_model.forces.facet import forces_execution_key
from integrates.db_model.groups.facet import group_key
from integrates.db_model.imports.facet import import_key
from integrates.db_model.organizations.facet import organization_key
from integrates.db_model.registry import FACETS
from integrates.db_model.roots.facet import root_key
from integrates.db_model.stakeholders.facet import stakeholder_key
from integrates.db_model.store.port import Key, Store
from integrates.db_model.testing.scene import add_finding, address_of, ticking, uid
from integrates.db_model.tokens.facet import access_token_key
from integrates.db_model.vex_documents.facet import vex_document_key
from integrates.db_model.vex_documents.types import VexFormat
from integrates.db_model.vulnerabilities.facet import vulnerability_key

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House

NOBODY, NONE = address_of("nobody"), uid("none")
MISSING: dict[str, tuple[Key, str]] = {
    "stakeholder": (stakeholder_key(NOBODY), NOBODY),
    "organization": (organization_key(NONE), NONE),
    "organization_access": (organization_access_key(NOBODY, NONE), NOBODY),
    "access_token": (access_token_key(NONE), NONE),
    "group": (group_key("nowhere"), "nowhere"),
    "group_access": (group_access_key(NOBODY, "nowhere"), NOBODY),
    "group_root": (root_key(NONE), NONE),
    "root_environment_url": (environment_url_key(NONE), NONE),
    "event": (event_key(NONE), NONE),
    "finding": (finding_key(NONE), NONE),
    "vulnerability": (vulnerability_key(NONE), NONE),
    "comment": (comment_key(NONE), NONE),
    "organization_finding_policy": (finding_policy_key(NONE), NONE),
    "import": (import_key(NONE), NONE),
    "forces_execution": (forces_execution_key("webshop", NONE), f"webshop#{NONE}"),
    "vex_document": (vex_document_key("nowhere", None, VexFormat.OPENVEX), "nowhere#ALL#OPENVEX"),
    "decision_import": (decision_import_key(NONE), NONE),
}


def unchanged(old: Any, _: datetime) -> Any:
    return old


def test_there_is_a_case_for_each_kind_of_entity() -> None:
    assert list(MISSING) == list(FACETS)


@pytest.mark.parametrize("name", MISSING)
async def test_one_that_is_changed(store: Store, name: str) -> None:
    key, identity = MISSING[name]
    with pytest.raises(NotFound) as caught:
        await command.update(store, FACETS[name], key, unchanged, ticking()())
    assert (caught.value.facet, caught.value.identity) == (name, identity)
    written = await command.update_each(store, FACETS[name], [key], unchanged, ticking()())
    assert [(error.facet, error.identity) for error in written.refused.values() if isinstance(error, NotFound)] == [
        (name, identity)
    ]


async def test_a_parent(house: House) -> None:
    with pytest.raises(NotFound) as caught:
        await add_finding(house.store, replace(house.group, info=replace(house.group.info, name="nowhere")), "R2", house.stamp)
    assert (caught.value.facet, caught.value.identity, caught.value.path) == ("group", "nowhere", ("group_name",))
