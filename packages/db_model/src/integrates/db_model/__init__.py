"""Entities, stores and optimistic locking of Integrates: the names that a batch job needs.

    from integrates.db_model import open_store, stamp, vulnerabilities

    async with open_store("sqlite:////var/lib/integrates/store.db") as store:
        async for found in vulnerabilities.each(store, "webshop", assigned="leaver@example.com"):
            await vulnerabilities.reassign(store, found, to="heir@example.com", stamp=stamp("reassign", by="system"))

``access``, ``findings`` … ``vulnerabilities`` are here the *commands* of these entities: the modules ``<entities>.commands``,
which load, decide, write and try again. So the other modules of an entity are imported by ``from``:
``from integrates.db_model.vulnerabilities.types import VulnerabilityStatus``.

The rest of the map:

``<entities>.types``     the values themselves, frozen structs
``<entities>.rules``     what they have to keep, as pure functions
``<entities>.facet``     their keys, and everything that a change of them brings along
``vulnerabilities.lists``, ``.treatment``, ``.tally``  where vulnerabilities are listed, decisions about them, what counts them
``entity.read``          reading by key, lists, the history, the past
``entity.command``, ``.plan``, ``.bulk``  changing: one entity, the pure plan of it, many at once
``indicators``           figures from counters, and counting again
``values``               rules of texts, urls and dates
``store.port``, ``files.port``  what a store and a place for files have to offer; ``store.url``, ``files.url`` open one
``testing``              the requirements of a store as a pytest suite, and scenes for tests (needs the extra ``testing``)
"""

import sys

from integrates.db_model import errors
from integrates.db_model.access import commands as access
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings import commands as findings
from integrates.db_model.groups import commands as groups
from integrates.db_model.imports import commands as imports
from integrates.db_model.job import stamp
from integrates.db_model.organizations import commands as organizations
from integrates.db_model.roots import commands as roots
from integrates.db_model.stakeholders import commands as stakeholders
from integrates.db_model.store.port import Store
from integrates.db_model.store.url import open_store
from integrates.db_model.tokens import commands as tokens
from integrates.db_model.vulnerabilities import commands as vulnerabilities

__all__ = [
    "Stamp",
    "Store",
    "access",
    "errors",
    "findings",
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
        "another distribution called `integrates` is installed, which has nothing to do with this one and takes its place: "
        "uninstall it, and install integrates-db-model, integrates-api and integrates-server from a clone or from their wheels"
    )
