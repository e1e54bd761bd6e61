"""Why something is refused: one table of all reasons, with the code, the sentence and the explanation of each."""

from collections.abc import Mapping
from typing import Final

from integrates.api.meaning import ErrorCode, Meaning
from integrates.db_model.errors import Reason

_NOT_FOUND, _EXISTS, _CONFLICT = ErrorCode.NOT_FOUND, ErrorCode.ALREADY_EXISTS, ErrorCode.CONFLICT
_INVALID, _FORBIDDEN, _LIMIT = ErrorCode.INVALID, ErrorCode.FORBIDDEN, ErrorCode.LIMIT_EXCEEDED

REASONS: Final[Mapping[Reason, Meaning]] = {
    Reason.REQUIRED: Meaning(
        _INVALID,
        "A value is needed.",
        "a value is missing: `null`, an empty text, or a list without items",
    ),
    Reason.TOO_SHORT: Meaning(
        _INVALID,
        "It is too short.",
        "the text has too few characters; the message names the minimum",
    ),
    Reason.TOO_LONG: Meaning(
        _INVALID,
        "It is too long.",
        "the text has too many characters; the message names the maximum",
    ),
    Reason.BAD_CHARACTERS: Meaning(
        _INVALID,
        "It contains characters that are not allowed here.",
        "the text contains a character that is not allowed there, such as a control character, or a line break in a "
        "text of one line",
    ),
    Reason.BAD_FORMAT: Meaning(
        _INVALID,
        "It is not in the expected format.",
        "all characters are allowed, but the text does not have the form of its field, such as a name that begins "
        "with a digit; also an item that is named twice",
    ),
    Reason.OUT_OF_RANGE: Meaning(
        _INVALID,
        "It is out of range.",
        "a number or date outside its range, or a value where there must be none, such as `acceptedUntil` for "
        "another treatment than ACCEPTED",
    ),
    Reason.TOO_MANY_ITEMS: Meaning(
        _LIMIT,
        "The list is too long.",
        "the list has more items than it may have: 100 of a bulk mutation, 50 gitignore patterns",
    ),
    Reason.NOT_CANONICAL: Meaning(
        _INVALID,
        "It is not in the form in which it is stored.",
        "the value is not in its stored form, such as an e-mail in upper case or a git url with a password. The API "
        "brings arguments into that form; the model does not change what a program hands it",
    ),
    Reason.WRONG_TYPE: Meaning(
        _INVALID,
        "It has the wrong type.",
        "the value has the wrong type, such as a text where a list of texts is expected",
    ),
    Reason.IN_FUTURE: Meaning(
        _INVALID,
        "It is in the future.",
        "the date is in the future",
    ),
    Reason.BAD_VECTOR: Meaning(
        _INVALID,
        "It is not a valid CVSS vector of the expected version.",
        "the text is not a valid CVSS vector of version 4.0 (`cvssV4`) or 3.1 (`cvssV3`)",
    ),
    Reason.BAD_EXCLUSION: Meaning(
        _INVALID,
        "The pattern excludes everything, or is not valid.",
        "a gitignore pattern excludes everything, or is not valid",
    ),
    Reason.INCONSISTENT: Meaning(
        _INVALID,
        "It contradicts another value of the same object.",
        "the value contradicts another one of the same object, such as the state SAFE without a date of closing",
    ),
    Reason.NOT_FIRST: Meaning(
        _INVALID,
        "A new object cannot begin like this.",
        "a new object cannot begin in this state: only demo data are refused so",
    ),
    Reason.FIXED: Meaning(
        _INVALID,
        "It cannot be changed any more.",
        "the value is set once, when the object is created, such as its id or group",
    ),
    Reason.WRONG_PARENT: Meaning(
        _INVALID,
        "It belongs to another organization, group, root or finding.",
        "the object belongs to another organization, group, root or finding than the one that is named",
    ),
    Reason.SERVICE_ROLE: Meaning(
        _INVALID,
        "This role belongs to the CI identity, not to people.",
        "a person cannot have the role `service_forces`, which is that of the CI identity",
    ),
    Reason.ORGANIZATION_ONLY: Meaning(
        _INVALID,
        "Only an organization can set this.",
        "a group cannot set the policy `inactivityPeriod`",
    ),
    Reason.LAST_MANAGER: Meaning(
        _INVALID,
        "An organization keeps at least one manager. Make somebody else one first.",
        "the organization would be left without a manager",
    ),
    Reason.NOT_EMPTY: Meaning(
        _INVALID,
        "It still contains something. Remove that first.",
        "an object that contains others cannot be removed, such as an organization with groups",
    ),
    Reason.RANGE_INVERTED: Meaning(
        _INVALID,
        "The minimum is above the maximum.",
        "`minAcceptanceSeverity` is above `maxAcceptanceSeverity`",
    ),
    Reason.DEBT_BEFORE_GRACE: Meaning(
        _INVALID,
        "It has to be longer than the grace period.",
        "`daysUntilItBreaks` is not longer than `vulnerabilityGracePeriod`",
    ),
    Reason.NOT_FOUND: Meaning(
        _NOT_FOUND,
        "There is no such object, or you may not see it.",
        "there is no such object, or the caller may not see it",
    ),
    Reason.UNKNOWN_PERSON: Meaning(
        _INVALID,
        "There is no such person.",
        "there is no person of this e-mail, or the person was removed",
    ),
    Reason.NAME_TAKEN: Meaning(
        _EXISTS,
        "The name is taken.",
        "the name is taken: by another organization, by a group (also by one that was removed), or by another access "
        "token of the caller",
    ),
    Reason.NICKNAME_TAKEN: Meaning(
        _EXISTS,
        "Another root of the group has this nickname.",
        "another root of the group has this nickname, ACTIVE or not",
    ),
    Reason.LOCATION_TAKEN: Meaning(
        _EXISTS,
        "Another active root is there already.",
        "another ACTIVE root has this location: a url and branch, or an image and tag, in any group of the organization; "
        "an address or a url in the group",
    ),
    Reason.TITLE_TAKEN: Meaning(
        _EXISTS,
        "Another finding of the group has this title.",
        "another finding of the group has this title, ignoring case, or stands for the same rule of the same scanner",
    ),
    Reason.PLACE_REPORTED: Meaning(
        _EXISTS,
        "A vulnerability at this location has been reported already.",
        "the finding has a vulnerability at this location of the root already",
    ),
    Reason.STALE_VERSION: Meaning(
        _CONFLICT,
        "It has changed since you read it. Read it again, then decide.",
        "the object is not at `expectedVersion`; `currentVersion` is its version now",
    ),
    Reason.CONCURRENT_CHANGE: Meaning(
        _CONFLICT,
        "Others are changing it at the same time. Try again.",
        "others changed the object, or what it depends on, several times in a row; try again",
    ),
    Reason.OUTDATED_SERVICE: Meaning(
        _CONFLICT,
        "A newer version of the service has written it. Try again when this one is updated.",
        "a newer version of the service has written the object: this one shows it, but does not change it",
    ),
    Reason.UNAVAILABLE: Meaning(
        _CONFLICT,
        "It may or may not have been changed, because the service failed. Read it again, then decide.",
        "a bulk change was written in part, and this item may or may not have been changed: the store did not "
        "answer, or the item is damaged. Read it again, then decide",
    ),
    Reason.MISSING_PERMISSION: Meaning(
        _FORBIDDEN,
        "Your role does not allow this.",
        "the caller may see the object, but lacks the permission",
    ),
    Reason.SESSION_REQUIRED: Meaning(
        _FORBIDDEN,
        "A token cannot manage access tokens. Log in first.",
        "the call came with a token, and access tokens are managed in a session only",
    ),
    Reason.ASSIGN_OTHERS: Meaning(
        _FORBIDDEN,
        "Your role may not assign other people.",
        "`assigned` names somebody else, which needs the permission `vulnerability:assign`",
    ),
    Reason.TOO_MANY: Meaning(
        _LIMIT,
        "The limit is reached.",
        "the group has as many as it may have: 500 roots, 20,000 findings, or 1,000 members with those who are only invited; "
        "or the file has more than 20 runs, 2,000 rules that its results mean, or 5,000 advisories, 25,000 described rules, "
        "10,000 different vectors or 1,800,000 values, or is nested more than 100 levels deep",
    ),
    Reason.TOO_LARGE: Meaning(
        _LIMIT,
        "It would become larger than the 400 KB that are stored of one object.",
        "the object would become larger than the 400 KB that are stored of one",
    ),
    Reason.TOO_MANY_TOKENS: Meaning(
        _LIMIT,
        "The limit of 5 live access tokens is reached. Revoke one first.",
        "the caller has 5 access tokens that are neither revoked nor expired",
    ),
    Reason.TOO_MANY_ACCEPTANCES: Meaning(
        _LIMIT,
        "It was accepted temporarily as often as the policy allows.",
        "the vulnerability was accepted temporarily as often as the policy `maxNumberAcceptances` allows",
    ),
    Reason.EXPIRY_OUT_OF_RANGE: Meaning(
        _INVALID,
        "A token has to expire in the future and within 180 days.",
        "`expiresAt` is not in the future, or is 180 days ahead or more",
    ),
    Reason.INACTIVE_ROOT: Meaning(
        _INVALID,
        "The root is not active.",
        "the root is INACTIVE; new vulnerabilities and imports need an ACTIVE one",
    ),
    Reason.WRONG_ROOT_KIND: Meaning(
        _INVALID,
        "The root is of another kind.",
        "the root is of another kind than the mutation changes, such as an image for `updateGitRoot`",
    ),
    Reason.HAS_VULNERABILITIES: Meaning(
        _INVALID,
        "The root has had a vulnerability, so it stays where it is.",
        "the root has had a vulnerability, if only a draft; from then on its location is fixed: the url and branch of a "
        "repository, the reference of an image",
    ),
    Reason.IMPORT_RUNNING: Meaning(
        _CONFLICT,
        "An import into this root is running.",
        "another file, or the same one in another way, is being imported into the root, or somebody works on the import "
        "already; a root is not moved meanwhile",
    ),
    Reason.NOT_RUNNING: Meaning(
        _INVALID,
        "The import has ended.",
        "the import is COMPLETED or FAILED, so that there is nothing to go on with",
    ),
    Reason.BAD_FILE: Meaning(
        _INVALID,
        "The file cannot be read.",
        "the file is in no format that is read, or breaks the rules of its format. There is an error for each of the "
        "first 10 defects, whose message ends with the JSON pointer of the defect",
    ),
    Reason.NOTHING_PLACED: Meaning(
        _INVALID,
        "No result of the file has a place in the root.",
        "the file has results, and each of them was skipped with a problem, so that nothing can be said of the root. There is "
        "an error for each of the first 10 problems",
    ),
    Reason.SEVERAL_TOOLS: Meaning(
        _INVALID,
        "The file has results of several tools.",
        "`tool` gives one name to the tool of the file, which has runs of tools with different names",
    ),
    Reason.BAD_PATH: Meaning(
        _INVALID,
        "It is no path below the root.",
        "`manifest` is not the path of a file below the root, such as `services/shop/package-lock.json`",
    ),
    Reason.UNKNOWN_FORMAT: Meaning(
        _INVALID,
        "It is not known what kind of report the file is.",
        "the file looks like no report that is read, like several of them, or says nothing, as `[]` does: give `format`",
    ),
    Reason.IS_DECISION: Meaning(
        _INVALID,
        "The file tells what people decided, and not what a tool found.",
        "the file is OpenVEX or CSAF; reports of scanners are imported",
    ),
    Reason.FILE_TOO_LARGE: Meaning(
        _LIMIT,
        "The file is too large.",
        "the file has more than 20 MiB",
    ),
    Reason.TOO_MANY_RESULTS: Meaning(
        _LIMIT,
        "The file contains too much.",
        "the file has more than 25,000 results",
    ),
    Reason.NOT_VULNERABLE: Meaning(
        _INVALID,
        "It is not VULNERABLE.",
        "the vulnerability is not in the state VULNERABLE",
    ),
    Reason.NOT_SAFE: Meaning(
        _INVALID,
        "It is not SAFE.",
        "the vulnerability is not in the state SAFE",
    ),
    Reason.HIDDEN: Meaning(
        _INVALID,
        "A confirmed zero risk hides it.",
        "a confirmed zero risk hides the vulnerability",
    ),
    Reason.ALREADY_REQUESTED: Meaning(
        _INVALID,
        "This has been requested already.",
        "a permanent acceptance has been requested or approved already",
    ),
    Reason.ACCEPTANCE_TOO_LONG: Meaning(
        _INVALID,
        "The policy does not allow accepting a vulnerability for that long.",
        "`acceptedUntil` is further ahead than the policy `maxAcceptanceDays` allows",
    ),
    Reason.ACCEPTANCE_DATE_PAST: Meaning(
        _INVALID,
        "The end of the acceptance has to be in the future.",
        "`acceptedUntil` is not in the future",
    ),
    Reason.SEVERITY_OUT_OF_POLICY: Meaning(
        _INVALID,
        "The policy does not allow accepting a vulnerability of this score.",
        "the score is outside of what the policies `minAcceptanceSeverity` and `maxAcceptanceSeverity` allow, or there is none",
    ),
    Reason.BAD_ASSIGNED: Meaning(
        _INVALID,
        "This person cannot be assigned.",
        "the person lacks `vulnerability:be_assigned` in the group, or nobody may be assigned with this treatment",
    ),
}
"""The one table of reasons: messages, the enumeration of the schema and the reference of the handbook are made of it."""


def enumeration() -> str:
    """Return the enumeration of all reasons in GraphQL's language."""
    values = "\n".join(f'  "{one.code}: {one.explanation}"\n  {reason.name}' for reason, one in sorted(REASONS.items()))
    return f'"Stable reason of a refusal, for programs to switch on"\nenum Reason {{\n{values}\n}}\n'
