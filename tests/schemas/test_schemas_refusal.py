"""What does not fit the design in CUE is refused, and the message names the path of what is wrong."""

import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Change = Callable[[Path, str, str], None]
Export = Callable[..., subprocess.CompletedProcess[str]]

FACETS = Path("schemas/tables/integrates_vms/facets")
TABLE = Path("schemas/tables/integrates_vms/table.cue")

PACKAGES = 'type: "PACKAGES"'
OF_TOOL = 'tool: {name: "t", categories: [""], rule_id: "R", mark: {}, suppressions: []}'
ADVISORY = """advisory: {
	id: "CVE-2024-1001", cve: ["CVE-2024-1001"], aliases: [], package: "58", vulnerable_version: ""
	fix: "AVAILABLE", relation: "DIRECT", use: "PRODUCTION"
}"""
BACKEND, FRONTEND = '#root:    "backend"', '#root:     "frontend"'
SCORED = 'score:   "8.7"'

# facet, a text of one of its demo files, the text instead of it, where the message says that something is wrong
DEMO = [
    ("stakeholder", 'role: "admin"', 'role: "root"', "demo.ada.access.role"),
    ("stakeholder", "\tada: {", '\t"ad a": {', 'demo."ad a".info.email'),
    ("stakeholder", "\tada: {", '\t"ada@": {', 'demo."ada@".info.email'),
    ("stakeholder", "\tada: {", '\t"ada#": {', 'demo."ada#".info.email'),
    ("stakeholder", "\tada: {", "\tAda: {", "demo.Ada.info.email"),
    ("stakeholder", 'first_name: "Ada"', 'first_name: ""', "demo.ada.info.first_name"),
    ("stakeholder", 'first_name: "Ada"', 'nickname: "Ada"', "demo.ada.info.nickname"),
    ("stakeholder", 'access: role: "admin"', 'acces: role: "admin"', "demo.ada.acces"),
    ("organization", "demo: {\n\taurora: {", 'demo: {\n\t"aur#ora": {', 'demo."aur#ora".info.name'),
    ("organization", "\tharbor: {", '\tharbor: {\n\t\tpk: "ORG#harbor"', "demo.harbor.pk"),
    ("organization", "\tharbor: {", "\tharbor: {\n\t\tversion: 2", "demo.harbor.version"),
    ("organization", "\tharbor: {", '\tharbor: {\n\t\tid: "harbor"', "demo.harbor.id"),
    ("organization", 'country: "FI"', 'country: "Finland"', "demo.aurora.info.country"),
    ("organization", "max_acceptance_days:", "max_acceptance_days: 1000 +", "demo.aurora.policies.max_acceptance_days"),
    ("organization", '"4.0"', '"4"', "demo.aurora.policies.min_breaking_severity"),
    ("organization", "#days: 420.4", "#days: -1", "demo.aurora.created_at"),
    ("organization", "{schema.#Before, #days: 420.4}", '"2025-02-03T04:05:06Z"', "demo.aurora.created_at"),
    ("organization", "{schema.#Before, #days: 420.4}", '"2025-02-30T04:05:06.000000+00:00"', "demo.aurora.created_at"),
    ("organization", "{schema.#Before, #days: 420.4}", '"2025-02-03T04:05:06.000000+01:00"', "demo.aurora.created_at"),
    ("organization", "{schema.#Before, #days: 420.4}", '"2025-02-03T04:05:06.000000"', "demo.aurora.created_at"),
    ("group", "\tarchive: {", "\tArchive: {", "demo.Archive.info.name"),
    ("group", "organization.demo.harbor.id", "organization.demo.harbour.id", "demo.cargo.info.organization_id"),
    ("group", "vulnerability_grace_period: 3", "inactivity_period: 30", "demo.webshop.policies.inactivity_period"),
    ("group", '"card-data"', '"Card data"', "demo.payments.info.tags.0"),
    ("group", 'status: "ACTIVE"', 'status: "REMOVED"', "demo.webshop.state.status"),
    ("organization_access", "\tvera: {", "\tverra: {", "demo.aurora.verra.email"),
    ("organization_access", '"organization_manager"', '"group_manager"', "demo.aurora.olga.access.role"),
    ("group_access", "demo: cargo", "demo: crago", "demo.crago.hana.group_name"),
    ("group_access", '"group_manager"', '"service_forces"', "demo.webshop.gus.access.role"),
    ("group_access", 'role: "group_manager", ', "", "demo.webshop.gus.access.role"),
    ("group_access", 'state: status: "INVITED"', 'state: status: "ACTIVE"', "demo.payments.nina.invitation"),
    ("group_access", 'state: status: "INVITED"', 'state: status: "REMOVED"', "demo.payments.nina.state.status"),
    ("group_access", "invitation: {", 'access: role: "user"\n\t\tinvitation: {', "demo.payments.nina.access.role"),
    ("group_access", "2.2 - 7", "2.2 + 7", "demo.payments.nina.invitation.#expiresLater"),
    ("group_root", "aurora/webshop", "aurora/webshop.git", "demo.webshop.backend.location.url"),
    ("group_root", "https://git", "https://Git", "demo.webshop.backend.location.url"),
    ("group_root", "https://git", "https://user:pass@git", "demo.webshop.backend.location.url"),
    ("group_root", "https://git", "http://git", "demo.webshop.backend.location.url"),
    ("group_root", '"src/test/"', '"**"', "demo.webshop.backend.location.gitignore.0"),
    ("group_root", "\tbackend: #GitRoot", '\t"back end": #GitRoot', 'demo.webshop."back end".info.nickname'),
    ("group_root", '"shop/web"', '"Shop/web"', "demo.webshop.image.location.repository"),
    ("group_root", '"192.0.2.17"', '"host.example"', "demo.payments.terminal.location.address"),
    ("group_root", "port:     8443", "port:     0", "demo.cargo.portal.location.port"),
    ("group_root", 'path:     "/portal"', 'path:     "portal"', "demo.cargo.portal.location.path"),
    ("group_root", "terminal: #IPRoot", "terminal: #URLRoot", "demo.payments.terminal.location.address"),
    ("finding", '"Order total', '"=Order total', "demo.webshop.price_from_browser.description.title"),
    ("finding", '"CWE-472"', '"472"', "demo.webshop.price_from_browser.description.cwe_ids.0"),
    ("finding", "CVSS:4.0", "CVSS:2.0", "demo.webshop.price_from_browser.severity.cvss_v4"),
    ("finding", '"8.7"', '"8.75"', "demo.webshop.price_from_browser.severity.score"),
    ("finding", "cvss_v3:", "cvss_v2:", "demo.webshop.session_after_logout.severity.cvss_v2"),
    ("finding", SCORED, f'{SCORED}\ntool_vector: "AV:N/AC:L"', "demo.webshop.price_from_browser.severity.tool_score"),
    ("finding", SCORED, f'{SCORED}\ntool_vector: "CVSS:2.0/AV:N"', "demo.webshop.price_from_browser.severity.tool_vector"),
    ("vulnerability", '"SUBMITTED"', '"OPEN"', "demo.webshop.checkout_total.state.status"),
    ("vulnerability", BACKEND, f'{BACKEND}\ntechnique: "GUESS"', "demo.webshop.checkout_total.technique"),
    ("vulnerability", BACKEND, '#root: "gateway"', "demo.webshop.checkout_total.root_id"),
    ("vulnerability", '"src/main', '"/src/main', "demo.webshop.checkout_total.location.where"),
    ("vulnerability", '"src/main', '"src/../main', "demo.webshop.checkout_total.location.where"),
    ("vulnerability", '"58"', '"58-60"', "demo.webshop.checkout_total.location.specific"),
    ("vulnerability", BACKEND, f'{BACKEND}\ntype: "LINES"\n{ADVISORY}', "demo.webshop.checkout_total.type"),
    ("vulnerability", BACKEND, f"{BACKEND}\n{PACKAGES}\n{OF_TOOL}", "demo.webshop.checkout_total.advisory"),
    ("vulnerability", FRONTEND, f"{FRONTEND}\n{PACKAGES}\n{ADVISORY}", "demo.webshop.logout_button.#at"),
    (
        "vulnerability",
        BACKEND,
        f"{BACKEND}\n{PACKAGES}\n{ADVISORY.replace('AVAILABLE', 'SOON')}",
        "demo.webshop.checkout_total.advisory.fix",
    ),
    ("vulnerability", 'snippet:  "total', 'snipet: "total', "demo.webshop.checkout_total.location.snipet"),
]
# file, a text of it, the text instead of it, what the message names
DESIGN = [
    (Path("schemas/database_schema/date.cue"), '#anchor: "2026', '#anchor: "2027', "_anchorText"),
    (FACETS / "finding/finding.cue", 'pk: "FIN#id"', 'pk: "FIN#Id"', "facet.keys.pk"),
    (FACETS / "finding/finding.cue", 'pk: "FIN#id"', 'pk: "FIN#_id"', "facet.keys.pk"),
    (FACETS / "finding/finding.cue", 'pk: "FIN#id"', 'pk: "entity#FIN"', "facet.keys.pk"),
    (FACETS / "finding/finding.cue", 'pk: "FIN#id"', 'pk: "FIN#number"', "demo.webshop.price_from_browser.pk"),
    (
        FACETS / "finding/finding.cue",
        '"gsi_1"',
        '"gsi_4"',
        "not in gsi_4",
    ),
    (FACETS / "finding/finding.cue", "rule:", 'rule: "X" &', "facet.attributes.rule"),
    (FACETS / "finding/finding.cue", "severity:", "rating:", "no attribute severity"),
    (TABLE, '\t\tgsi_7: projection: "ALL"\n', "", "no index gsi_7"),
    (TABLE, 'gsi_7: projection: "ALL"', 'gsi_7: projection: "SOME"', "table.indexes.gsi_7.projection"),
    (FACETS / "finding/finding.cue", 'name: "finding"', 'name: "finding"\n\t"schema": 0', "facet.schema"),
    (Path("schemas/database.cue"), "_version: 5", "_version: 0", "version"),
    (TABLE, "\t\tgroup.facet,\n", "\t\tgroup.facet,\n\t\tgroup.facet,\n", "list.UniqueItems"),
    (FACETS / "session/session.cue", "email:", 'email: "M"\n\t\taddress:', "table.#attributes.email"),
    (FACETS / "stakeholder/demo.cue", '"\\(Name)@demo.example"', '"ada@demo.example"', "list.UniqueItems"),
]


@pytest.mark.cue
@pytest.mark.parametrize("facet, old, new, pointer", DEMO, ids=itertools.count())
def test_a_demo_entity_that_breaks_a_constraint_is_refused(
    facet: str, old: str, new: str, pointer: str, copy: Path, change: Change
) -> None:
    files = sorted((copy / FACETS / facet).glob("demo*.cue"))
    change(next(file for file in files if old in file.read_text()).relative_to(copy), old, new)
    command = ["cue", "vet", "--concrete", f"./tables/integrates_vms/facets/{facet}"]
    done = subprocess.run(command, cwd=copy / "schemas", check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"{pointer}:" in done.stderr.replace("[", ".").replace("]", "")


@pytest.mark.cue
@pytest.mark.parametrize("path, old, new, pointer", DESIGN, ids=itertools.count())
def test_a_design_that_contradicts_itself_is_refused(
    path: Path, old: str, new: str, pointer: str, change: Change, export: Export
) -> None:
    change(path, old, new)
    done = export()
    assert done.returncode == 1
    assert pointer in done.stderr
