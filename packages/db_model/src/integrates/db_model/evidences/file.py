"""Where the files of evidence are, and storing them before an entity refers to them.

Each call that brings a file stores it under a key of its own, so that a file that was once given up is never referred to again:
whoever cleans up need not fear that somebody is about to. What fails afterwards leaves an unreferenced file and nothing else.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound, Reason, Rejected
from integrates.db_model.evidences.content import records_of, text_of
from integrates.db_model.evidences.rules import Brought, GivenEvidence, evidence_arguments, evidence_of
from integrates.db_model.evidences.types import Evidence
from integrates.db_model.files.moment import MOMENT, moment_in, moment_text
from integrates.db_model.files.port import Files, read_all
from integrates.db_model.values.check import checked

FOLDER: Final = "evidence/"
"""What the keys of all evidence begin with."""
_KEY: Final = re.compile(rf"{FOLDER}([0-9a-f-]{{36}})/({MOMENT})-[a-z0-9_]+-[0-9a-f]{{64}}")


class StoredFile(Struct, frozen=True):
    """What the key of a file of evidence tells: the entity that it was brought for, and when."""

    key: str
    owner_id: str
    at: datetime


def file_key(owner_id: str, evidence: Evidence) -> str:
    """Return the key of the file of a piece of evidence in the file store."""
    return f"{FOLDER}{owner_id}/{moment_text(evidence.at)}-{evidence.slot.lower()}-{evidence.sha256}"


def stored_file(key: str) -> StoredFile | None:
    """Return what the key of a file tells; ``None`` when it is not one of evidence."""
    found = _KEY.fullmatch(key)
    at = moment_in(found[2]) if found else None
    return StoredFile(key, found[1], at) if found and at else None


async def examined(given: Mapping[str, Any]) -> GivenEvidence:
    """Check the arguments of evidence: ``slot``, ``file`` as bytes, and ``description``.

    A description that is ``None`` is taken away, which an empty one in the answer says; one that is left out stays. Raise
    ``Rejections`` (``bad_file_type``, ``file_too_large``, ``too_long`` …), or ``Rejected`` (``required``) when there is neither
    file nor description.
    """
    details = await asyncio.to_thread(checked, evidence_arguments(given["slot"]), given)
    description = details.description or "" if "description" in given else None
    if details.file is None and description is None:
        raise Rejected(Reason.REQUIRED, ("file",), "give a file, a description or both")
    return replace(details, description=description)


async def brought(files: Files, owner_id: str, new: GivenEvidence, stamp: Stamp) -> Brought:
    """Store the file of checked arguments, if there is one, before the entity with that id refers to it."""
    if new.file is None:
        return Brought(new.slot, None, new.description)
    made = await asyncio.to_thread(evidence_of, owner_id, new.slot, new.file, stamp)
    await files.put(file_key(owner_id, made), new.file.content)
    return Brought(new.slot, made, new.description)


async def dropped(files: Files, owner_id: str, new: Brought, evidences: Sequence[Evidence]) -> None:
    """Delete the file that was brought when the entity, as it was stored with it, keeps an equal one that it had already."""
    if new.evidence is not None and new.evidence.at not in {one.at for one in evidences if one.slot is new.slot}:
        await files.delete(file_key(owner_id, new.evidence))


async def rows_in(files: Files, key: str) -> list[list[str]] | None:
    """Return the first rows of a file of records; ``None`` when the file was given up and is gone."""
    try:
        content = await read_all(files.get(key))
    except NotFound:
        return None
    text = text_of(content)
    return None if text is None else await asyncio.to_thread(records_of, text)
