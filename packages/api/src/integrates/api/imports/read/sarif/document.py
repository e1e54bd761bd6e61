"""The members of a SARIF 2.1.0 file that are used (domain section 8).

The names are those of the standard (OASIS SARIF 2.1.0, section 3). Members not named here are ignored. Every member may be
absent or ``null``, which some tools write: what a tool wrote wrongly is as if absent.
"""

from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct, field

from integrates.api.imports.read.mend import NULL
from integrates.api.imports.read.sarif.own import OwnResult, OwnRule
from integrates.db_model.vulnerabilities.check import MAX_OFFSET
from integrates.db_model.vulnerabilities.location import MAX_LINE

Line: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_LINE)]
Offset: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_OFFSET)]
Score: TypeAlias = str | int | float


class Text(Struct, frozen=True, gc=False, rename="camel"):
    """A ``multiformatMessageString``, also a snippet (``artifactContent``)."""

    text: str | None = None


class Message(Struct, frozen=True, gc=False, rename="camel"):
    """A text, or the id of one that its rule or tool keeps."""

    text: str | None = None
    id: str | None = None
    arguments: tuple[str | None, ...] | None = None


class ComponentReference(Struct, frozen=True, gc=False, rename="camel"):
    """Which tool component is meant."""

    name: str | None = None
    index: int | None = None
    guid: str | None = None


class DescriptorReference(Struct, frozen=True, gc=False, rename="camel"):
    """Which rule or taxon is meant."""

    id: str | None = None
    index: int | None = None
    tool_component: ComponentReference | None = None


class Relationship(Struct, frozen=True, gc=False, rename="camel"):
    """A rule's relation to another descriptor, here to a taxon."""

    target: DescriptorReference | None = None


class Configuration(Struct, frozen=True, gc=False, rename="camel"):
    """How a rule is set up."""

    level: str | None = None


class RuleProperties(Struct, frozen=True, gc=False, rename="camel"):
    """The conventional properties of a rule, and those of our own export."""

    tags: tuple[str, ...] | None = None
    cwe: str | tuple[str, ...] | None = None
    security_severity: Score | None = field(default=None, name="security-severity")
    integrates: OwnRule | None = None


class ResultProperties(Struct, frozen=True, gc=False, rename="camel"):
    """The conventional properties of a result, and those of our own export."""

    security_severity: Score | None = field(default=None, name="security-severity")
    integrates: OwnResult | None = None


class Descriptor(Struct, frozen=True, gc=False, rename="camel"):
    """A ``reportingDescriptor``: what a tool says of one of its rules."""

    id: str | None = None
    name: str | None = None
    short_description: Text | None = None
    full_description: Text | None = None
    help: Text | None = None
    default_configuration: Configuration | None = None
    properties: RuleProperties | None = None
    relationships: tuple[Relationship, ...] | None = None
    message_strings: dict[str, Text] | None = None


class Driver(Struct, frozen=True, gc=False, rename="camel"):
    """The tool itself."""

    name: str | None = None
    guid: str | None = None
    rules: tuple[Descriptor, ...] | None = None
    global_message_strings: dict[str, Text] | None = None


class Extension(Struct, frozen=True, gc=False, rename="camel"):
    """A plug-in of the tool."""

    name: str | None = None
    guid: str | None = None
    rules: tuple[Descriptor, ...] | None = None
    global_message_strings: dict[str, Text] | None = None


class Taxon(Struct, frozen=True, gc=False, rename="camel"):
    """One class of a taxonomy."""

    id: str | None = None


class Taxonomy(Struct, frozen=True, gc=False, rename="camel"):
    """A classification that rules relate to."""

    name: str | None = None
    guid: str | None = None
    taxa: tuple[Taxon, ...] | None = None


class Tool(Struct, frozen=True, gc=False, rename="camel"):
    """The tool of a run."""

    driver: Driver = Driver()
    extensions: tuple[Extension, ...] | None = None


