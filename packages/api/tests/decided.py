"""Packages that a scanner found, and what others say of them, in each format of decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from integrates.api.upload import in_memory
from integrates.db_model.entity import read
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_root

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

    from integrates.db_model.vulnerabilities.types import Vulnerability

IMPORT = """mutation ($group: ID!, $root: ID, $file: Upload!, $format: DecisionFormat, $as: SuppressionsAs, $dry: Boolean) {
  importDecisions(groupName: $group, rootId: $root, file: $file, format: $format, suppressionsAs: $as, dryRun: $dry) {
    decisionImport { id format state reason position attempts dryRun suppressionsAs fileName finishedAt createdBy
      counts { requested applied unchanged unmatched refused }
      problems { pointer reason name vulnerability { id } } root { id } group { id } }
    errors { code reason message path } } }"""
SCAN = """mutation ($group: ID!, $root: ID!, $file: Upload!) {
  importVulnerabilities(groupName: $group, rootId: $root, file: $file) {
    import { state counts { created unchanged } } errors { code reason message } } }"""
GROUPS = {"": "webshop", "2": "cargo"}
"""The groups of both tenants, by what ends the names of their people."""
WHEN = "2026-04-01T00:00:00Z"
SHOP = "pkg:github/acme/shop"


def names(number: int) -> tuple[str, str]:
    """The advisory and the package of a number."""
    return f"CVE-2024-{1000 + number}", f"pkg:npm/part{number}@1.{number}.0"


def bill(numbers: Sequence[int], manifests: Sequence[str] = ("package-lock.json",)) -> bytes:
    """What a scanner says: each advisory in its package, which each of the files names."""
    found = [(number, *names(number), path) for number in numbers for path in manifests]
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "components": [
                {
                    "bom-ref": f"{path}|{purl}",
                    "name": f"part{number}",
                    "version": f"1.{number}.0",
                    "purl": purl,
                    "properties": [{"name": "SrcFile", "value": path}],
                }
                for number, _, purl, path in found
            ],
            "vulnerabilities": [
                {"id": cve, "ratings": [{"severity": "medium"}], "affects": [{"ref": f"{path}|{purl}"}]}
                for _, cve, purl, path in found
            ],
        }
    ).encode()


Said = tuple[int, str, Mapping[str, Any]]
"""The number of an advisory, the status in words of OpenVEX, and what else is said of it."""


def openvex(said: Sequence[Said], product: str = SHOP, **members: Any) -> bytes:
    statements = [
        {
            "vulnerability": {"name": names(number)[0]},
            "products": [{"@id": product, "subcomponents": [{"@id": names(number)[1]}]}],
            "status": status,
            **{name: value for name, value in more.items() if name != "will_not_fix"},
        }
        for number, status, more in said
    ]
    head = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:x", "author": "Acme", "timestamp": WHEN, "version": 1}
    return json.dumps({**head, "statements": statements, **members}).encode()


_STATES = {
    "not_affected": "not_affected",
    "affected": "exploitable",
    "fixed": "resolved",
    "under_investigation": "in_triage",
}
_REASONS = {"vulnerable_code_not_in_execute_path": "code_not_reachable"}


def cyclonedx(said: Sequence[Said], product: str = SHOP, **members: Any) -> bytes:
    vulnerabilities = [
        {
            "id": names(number)[0],
            "analysis": {
                "state": _STATES[status],
                "lastUpdated": WHEN,
                **({"justification": _REASONS[more["justification"]]} if "justification" in more else {}),
                **({"response": ["will_not_fix"]} if "will_not_fix" in more else {}),
                **({"detail": more["impact_statement"]} if "impact_statement" in more else {}),
            },
            "affects": [{"ref": names(number)[1]}],
        }
        for number, status, more in said
    ]
    metadata = {"authors": [{"name": "Acme"}], "timestamp": WHEN, "component": {"name": "shop", "purl": product}}
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": metadata}
    return json.dumps({**head, "vulnerabilities": vulnerabilities, **members}).encode()


_LISTS = {
    "not_affected": "known_not_affected",
    "affected": "known_affected",
    "fixed": "fixed",
    "under_investigation": "under_investigation",
}


def csaf(said: Sequence[Said], product: str = SHOP, **members: Any) -> bytes:
    packages = {number: names(number)[1] for number, _, _ in said}
    tree = {
        "full_product_names": [
            {"product_id": text, "name": text, "product_identification_helper": {"purl": text}}
            for text in (product, *packages.values())
        ],
        "relationships": [
            {
                "category": "default_component_of",
                "full_product_name": {"product_id": f"in-{number}", "name": f"in-{number}"},
                "product_reference": text,
                "relates_to_product_reference": product,
            }
            for number, text in packages.items()
        ],
    }
    vulnerabilities = [
        {
            "cve": names(number)[0],
            "product_status": {_LISTS[status]: [f"in-{number}"]},
            "flags": [{"label": more["justification"], "product_ids": [f"in-{number}"]}] if "justification" in more else [],
            "threats": [{"category": "impact", "details": more["impact_statement"]}] if "impact_statement" in more else [],
            "remediations": [{"category": "no_fix_planned", "details": "We will not.", "product_ids": [f"in-{number}"]}]
            if "will_not_fix" in more
            else [],
        }
        for number, status, more in said
    ]
    document = {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "publisher": {"name": "Acme", "category": "vendor", "namespace": "https://acme.example"},
        "tracking": {"current_release_date": WHEN},
    }
    return json.dumps({"document": document, "product_tree": tree, "vulnerabilities": vulnerabilities, **members}).encode()


async def shop_root(world: World, url: str = "https://github.com/acme/shop", suffix: str = "") -> str:
    """Add a root that documents call ``SHOP`` to the group of a tenant, and return its id."""
    query = """mutation ($group: ID!, $url: String!) { added: addGitRoot(groupName: $group, url: $url, branch: "main") {
      root { id } errors { message } } }"""
    added = (await world.data(f"vera{suffix}", query, url=url, group=GROUPS[suffix]))["added"]
    assert added["errors"] == []
    return str(added["root"]["id"])


async def scanned(world: World, root: str, content: bytes, name: str = "bom.json", suffix: str = "") -> Any:
    """Import what a scanner found."""
    given = {"group": GROUPS[suffix], "root": root, "file": in_memory(name, content)}
    payload = (await world.data(f"hana{suffix}", SCAN, **given))["importVulnerabilities"]
    assert payload["errors"] == []
    return payload["import"]


async def decided(world: World, content: bytes, person: str = "uri", **given: Any) -> Any:
    """Import decisions, and return the payload."""
    name = given.pop("name", "acme.json")
    variables = {
        "group": GROUPS["2" if person.endswith("2") else ""],
        "file": in_memory(name, content),
        "as": "ACCEPTANCE",
        **given,
    }
    return (await world.data(person, IMPORT, **variables))["importDecisions"]


def counts(payload: Any) -> dict[str, int]:
    """The counts of an import that ended well, without those that are zero."""
    assert payload["errors"] == []
    assert payload["decisionImport"]["state"] == "COMPLETED", payload["decisionImport"]
    return {name: count for name, count in payload["decisionImport"]["counts"].items() if count}


async def vulnerabilities(world: World, root: str) -> dict[str, Vulnerability]:
    """The vulnerabilities of a root, by their advisory or rule."""
    found = await read.everything(world.store, VULNERABILITY, of_root(root))
    return {one.advisory.id if one.advisory else one.tool.rule_id if one.tool else one.id: one for one in found}
