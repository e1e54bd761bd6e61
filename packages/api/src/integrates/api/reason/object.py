"""Reasons about objects, who may change them, and how many there are."""

from collections.abc import Mapping
from typing import Final

from integrates.api.meaning import ErrorCode, Meaning
from integrates.db_model.errors import Reason

_NOT_FOUND: Final = ErrorCode.NOT_FOUND
_EXISTS: Final = ErrorCode.ALREADY_EXISTS
_CONFLICT: Final = ErrorCode.CONFLICT
_INVALID: Final = ErrorCode.INVALID
_FORBIDDEN: Final = ErrorCode.FORBIDDEN
_LIMIT: Final = ErrorCode.LIMIT_EXCEEDED

OBJECT_REASONS: Final[Mapping[Reason, Meaning]] = {
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
        "an object that contains others cannot be removed, such as a finding with vulnerabilities",
    ),
    Reason.HAS_GROUPS: Meaning(
        _INVALID,
        "It still has groups. Remove them first.",
        "an organization that has groups cannot be removed",
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
    Reason.NO_ROOT: Meaning(
        _NOT_FOUND,
        "The group has no root of this nickname.",
        "the group has no root of the nickname `rootNickname`, ACTIVE or not",
    ),
    Reason.NO_TOKEN: Meaning(
        _NOT_FOUND,
        "The group has no CI token.",
        "the group has no CI token that could be revoked",
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
    Reason.URL_TAKEN: Meaning(
        _EXISTS,
        "The root has this environment url already.",
        "the root has this environment url already; for those of type URL a slash at the end makes no difference",
    ),
    Reason.ID_USED: Meaning(
        _EXISTS,
        "An execution of the group has this id already.",
        "the group has an execution of this id, which came with other arguments; with the same ones its record is the answer",
    ),
    Reason.TITLE_TAKEN: Meaning(
        _EXISTS,
        "Another finding of the group, or policy of the organization, has this title.",
        "another finding of the group has this title, ignoring case, or stands for the same rule of the same scanner; "
        "or another finding policy of the organization has it",
    ),
    Reason.PLACE_REPORTED: Meaning(
        _EXISTS,
        "A vulnerability at this location has been reported already.",
        "the finding has a vulnerability at this location of the root already",
    ),
    Reason.ALREADY_MEMBER: Meaning(
        _EXISTS,
        "The person is a member already.",
        "the person who is to be invited is a member of the organization or the group already",
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
        "A token cannot do this. Log in first.",
        "the call came with a token, and access tokens and sessions are managed in a session only",
    ),
    Reason.ASSIGN_OTHERS: Meaning(
        _FORBIDDEN,
        "Your role may not assign other people.",
        "`assigned` names somebody else, which needs the permission `vulnerability:assign`",
    ),
    Reason.OWN_ROLE: Meaning(
        _INVALID,
        "Nobody changes their own role.",
        "the caller's own role would change; somebody else has to do that, but everybody may leave",
    ),
    Reason.ROLE_NOT_GRANTABLE: Meaning(
        _FORBIDDEN,
        "You may not grant, change or take away this role.",
        "the caller's role does not allow granting this role, or changing that of the person; `SERVICE_FORCES`, which is that "
        "of the CI identity, is granted by nobody",
    ),
    Reason.TOO_MANY: Meaning(
        _LIMIT,
        "The limit is reached.",
        "the group has as many as it may have: 500 roots, 20,000 findings, or 1,000 members with those who are only invited; "
        "or there are 10,000 comments on the object, which takes only those of requests and answers then; "
        "or the root has 100 environment urls; "
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
    Reason.INVITED_TOO_SOON: Meaning(
        _LIMIT,
        "The person has just been invited.",
        "the person was invited to the same organization or group less than 60 seconds ago",
    ),
    Reason.EXPIRY_OUT_OF_RANGE: Meaning(
        _INVALID,
        "A token has to expire in the future and within 180 days.",
        "`expiresAt` is not in the future, or is 180 days ahead or more",
    ),
    Reason.INACTIVE_ROOT: Meaning(
        _INVALID,
        "The root is not active.",
        "the root is INACTIVE; new vulnerabilities, events, imports and environment urls need an ACTIVE one",
    ),
    Reason.WRONG_ROOT_KIND: Meaning(
        _INVALID,
        "The root is of another kind.",
        "the root is of another kind than the mutation changes, such as an image for `updateGitRoot`, or than has environment "
        "urls: a repository",
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
    Reason.ALREADY_RUNNING: Meaning(
        _CONFLICT,
        "An import of decisions into this group is running.",
        "decisions of a file are being made in the group; one import of decisions after the other is taken",
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
        "the file has more bytes than it may have: 20 MiB of a report; 20, 10 or 1 MiB of evidence, as its slot says; "
        "5 MiB of the log of an execution",
    ),
    Reason.TOO_MANY_RESULTS: Meaning(
        _LIMIT,
        "The file contains too much.",
        "the file has more than 25,000 results",
    ),
}
