"""The application of a finding policy as an item: changed with the version read, without revisions (E10)."""

from typing import Final

import msgspec

from integrates.db_model.entity.encoding import to_builtins
from integrates.db_model.entity.facet import design_of, index_key, key_of, shard
from integrates.db_model.entity.listing import everywhere
from integrates.db_model.errors import Corrupt
from integrates.db_model.finding_policies.rules import is_done
from integrates.db_model.finding_policies.types import Application
from integrates.db_model.store.body import Body
from integrates.db_model.store.port import ABSENT, Item, Key, Put, Query, Version
from integrates.db_model.store.template import SEPARATOR

_FACET: Final = "finding_policy_application"


def application_key(policy_id: str) -> Key:
    """Return the key of the application of a policy."""
    return key_of(_FACET, {"id": policy_id})


def put_application(policy_id: str, application: Application) -> Put:
    """Return the write that stores the next version of an application, conditional on the one that it has.

    It is listed while work is left.
    """
    fields = to_builtins(application)
    del fields["version"]
    values = {"id": policy_id, "shard": shard(policy_id)}
    listed = {} if is_done(application) else {n: index_key(each, values) for n, each in design_of(_FACET).indexes.items()}
    item = Item(application_key(policy_id), application.version + 1, Body(msgspec.json.encode(fields)), listed)
    return Put(item, Version(application.version) if application.version else ABSENT)


def application_of(item: Item | None) -> Application | None:
    """Return the application in an item; ``None`` when there is no item. Raise ``Corrupt`` when it is none."""
    if item is None:
        return None
    try:
        return msgspec.convert({**item.attributes, "version": item.version}, Application)
    except msgspec.ValidationError as error:
        raise Corrupt(_FACET, item.key.pk, str(error)) from error


def unfinished() -> tuple[Query, ...]:
    """Return the queries of all applications of the platform that have work left."""
    return everywhere(_FACET, "finding_policies_unfinished")


def policy_id_of(item: Item) -> str:
    """Return the id of the policy whose application an item is."""
    return item.key.pk.rpartition(SEPARATOR)[2]
