"""What the pages cost that people look at: those of the demo, asked of a real service by somebody who is logged in.

Run it with ``python benchmarks/pages.py``, which takes two minutes. It follows links from page to page, asks for some pages of
each kind again and again, and prints CPU milliseconds of the service. What misses its goal is marked; the exit code is 1 then.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
import psutil
from service import launched, process_seconds
from side import HERE, environment, found

GOAL: Final = 20.0
"""Most CPU milliseconds of a page."""
REQUESTS: Final = 20
EACH: Final = 8
"""How many pages of a kind are asked for; the dearest is told."""
PERSON: Final = "ada@demo.example"
"""An admin of the platform, who sees every group of the demo."""
_LINK: Final = re.compile(r'href="(/[^"#]*)"')
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_NAMED: Final = re.compile(r"^/(groups|orgs)/[^/?]+")
_FILES: Final = (".csv", ".svg", ".json")
_KINDS: Final = ("/home", "/todo", "/orgs/", "/groups/", "/findings/", "/vulnerabilities/", "/imports/")


@contextmanager
def _demo(folder: Path) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """Serve the demo and log in."""
    env = {**environment(found("value", HERE)), "INTEGRATES_ADMINS": PERSON, "INTEGRATES_LOGIN_RATE": "1000000"}
    with launched(("--demo",), env, folder) as (process, url), httpx.Client(base_url=url, timeout=60) as client:
        client.get("/login", params={"provider": "local", "email": PERSON})
        yield client, process


def kind_of(link: str) -> str:
    """Return what pages of this kind have in common: the path without ids and names."""
    return _NAMED.sub(r"/\1/NAME", _UUID.sub("ID", link))


def _links(text: str) -> list[str]:
    """Return the links to pages in a page, lists without their filters; not those to files."""
    found = sorted({link.partition("?")[0] for link in _LINK.findall(text)})
    return [link for link in found if link.startswith(_KINDS) and not link.endswith(_FILES)]


def _pages(client: httpx.Client) -> list[str]:
    """Return a few pages of each kind, followed from the first one on."""
    pages: list[str] = []
    level = ["/home"]
    while level:
        answers = {link: client.get(link) for link in level}
        pages += [link for link, answer in answers.items() if answer.status_code == httpx.codes.OK]
        links = dict.fromkeys(link for answer in answers.values() for link in _links(answer.text))
        level = [link for link in links if link not in {*pages, *answers}]
        known = Counter(map(kind_of, pages))
        level = [
            link for kind, same in groupby(sorted(level, key=kind_of), kind_of) for link in islice(same, EACH - known[kind])
        ]
    return pages


def _milliseconds(client: httpx.Client, process: psutil.Process, link: str) -> float:
    answers = [client.get(link)]
    before = process_seconds(process)
    answers += [client.get(link) for _ in range(REQUESTS)]
    if odd := [answer for answer in answers if answer.status_code != httpx.codes.OK]:
        raise RuntimeError(f"{link}: {odd[0].status_code} {odd[0].text[:500]}")
    return (process_seconds(process) - before) / REQUESTS * 1_000


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with TemporaryDirectory() as name, _demo(Path(name)) as (client, process):
        costs = {link: _milliseconds(client, process, link) for link in _pages(client)}
    rows = [max((costs[link], link) for link in same) for _, same in groupby(sorted(costs, key=kind_of), kind_of)]
    for cost, link in rows:
        print(f"{'!' if cost > GOAL else ' '} {kind_of(link):<32} {cost:>7.1f} ms   {link}")
    missed = sum(cost > GOAL for cost, _ in rows)
    print(f"{missed} of {len(rows)} miss the goal of {GOAL:.0f} CPU milliseconds")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
