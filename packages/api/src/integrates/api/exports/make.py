"""Making an export for somebody who asks for it by its address (domain section 21, *Export*)."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from enum import StrEnum
from hashlib import sha256
from itertools import takewhile
from tempfile import TemporaryFile
from threading import Event
from typing import IO, Final
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct
from msgspec.structs import replace

from integrates.api.authorization.scope import Scope
from integrates.api.authorization.sight import Sight
from integrates.api.context import Call, Context, new_context
from integrates.api.exports.apart import apart
from integrates.api.exports.document import Document, Entry, ExportFormat, Format
from integrates.api.exports.load import collect, products_of, roots_of
from integrates.api.exports.registry import FORMATS
from integrates.api.exports.spool import Spool
from integrates.api.guard.target import FINDERS, Target
from integrates.api.request.lifetime import lasting
from integrates.api.resolve.change import refresh
from integrates.db_model.entity.types import Stamp
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Store
from integrates.db_model.values.text import is_identifier
from integrates.db_model.vex_documents.commands import Content, publish
from integrates.db_model.vex_documents.types import VexFormat

PERMISSION: Final = "decision:export"


class Wanted(Struct, frozen=True, kw_only=True):
    """What is asked for: a format, the name of a group, and the id or the nickname of one of its roots, or all of them.

    ``is_anonymous`` asks for no e-mail to be told. ``server`` is the public address of the service, without a slash at its end,
    and ``author`` who publishes what it says; the organization where nobody else is named.
    """

    format: ExportFormat
    group_name: str
    root: str | None = None
    is_anonymous: bool = False
    server: str
    author: str | None = None


class Missing(StrEnum):
    """Why there is no export: what is asked for is not visible, or not allowed, or there is nothing to tell."""

    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    NOTHING = "NOTHING"


class Export(Struct, frozen=True, kw_only=True):
    """An export: a file that is open at its beginning, its name, media type, size in bytes and SHA-256."""

    file: IO[bytes]
    file_name: str
    media_type: str
    size: int
    sha256: str


class _Subject(Struct, frozen=True, kw_only=True):
    """What an export is about: a group, or one of its roots."""

    organization: Organization
    group: Group
    root: Root | None


@asynccontextmanager
async def exported(call: Call, wanted: Wanted) -> AsyncIterator[Export | Missing]:
    """Yield the export, whose file is closed when the block ends, or why there is none.

    What one may not see takes as many calls of the store as what does not exist. Raise ``Rejected`` (``too_large``) when there
    is more to tell than an export may have.
    """
    if call.actor is None:
        yield Missing.NOT_FOUND
        return
    with lasting(call.store) as store, TemporaryFile() as file:
        context = new_context(call, call.actor, store)
        try:
            about = await _subject(context, wanted)
            yield about if isinstance(about, Missing) else await _made(context, about, wanted, file)
        finally:
            refresh(context)


async def _subject(context: Context, wanted: Wanted) -> _Subject | Missing:
    seen: Sight[Group] = await FINDERS[Target.GROUP](context, wanted.group_name, {})
    if seen.unseen:
        return Missing.NOT_FOUND
    if not {PERMISSION, *FORMATS[wanted.format].permissions} <= seen.scope.permissions:
        return Missing.FORBIDDEN
    if wanted.root is None:
        return _about(seen.scope, None)
    target = Target.ROOT if is_identifier(wanted.root) else Target.ROOT_NICKNAME
    root: Sight[Root] = await FINDERS[target](context, wanted.root, {"group_name": wanted.group_name})
    if root.unseen or root.found.group_name != seen.found.name:
        return Missing.NOT_FOUND
    return _about(seen.scope, root.found)


def _about(scope: Scope, root: Root | None) -> _Subject:
    if scope.organization is None or scope.group is None:
        raise LookupError(scope)  # what is visible has both
    return _Subject(organization=scope.organization, group=scope.group, root=root)


async def _made(context: Context, about: _Subject, wanted: Wanted, file: IO[bytes]) -> Export | Missing:
    """Write the export into the file."""
    form = FORMATS[wanted.format]
    empty = await _empty(context.store, about, wanted)
    with Spool(lambda entry: form.key(empty.products, entry)) as spool:
        newest = await collect(context.store, tuple(empty.roots.values()), form, spool, context.call.now())
        if newest is None and not form.may_be_empty:
            return Missing.NOTHING
        document = replace(empty, at=newest or empty.at)
        if form.vex is not None:
            document = await _edition(context, document, form.vex, form, spool)
        size, digest = await apart(_written, form, document, spool, file)
    nickname = f"-{about.root.info.nickname}" if about.root else ""
    return Export(
        file=file,
        file_name=f"{about.group.name}{nickname}.{wanted.format.value}",
        media_type=form.media_type,
        size=size,
        sha256=digest,
    )


async def _empty(store: Store, about: _Subject, wanted: Wanted) -> Document:
    """Return the document as it is when there is nothing to tell: as old as the group."""
    group, root = about.group, about.root
    roots = await roots_of(store, group.name) if root is None else (root,)
    identity = uuid5(NAMESPACE_URL, f"{wanted.server}/{group.name}/{root.id if root else ''}/{wanted.format.name}")
    return Document(
        id=str(identity),
        group=group,
        organization=about.organization,
        root=root,
        roots={each.id: each for each in roots},
        products=await products_of(store, roots),
        server=wanted.server,
        author=wanted.author or about.organization.info.name,
        at=group.created_at,
        is_anonymous=wanted.is_anonymous,
    )


async def _edition(context: Context, document: Document, kind: VexFormat, form: Format, entries: Iterable[Entry]) -> Document:
    """Return the document with its editions, of which the last one is this: a new one only if it says something else."""
    call = context.call
    said = await apart(_said, form, document, entries)
    content = Content(root_id=document.root.id if document.root else None, format=kind, sha256=said, at=document.at)
    stamp = Stamp(by=context.actor.email, at=call.now(), operation="export_decisions", change_id=call.new_id())
    editions = await publish(context.store, document.group, content, stamp)
    return replace(document, version=editions[-1].document_version, editions=editions, at=editions[-1].at)


def _said(stop: Event, form: Format, document: Document, entries: Iterable[Entry]) -> str:
    """Return the SHA-256 of what a document says."""
    digest = sha256()
    for piece in takewhile(lambda _: not stop.is_set(), form.write(document, entries)):
        digest.update(piece)
    return digest.hexdigest()


def _written(stop: Event, form: Format, document: Document, entries: Iterable[Entry], file: IO[bytes]) -> tuple[int, str]:
    """Write a document into a file, and go back to its beginning. Return its size and its SHA-256."""
    digest, size = sha256(), 0
    for piece in takewhile(lambda _: not stop.is_set(), form.write(document, entries)):
        digest.update(piece)
        size += file.write(piece)
    file.seek(0)
    return size, digest.hexdigest()
