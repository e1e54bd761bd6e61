"""Entities, stores and optimistic locking of Integrates: the names that a batch job needs.

    from integrates.db_model import open_store, stamp, vulnerabilities

    async with open_store("sqlite:////var/lib/integrates/store.db") as store:
        async for found in vulnerabilities.each(store, "webshop", assigned="leaver@example.com"):
            await vulnerabilities.reassign(store, found, to="heir@example.com", stamp=stamp("reassign", by="system"))

``access``, ``findings`` … ``vulnerabilities`` are packages, one for each kind of entity. A package offers the *commands* of its
entity, which load, decide, write and try again: ``vulnerabilities.each`` is ``vulnerabilities.commands.each``. Its modules:

``<entities>.types``     the values themselves, frozen structs
``<entities>.rules``     the rules that they keep, as pure functions
``<entities>.facet``     their keys, and everything that a change of them brings along
``<entities>.commands``  reading and changing them
``vulnerabilities.lists``, ``.treatment``, ``.tally``  the lists of vulnerabilities, decisions about them, what counts them

The rest of the map:

``entity.read``          reading by key, lists, the history, the past
``entity.command``, ``.plan``, ``.bulk``  changing: one entity, the pure plan of it, many at once
``indicators``           figures from counters, and counting again
``inspection``           comparing what is stored beside entities with the entities
``values``               rules of texts, urls and dates
``store.port``, ``files.port``  what a store of items and a store of files offer; ``store.url``, ``files.url`` open one
``testing``              the requirements of a store as a pytest suite, and scenes for tests (needs the extra ``testing``)
"""

import sys

from integrates.db_model import (
    access,
    comments,
    decision_imports,
    environment_urls,
    errors,
    events,
    finding_policies,
    findings,
    forces,
    groups,
    imports,
    organizations,
    roots,
    stakeholders,
    tokens,
    vulnerabilities,
)
from integrates.db_model.entity.types import Stamp
from integrates.db_model.job import stamp
from integrates.db_model.store.port import Store
from integrates.db_model.store.url import open_store

__all__ = [
    "Stamp",
    "Store",
    "access",
    "comments",
    "decision_imports",
    "environment_urls",
    "errors",
    "events",
    "finding_policies",
    "findings",
    "forces",
    "groups",
    "imports",
    "open_store",
    "organizations",
    "roots",
    "stakeholders",
    "stamp",
    "tokens",
    "vulnerabilities",
]

if getattr(sys.modules["integrates"], "__file__", None) is not None:
    raise ImportError(
        "another distribution called `integrates` is installed, which has nothing to do with this one and hides it: "
        "uninstall it, and install integrates-db-model, integrates-api and integrates-server from a clone or from their wheels"
    )
