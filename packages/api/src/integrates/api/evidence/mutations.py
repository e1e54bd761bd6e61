"""Putting evidence into the slots of findings and events, and emptying them."""

from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any, Protocol

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Resolver
from integrates.api.resolve.change import Payload, changed
from integrates.api.upload import Upload
from integrates.db_model.entity.types import Stamp
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.files.port import Files
from integrates.db_model.store.port import Store


class Attach(Protocol):
    """A command of the model that puts a file into a slot of an object, or changes what is said of the one there."""

    def __call__(
        self, store: Store, /, *, seen: Any, given: Mapping[str, Any], stamp: Stamp, files: Files, expected_version: int | None
    ) -> Awaitable[Any]:
        """Change the object, and return it as it is then."""


class Detach(Protocol):
    """A command of the model that empties a slot of an object."""

    def __call__(
        self, store: Store, /, *, seen: Any, slot: EvidenceSlot, stamp: Stamp, expected_version: int | None
    ) -> Awaitable[Any]:
        """Change the object, and return it as it is then."""


def attaching(name: str, attach: Attach) -> Resolver:
    """Return the resolver that puts a file into a slot of the object which the guard has found."""

    async def update_evidence(
        seen: Sight[Any], info: Info, *, file: Upload | None = None, expected_version: int | None = None, **given: Any
    ) -> Payload:
        files, content = info.context.call.files, None if file is None else await file.read()
        complete = {**given, "file": content}
        command = partial(attach, seen=seen.found, given=complete, files=files, expected_version=expected_version)
        return await changed(info, name, command)

    return update_evidence


def detaching(name: str, detach: Detach) -> Resolver:
    """Return the resolver that empties a slot of the object which the guard has found."""

    async def remove_evidence(
        seen: Sight[Any], info: Info, *, slot: EvidenceSlot, expected_version: int | None = None
    ) -> Payload:
        return await changed(info, name, partial(detach, seen=seen.found, slot=slot, expected_version=expected_version))

    return remove_evidence
