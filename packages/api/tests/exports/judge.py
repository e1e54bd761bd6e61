"""Programs and schemas that judge VEX documents of each format."""

import json

from csaf_lib.verification import Verifier
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft202012Validator

from integrates.api.exports.document import ExportFormat
from integrates.db_model.vulnerabilities.types import (
    VexJustification,
)


def judge_cyclonedx(text: str) -> None:
    """See that the library of the format finds nothing wrong, and reads it."""
    assert list(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text, all_errors=True) or ()) == []
    assert Bom.from_json(json.loads(text)) is not None  # type: ignore[attr-defined] # a decorator adds it


def judge_csaf(text: str) -> None:
    """See that none of the tests of the format fails."""
    report = Verifier(json.loads(text), raw_content=text).run_all()
    assert [(each.test_id, each.message, each.details) for each in report.failures] == []
    assert report.passed


DATE = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$"}
IRI = {"type": "string", "pattern": r"^(https?://\S+|pkg:[a-z]+/\S+)$"}
COMPONENT = {
    "type": "object",
    "required": ["@id", "identifiers", "subcomponents"],
    "additionalProperties": False,
    "properties": {
        "@id": IRI,
        "identifiers": {"type": "object", "properties": {"purl": IRI}, "required": ["purl"], "additionalProperties": False},
        "subcomponents": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "properties": {"@id": IRI}, "required": ["@id"], "additionalProperties": False},
        },
    },
}
STATEMENT = {
    "type": "object",
    "required": ["vulnerability", "products", "status", "timestamp"],
    "additionalProperties": False,
    "properties": {
        "vulnerability": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string"},
                "aliases": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
            },
        },
        "timestamp": DATE,
        "products": {"type": "array", "minItems": 1, "items": COMPONENT},
        "status": {"enum": ["not_affected", "affected", "fixed", "under_investigation"]},
        "justification": {"enum": [each.value.lower() for each in VexJustification]},
        "impact_statement": {"type": "string", "minLength": 1},
        "action_statement": {"type": "string", "minLength": 1},
    },
    "allOf": [
        {
            "if": {"properties": {"status": {"const": "not_affected"}}},
            "then": {"oneOf": [{"required": ["justification"]}, {"required": ["impact_statement"]}]},
            "else": {"not": {"anyOf": [{"required": ["justification"]}, {"required": ["impact_statement"]}]}},
        },
        {
            "if": {"properties": {"status": {"const": "affected"}}},
            "then": {"required": ["action_statement"]},
            "else": {"not": {"required": ["action_statement"]}},
        },
    ],
}
OPENVEX = {
    "type": "object",
    "required": ["@context", "@id", "author", "timestamp", "version", "tooling", "statements"],
    "additionalProperties": False,
    "properties": {
        "@context": {"const": "https://openvex.dev/ns/v0.2.0"},
        "@id": IRI,
        "author": {"type": "string", "minLength": 1},
        "timestamp": DATE,
        "version": {"type": "integer", "minimum": 1},
        "tooling": {"type": "string"},
        "statements": {"type": "array", "minItems": 1, "uniqueItems": True, "items": STATEMENT},
    },
}
"""What the specification asks of a document, and nothing that we do not write. The judges read it with the format's library."""


def judge_openvex(text: str) -> None:
    """See that it is what the specification asks for."""
    assert [error.message for error in Draft202012Validator(OPENVEX).iter_errors(json.loads(text))] == []


JUDGES = {
    ExportFormat.CSAF_VEX: judge_csaf,
    ExportFormat.CYCLONEDX_VEX: judge_cyclonedx,
    ExportFormat.OPENVEX: judge_openvex,
}
