"""The application of a finding policy as an item: changed with the version read, without revisions (E10)."""

from typing import Final

from msgspec.structs import replace

from integrates.db_model.entity.facet import design_of, index_key, shard
from integrates.db_model.entity.listing import everywhere
from integrates.db_model.entity.progress import ProgressFacet, progress_key, progress_of, progress_put
from integrates.db_model.finding_policies.rules import is_done
from integrates.db_model.finding_policies.types import Application
from integrates.db_model.store.port import Item, Key, Put, Query
from integrates.db_model.store.template import SEPARATOR

_FACET: Final = "finding_policy_application"
_APPLICATION: Final = ProgressFacet(_FACET, Application)


def application_key(policy_id: str) -> Key:
    """Return the key of the application of a policy."""
    return progress_key(_APPLICATION, policy_id)


def put_application(policy_id: str, application: Application) -> Put:
    """Return the write that stores the next version of an application, conditional on the one that it has.

    It is listed while work is left.
    """
    put = progress_put(_APPLICATION, policy_id, application)
    values = {"id": policy_id, "shard": shard(policy_id)}
    listed = {} if is_done(application) else {n: index_key(each, values) for n, each in design_of(_FACET).indexes.items()}
    return replace(put, item=replace(put.item, index_keys=listed))


def application_of(item: Item | None) -> Application | None:
    """Return the application in an item; ``None`` when there is no item. Raise ``Corrupt`` when it is none."""
    return progress_of(_APPLICATION, item)


def unfinished() -> tuple[Query, ...]:
    """Return the queries of all applications of the platform that have work left."""
    return everywhere(_FACET, "finding_policies_unfinished")


def policy_id_of(item: Item) -> str:
    """Return the id of the policy whose application an item is."""
    return item.key.pk.rpartition(SEPARATOR)[2]
