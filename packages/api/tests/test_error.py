"""Errors become answers in one place."""

import pytest

from integrates.api.errors import _CODES, _TAKEN, _TEXTS, REFUSALS, ErrorCode, refusal, refusals
from integrates.api.ingest.error import BadFile, Defect, TooLarge
from integrates.db_model.errors import AlreadyExists, NotFound, Raced, Rejected, Rejections, Stale


@pytest.mark.parametrize(
    ("error", "code", "reason", "path", "version"),
    [
        (NotFound("group", "x"), "NOT_FOUND", "not_found", ("here",), None),
        (AlreadyExists("group_name", "x"), "ALREADY_EXISTS", "name_taken", ("name",), None),
        (AlreadyExists("running_import", "x"), "CONFLICT", "import_running", ("rootId",), None),
        (Stale("group", "x", 7), "CONFLICT", "stale_version", ("here",), 7),
        (Raced("x"), "CONFLICT", "concurrent_change", ("here",), None),
        (Rejected("too_long", ("accepted_until",)), "INVALID", "too_long", ("acceptedUntil",), None),
        (Rejected("too_many", ()), "LIMIT_EXCEEDED", "too_many", (), None),
        (Rejections([Rejected("no_such_word", ("a",))]), "INVALID", "no_such_word", ("a",), None),
        (BadFile([Defect("/runs/0", "It is odd.")]), "INVALID", "bad_file", ("file",), None),
        (TooLarge("file_too_large", 2, 1), "LIMIT_EXCEEDED", "file_too_large", ("file",), None),
        (TooLarge("nested_too_deep", 2, 1), "LIMIT_EXCEEDED", "too_many_results", ("file",), None),
    ],
)
def test_each_refusal_has_its_words(
    error: Exception, code: str, reason: str, path: tuple[str, ...], version: int | None
) -> None:
    assert isinstance(error, REFUSALS)
    (found,) = refusals(error, ("here",))
    assert (found.code, found.path, found.current_version) == (code, path, version)
    assert found.message.split(": ")[0] == reason
    assert len(found.message) > len(reason) + 2


def test_a_defect_ends_with_its_pointer() -> None:
    (found,) = refusals(BadFile([Defect("/runs/0", "It is odd.")]))
    assert found.message.endswith(" /runs/0")


def test_every_reason_with_a_kind_has_a_text() -> None:
    assert _CODES.keys() | {reason for reason, _ in _TAKEN.values()} <= _TEXTS.keys()
    assert {refusal(reason).code for reason in _TEXTS} == set(ErrorCode)
