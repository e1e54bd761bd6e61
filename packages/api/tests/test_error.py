"""Errors become answers in one module."""

from typing import get_args

import pytest

from integrates.api.imports.read.error import BadFile, Defect, Limit, TooLarge
from integrates.api.meaning import ErrorCode
from integrates.api.reason import REASONS
from integrates.api.refusal import _TOO_LARGE, REFUSALS, refusals
from integrates.db_model.errors import (
    AlreadyExists,
    Conflict,
    Corrupt,
    LimitExceeded,
    NotFound,
    Outdated,
    Raced,
    Reason,
    Rejected,
    Rejections,
    Stale,
    Unavailable,
    Unfit,
)


@pytest.mark.parametrize(
    ("error", "code", "reason", "path", "version"),
    [
        (NotFound("group", "x"), "NOT_FOUND", "not_found", ("here",), None),
        (NotFound("group", "x", ("group_name",)), "NOT_FOUND", "not_found", ("groupName",), None),
        (AlreadyExists(Reason.NAME_TAKEN, ("name",), "x"), "ALREADY_EXISTS", "name_taken", ("name",), None),
        (AlreadyExists(Reason.IMPORT_RUNNING, ("root_id",)), "CONFLICT", "import_running", ("rootId",), None),
        (Stale("group", "x", 7), "CONFLICT", "stale_version", ("here",), 7),
        (Outdated("group", "x", 2), "CONFLICT", "outdated_service", ("here",), None),
        (LimitExceeded("item_bytes", 2, 1, 0), "LIMIT_EXCEEDED", "too_large", ("here",), None),
        (Raced("x"), "CONFLICT", "concurrent_change", ("here",), None),
        (Rejected(Reason.TOO_LONG, ("accepted_until",)), "INVALID", "too_long", ("acceptedUntil",), None),
        (Rejected(Reason.TOO_MANY, ()), "LIMIT_EXCEEDED", "too_many", (), None),
        (Rejections([Rejected(Reason.HIDDEN, ("cvss_v4", "0"))]), "INVALID", "hidden", ("cvssV4", "0"), None),
        (BadFile([Defect("/runs/0", "It is odd.")]), "INVALID", "bad_file", ("file",), None),
        (TooLarge("file_too_large", 2, 1), "LIMIT_EXCEEDED", "file_too_large", ("file",), None),
        (TooLarge("nested_too_deep", 2, 1), "LIMIT_EXCEEDED", "too_many", ("file",), None),
    ],
)
def test_each_refusal_has_its_words(
    error: Exception, code: str, reason: str, path: tuple[str, ...], version: int | None
) -> None:
    assert isinstance(error, REFUSALS)
    (found,) = refusals(error, ("here",))
    assert (found.code, found.path, found.current_version) == (code, path, version)
    assert found.reason == reason
    assert found.message[0].isupper()


def test_all_rules_that_refuse_are_told() -> None:
    refused = Rejections([AlreadyExists(Reason.LOCATION_TAKEN, ("url",)), AlreadyExists(Reason.NICKNAME_TAKEN, ("nickname",))])
    assert [(one.code, one.path) for one in refusals(refused)] == [
        ("ALREADY_EXISTS", ("url",)),
        ("ALREADY_EXISTS", ("nickname",)),
    ]


@pytest.mark.parametrize("error", [Corrupt("group", "x"), Unavailable("no answer"), Unfit("no table"), Conflict([])])
def test_what_nobody_can_do_anything_about_is_no_refusal(error: Exception) -> None:
    assert not isinstance(error, REFUSALS)


def test_a_defect_ends_with_its_pointer() -> None:
    (found,) = refusals(BadFile([Defect("/runs/0", "It is odd.")]))
    assert found.message.endswith(" /runs/0")


def test_a_detail_follows_the_sentence() -> None:
    (found,) = refusals(Rejected(Reason.TOO_MANY, ("url",), "500 roots of a group"))
    assert found.message == "The limit is reached: 500 roots of a group."


def test_every_reason_has_a_code_and_a_sentence_of_its_own() -> None:
    assert set(REASONS) == set(Reason)
    assert {meaning.code for meaning in REASONS.values()} == set(ErrorCode)
    assert len({meaning.sentence for meaning in REASONS.values()}) == len(Reason)
    assert all(meaning.sentence.endswith(".") and not meaning.explanation.endswith(".") for meaning in REASONS.values())


def test_every_limit_of_a_file_has_a_reason() -> None:
    assert set(_TOO_LARGE) == set(get_args(Limit))
