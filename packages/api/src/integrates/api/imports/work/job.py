"""What the work of one import needs: the file, the root, the caller, and the effects it may use."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec

from integrates.api.authorization.actor import Actor
from integrates.api.authorization.scope import new_scopes, read_ahead, scope_below
from integrates.api.authorization.token import may_still_call
from integrates.api.context import Call
from integrates.api.imports.read.confine import confined
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read as read_file
from integrates.api.resolve.lookup import find
from integrates.db_model.entity import read
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.loader import new_loaders
from integrates.db_model.entity.types import Stamp
from integrates.db_model.environment_urls.facet import ENVIRONMENT_URL, environment_urls_of_root
from integrates.db_model.environment_urls.types import EnvironmentUrl
from integrates.db_model.files.port import Files
from integrates.db_model.imports.commands import Destination
from integrates.db_model.imports.types import ImportFormat, ImportOptions
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.roots.rules import is_active
from integrates.db_model.roots.types import GitRoot, IPRoot, Root
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities.types import VulnerabilityType

OPERATION: Final = "import_vulnerabilities"
"""The name of the changes that imports make."""
_RUN: Final = "import:run"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One import at work.

    ``token_id`` is that of the caller's access token, if they came with one. ``destination`` looks again at the group, the
    root, the caller's ``import:run`` and token, and returns ``None`` when one of them does not allow the import any more.
    ``now`` returns an aware UTC date and ``new_id`` a UUID.
    """

    store: Store
    files: Files
    scan: Scan
    root_id: str
    group_name: str
    organization_id: str
    by: str
    token_id: str | None
    change_id: str
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    destination: Callable[[], Awaitable[Destination | None]]

    def stamp(self) -> Stamp:
        """Return the stamp of a change made now."""
        return Stamp(by=self.by, at=self.now(), operation=OPERATION, change_id=self.change_id)


def _destination(call: Call, actor: Actor, into: Root) -> Callable[[], Awaitable[Destination | None]]:
    """Return a function that reads anew, past all loaders, whether the caller may still import into the root."""

    async def look() -> Destination | None:
        loaders = new_loaders(call.store)
        scope, root, may_call, _ = await asyncio.gather(
            scope_below(new_scopes(loaders, actor), into.organization_id, into.group_name),
            find(loaders, ROOT, root_key, into.id),
            may_still_call(loaders, actor, call.now()),
            read_ahead(loaders, actor, into.organization_id, into.group_name),
        )
        usable = root is not None and root.group_name == into.group_name and is_active(root)
        may_run = may_call and _RUN in scope.permissions
        return Destination(scope.group, root) if scope.group and root and usable and may_run else None

    return look


async def scanned(content: bytes, options: ImportOptions, kind: ImportFormat | None = None, root: Root | None = None) -> Scan:
    """Read a file of that format, or of the one it looks like; in a thread, because a large one takes long."""
    wanted = Options(
        format=kind,
        by_address=isinstance(root, IPRoot),
        manifest=options.manifest,
        strip_prefix=options.strip_prefix,
        add_prefix=options.add_prefix,
        technique=options.technique,
        category=options.category,
        tool=options.tool,
    )
    return await asyncio.to_thread(read_file, content, wanted)


async def _environments(store: Store, root: Root, scan: Scan) -> tuple[EnvironmentUrl, ...]:
    """Return the environment urls of the root, removed ones too, when they decide about something in the file."""
    has_pages = any(one.location.type is VulnerabilityType.INPUTS for one in scan.observations)
    if not has_pages or not isinstance(root, GitRoot):
        return ()
    pages = read.pages(store, environment_urls_of_root(root.id))
    return tuple([decoded(ENVIRONMENT_URL, item) async for page in pages for item in page])


async def new_job(call: Call, actor: Actor, root: Root, scan: Scan, stamp: Stamp) -> Job:
    """Return the job of importing what concerns a root, in the name of the caller."""
    environments = await _environments(call.store, root, scan)
    return Job(
        store=call.store,
        files=call.files,
        scan=await asyncio.to_thread(confined, scan, root, environments),
        root_id=root.id,
        group_name=root.group_name,
        organization_id=root.organization_id,
        by=stamp.by,
        token_id=actor.token_id,
        change_id=stamp.change_id,
        now=call.now,
        new_id=call.new_id,
        destination=_destination(call, actor, root),
    )
