"""Scans of the shop's back end: three that ended, and one whose worker was cut off."""

from asyncio import CancelledError
from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.structs import replace

from integrates.api.upload import in_memory
from integrates.db_model.files.port import Content, Files
from integrates.server.demo.scan import LOCATIONS, Location, report
from integrates.server.demo.stage import Stage, ask
from integrates.server.demo.step import BACKEND, HANA, Step, mutation

FIXED: Final = (*LOCATIONS[3:7], *LOCATIONS[8:11], *LOCATIONS[13:16])
"""What the second scan no longer finds. No password is hashed badly any more."""
BACK: Final = LOCATIONS[3:5]
"""What the third scan finds again."""
STILL: Final = tuple(location for location in LOCATIONS if location not in FIXED)
"""What all three scans find."""

_IMPORT: Final = mutation("importVulnerabilities", groupName="ID!", rootId="ID", file="Upload!")


def _cut_off(files: Files) -> Files:
    """Return a file store that cancels whoever stores the plan of an import, as if the worker were stopped there."""

    async def put(key: str, content: Content) -> None:
        if key.endswith(".plan"):
            raise CancelledError
        await files.put(key, content)

    return replace(files, put=put)


async def _scan(locations: Collection[Location], stage: Stage, at: datetime, *, whole: bool = True) -> None:
    file = in_memory(file_name="scan.sarif", content=report(locations))
    files = stage.installation.files if whole else _cut_off(stage.installation.files)
    await ask(stage, HANA, at, _IMPORT, {"groupName": "webshop", "rootId": BACKEND, "file": file}, files=files)


STEPS: Final = (
    Step(60, "the first scan", partial(_scan, LOCATIONS)),
    Step(30.2, "a scan whose import is cut off", partial(_scan, STILL[1:], whole=False)),
    Step(30, "the second scan, which ends the one that was cut off", partial(_scan, STILL)),
    Step(7, "the third scan", partial(_scan, (*STILL, *BACK))),
)
