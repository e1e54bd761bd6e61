"""Entries of exports, made by the rules of the model."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from integrates.api.exports.document import Document, Entry
from integrates.api.exports.product import product_of
from integrates.db_model.findings.types import Finding, FindingDescription, FindingState, FindingStateStatus, ToolRule
from integrates.db_model.groups.commands import new_group
from integrates.db_model.groups.types import GroupInfo
from integrates.db_model.organizations.commands import new_organization
from integrates.db_model.organizations.types import OrganizationInfo
from integrates.db_model.roots.commands import new_root
from integrates.db_model.roots.types import GitLocation, ImageLocation, Location, Root, RootInfo
from integrates.db_model.severities.rules import severity
from integrates.db_model.testing.scene import ticking, uid
from integrates.db_model.vex_documents.types import Edition
from integrates.db_model.vulnerabilities.advisory import package_at
from integrates.db_model.vulnerabilities.rules import Sighting, reported
from integrates.db_model.vulnerabilities.types import (
    Advisory,
    Technique,
    Tool,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityType,
)
from integrates.db_model.vulnerabilities.word import decided_at, word_of

FIRST: Final = datetime(2024, 5, 1, 12, tzinfo=UTC)
NOW: Final = datetime(2024, 6, 1, tzinfo=UTC)
BY: Final = "vera@demo.example"
STAMP: Final = ticking()()
GROUP: Final = new_group(GroupInfo(name="webshop", organization_id=uid("aurora"), description="The shop"), STAMP)
ORGANIZATION: Final = new_organization(uid("aurora"), OrganizationInfo(name="aurora"), STAMP)
SERVER: Final = "https://integrates.example"


def root_at(nickname: str, location: Location) -> Root:
    """Return a root that is not stored."""
    return new_root(uid(nickname), GROUP, location, RootInfo(nickname=nickname), STAMP)


BACKEND: Final = root_at("backend", GitLocation(url="https://git.example/shop", branch="main"))
FRONTEND: Final = root_at("frontend", GitLocation(url="https://github.com/demo/shop", branch="main"))
IMAGE: Final = root_at("image", ImageLocation(registry="registry.example:5000", repository="shop/web", tag="1"))
ROOTS: Final = {root.id: root for root in (BACKEND, FRONTEND, IMAGE)}
PRODUCTS: Final = {root.id: product_of(root) or "" for root in ROOTS.values()}


def finding_of(advisory: str, **description: Any) -> Finding:
    """Return the finding of an advisory."""
    return Finding(
        id=uid(f"finding {advisory}"),
        group_name=GROUP.name,
        organization_id=ORGANIZATION.id,
        rule=ToolRule(tool="trivy", rule_id=advisory),
        description=FindingDescription(title=f"{advisory}: a weakness", description="What it is.", **description),
        severity=severity(tool_score=Decimal("7.5")),
        state=FindingState(status=FindingStateStatus.CREATED, at=FIRST, by="system"),
        created_at=FIRST,
        created_by="system",
    )


def vulnerable(
    name: str, advisory: str = "CVE-2024-1001", package: str = "pkg:npm/express@4.17.1", root: Root = BACKEND, **more: Any
) -> Vulnerability:
    """Return the vulnerability of that name: a package of a root that an import reported."""
    label, _, version = package.rpartition("@")
    about = Advisory(id=advisory, cve=(advisory,), package=label, vulnerable_version=version, purl=package, **more)
    sighting = Sighting(
        type=VulnerabilityType.PACKAGES,
        technique=Technique.SCA,
        location=VulnerabilityLocation(where=f"{name}/package-lock.json", specific=package_at(label, version)),
        tool=Tool(name="trivy", categories=("",), rule_id=advisory, fingerprint=f"package={name}"),
        advisory=about,
    )
    return reported(uid(name), finding_of(advisory), root.id, sighting, by="hana@demo.example", at=FIRST)


def treated(vulnerability: Vulnerability, status: TreatmentStatus, at: datetime = FIRST, **more: Any) -> Vulnerability:
    """Return the vulnerability with a treatment."""
    return replace(vulnerability, treatment=Treatment(status=status, at=at, by=BY, **more))


def told(vulnerability: Vulnerability, **description: Any) -> Entry:
    """Return the entry of a vulnerability."""
    word, advisory = word_of(vulnerability, NOW), vulnerability.advisory
    assert word is not None
    assert advisory is not None
    finding = finding_of(advisory.id, **description)
    return Entry(vulnerability=vulnerability, finding=finding, word=word, at=decided_at(vulnerability, NOW))


def document(root: Root | None = None, **more: Any) -> Document:
    """Return what a document is about: the group, or one of its roots."""
    roots = ROOTS if root is None else {root.id: root}
    edition = Edition(document_version=1, content_sha256="0" * 64, at=FIRST)
    given: dict[str, Any] = {"at": FIRST, "version": 1, "editions": (edition,), **more}
    return Document(
        id=uid("document"),
        group=GROUP,
        organization=ORGANIZATION,
        root=root,
        roots=roots,
        products={root_id: PRODUCTS[root_id] for root_id in roots},
        server=SERVER,
        author="Aurora",
        **given,
    )
