"""What to do about paths of a report that lead out of the repository: the prefixes that would place them (pure)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

from msgspec import Struct

MAX_LOOKED_AT: Final = 1_000
"""Most paths of a report that are compared with the files of the repository."""
MAX_ALIKE: Final = 200
"""Most files of one name that a path is compared with."""
_UP: Final = ".."

Steps: TypeAlias = tuple[str, ...]


class Advice(Struct, frozen=True, kw_only=True):
    """The prefixes that would place ``placed`` of ``total`` paths, empty where none is needed.

    ``is_certain`` tells that files of the repository are there; else the paths only have their beginning in common.
    """

    strip_prefix: str = ""
    add_prefix: str = ""
    placed: int
    total: int
    is_certain: bool

    def options(self) -> Mapping[str, str]:
        """Return the options that the advice is, by their names."""
        found = {"--strip-prefix": self.strip_prefix, "--add-prefix": self.add_prefix}
        return {name: value for name, value in found.items() if value}


def advice(
    uris: Iterable[str | None],
    files: Sequence[str] = (),
    here: str = "",
    folders: Iterable[str] = (),
    *,
    is_encoded: bool = False,
) -> Advice | None:
    """Return the prefixes that place most of the paths that could not be placed; ``None`` when nothing is known that would.

    ``files`` are those of the repository, counted from its root, ``here`` is the folder in it in which the command was called,
    and ``folders`` are absolute ones that are its root on this machine. ``is_encoded``: the paths are uris, as in SARIF.
    """
    paths = [steps for uri in uris if uri and (steps := _steps(uri, is_encoded=is_encoded))][:MAX_LOOKED_AT]
    found = [one for one in (_there(paths, files, here), _below(paths, folders)) if one is not None]
    return max(found, key=lambda one: one.placed, default=None) or _in_common(paths)


def _there(paths: Sequence[Steps], files: Iterable[str], here: str) -> Advice | None:
    """Return the advice that makes most paths name a file of the repository; of equal ones that which changes least."""
    known = _by_name(files)
    votes = Counter(pair for path in paths for pair in set(_pairs(path, known, here)))
    (strip, add), placed = max(
        votes.items(), key=lambda vote: (vote[1], not vote[0][1], -len(vote[0][0]), vote[0]), default=(((), ()), 0)
    )
    return _told(strip, add, placed, len(paths), is_certain=True) if placed else None


def _told(strip: Steps, add: Steps, placed: int, total: int, *, is_certain: bool) -> Advice:
    return Advice(
        strip_prefix="/".join(strip) or ("/" if strip else ""),
        add_prefix="/".join(add),
        placed=placed,
        total=total,
        is_certain=is_certain,
    )


def _steps(uri: str, *, is_encoded: bool = False) -> Steps:
    """Return the segments of a path or file url, the first of an absolute one empty or a drive; none for another url."""
    text = uri.strip().replace("\\", "/")
    scheme = text.partition(":")[0].lower() if ":" in text else ""
    if scheme == "file":
        text = unquote(urlsplit(text).path)
        text = text[1:] if text[2:3] == ":" else text
    elif len(scheme) > 1 and scheme.isalnum():
        return ()
    elif is_encoded:
        text = unquote(text)
    first, *rest = text.split("/")
    beginning = ("",) if not first and rest else (first,) if first not in {"", "."} else ()
    return (*beginning, *_resolved(step for step in rest if step not in {"", "."}))


def _resolved(steps: Iterable[str]) -> Steps:
    kept: list[str] = []
    for step in steps:
        if step == _UP and kept and kept[-1] != _UP:
            kept.pop()
        else:
            kept.append(step)
    return tuple(kept)


def _by_name(files: Iterable[str]) -> Mapping[str, Sequence[Steps]]:
    found: dict[str, list[Steps]] = defaultdict(list)
    for file in files:
        steps = tuple(file.split("/"))
        found[steps[-1]].append(steps)
    return found


def _pairs(path: Steps, known: Mapping[str, Sequence[Steps]], here: str) -> Iterator[tuple[Steps, Steps]]:
    """Yield what would have to be taken from a path and put before it to name a file of the repository."""
    for file in known.get(path[-1], ())[:MAX_ALIKE]:
        if path[0] != _UP:
            alike = _alike(path, file)
            yield path[:-alike], file[:-alike]
        elif (above := _above(path, file, here)) is not None:
            yield (), above


def _alike(path: Steps, file: Steps) -> int:
    """Return how many of the last segments are equal, but for the first of the path: what begins with it needs no advice."""
    length = 0
    for one, other in zip(reversed(path[1:]), reversed(file), strict=False):
        if one != other:
            break
        length += 1
    return max(length, 1)


def _above(path: Steps, file: Steps, here: str) -> Steps | None:
    """Return the folder, that of the command, from which a path that goes up leads to the file."""
    folder = tuple(here.split("/")) if here else ()
    ups = sum(step == _UP for step in path)
    return folder if len(folder) >= ups and (*folder[: len(folder) - ups], *path[ups:]) == file else None


def _below(paths: Sequence[Steps], folders: Iterable[str]) -> Advice | None:
    """Return the advice to strip the folder, of those that are the root on this machine, in which most paths are."""
    roots = {steps for folder in folders if (steps := _steps(folder.rstrip("/\\")))}
    votes = {root: sum(path[: len(root)] == root and len(path) > len(root) for path in paths) for root in roots}
    root = max(roots, key=lambda one: (votes[one], len(one)), default=())
    return _told(root, (), votes[root], len(paths), is_certain=True) if root and votes[root] else None


def _in_common(paths: Sequence[Steps]) -> Advice | None:
    """Return the advice to strip the folder that all absolute paths have in common, when they are in several below it."""
    absolute = [path for path in paths if not path[0] or path[0].endswith(":")]
    parents = sorted({path[:-1] for path in absolute})
    if len(parents) <= 1:
        return None
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(parents[0], parents[-1], strict=False))
    common = tuple(one for one, _ in pairs)
    return _told(common, (), len(absolute), len(paths), is_certain=False) if common[1:] else None