class ArtifactLocation(Struct, frozen=True, gc=False, rename="camel"):
    """Where a file is."""

    uri: str | None = None
    uri_base_id: str | None = None
    index: int | None = None


class Base(ArtifactLocation, frozen=True, gc=False, rename="camel"):
    """Where files are that are named from there. Of our own export it is a root, whose location the description tells."""

    description: Text | None = None


class Artifact(Struct, frozen=True, gc=False, rename="camel"):
    """A file that the run describes once, and that locations refer to by its index."""

    location: ArtifactLocation | None = None


class Region(Struct, frozen=True, gc=False, rename="camel"):
    """A part of a file."""

    start_line: Line | None = None
    start_column: Offset | None = None
    char_offset: Offset | None = None
    byte_offset: Offset | None = None
    snippet: Text | None = None


class PhysicalLocation(Struct, frozen=True, gc=False, rename="camel"):
    """A file and a part of it."""

    artifact_location: ArtifactLocation | None = None
    region: Region | None = None
    context_region: Region | None = None


class LogicalLocation(Struct, frozen=True, gc=False, rename="camel"):
    """A named part of a program, or of an interface."""

    name: str | None = None
    fully_qualified_name: str | None = None
    kind: str | None = None
    index: int | None = None


class ResultLocation(Struct, frozen=True, gc=False, rename="camel"):
    """Where a result is."""

    physical_location: PhysicalLocation | None = None
    logical_locations: tuple[LogicalLocation, ...] | None = None
    message: Message | None = None


class Suppression(Struct, frozen=True, gc=False, rename="camel"):
    """Someone's word that a result does not count."""

    kind: str | None = None
    status: str | None = None
    justification: str | None = None


class Result(Struct, frozen=True, gc=False, rename="camel"):
    """One thing that the tool saw. The ``rule_id`` is not decoded: what it is of a wrong kind has to be told."""

    rule_id: Raw = NULL
    rule_index: int | None = None
    rule: DescriptorReference | None = None
    kind: str | None = None
    level: str | None = None
    message: Message | None = None
    locations: tuple[ResultLocation, ...] | None = None
    fingerprints: dict[str, str] | None = None
    partial_fingerprints: dict[str, str] | None = None
    suppressions: tuple[Suppression | None, ...] | None = None
    baseline_state: str | None = None
    properties: ResultProperties | None = None


class Notification(Struct, frozen=True, gc=False, rename="camel"):
    """What the tool says of its own execution."""

    level: str | None = None
    locations: tuple[ResultLocation, ...] | None = None


class Invocation(Struct, frozen=True, gc=False, rename="camel"):
    """One execution of the tool."""

    execution_successful: bool | None = None
    exit_signal_name: str | None = None
    process_start_failure_message: str | None = None
    working_directory: ArtifactLocation | None = None
    tool_execution_notifications: tuple[Notification, ...] | None = None
    tool_configuration_notifications: tuple[Notification, ...] | None = None


class AutomationDetails(Struct, frozen=True, gc=False, rename="camel"):
    """Which series of runs this one belongs to."""

    id: str | None = None


class Run(Struct, frozen=True, gc=False, rename="camel"):
    """One run of one tool. ``results`` is ``None`` when the tool does not say that it looked."""

    tool: Tool = Tool()
    results: tuple[Result, ...] | None = None
    invocations: tuple[Invocation, ...] | None = None
    automation_details: AutomationDetails | None = None
    original_uri_base_ids: dict[str, Base] | None = None
    artifacts: tuple[Artifact, ...] | None = None
    logical_locations: tuple[LogicalLocation, ...] | None = None
    taxonomies: tuple[Taxonomy, ...] | None = None
    external_property_file_references: dict[str, Raw] | None = None


Component: TypeAlias = Driver | Extension


def components(tool: Tool) -> tuple[Component, ...]:
    """Return the driver and, behind it, the extensions: all that have rules."""
    return (tool.driver, *(tool.extensions or ()))
