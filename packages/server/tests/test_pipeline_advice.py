"""Which prefixes would place the paths of a report: the advice is checked by the reader of the service itself."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from integrates.api.imports.read.location import Uri, path_at, place_at, wish
from integrates.server.pipeline.advice import MAX_LOOKED_AT, Advice, advice

FILES = ("src/a.py", "src/b.py", "web/src/app.js", "web/package.json", "web/src/a.js", "lib/c.py", "README.md")


def told(*uris: str | None, files: Sequence[str] = FILES, here: str = "", folders: Sequence[str] = ()) -> Advice | None:
    return advice(uris, files, here, folders)


@pytest.mark.parametrize(
    "uris, strip, add, placed",
    [
        (["/builds/acme/shop/src/a.py", "/builds/acme/shop/src/b.py"], "/builds/acme/shop", "", 2),
        (["file:///builds/acme/my%20shop/src/a.py"], "/builds/acme/my shop", "", 1),
        (["C:\\code\\shop\\src\\a.py", "C:\\code\\shop\\lib\\c.py"], "C:/code/shop", "", 2),
        (["file:///C:/code/shop/src/a.py"], "C:/code/shop", "", 1),
        (["/src/src/app.js", "/src/package.json"], "/src", "web", 2),
        (["/src/a.py"], "/", "", 1),
        (["/builds/acme/shop/src/a.py", "/builds/acme/shop/src/gone.py", "/usr/lib/z.py"], "/builds/acme/shop", "", 1),
        (["/b/shop/./src/../src/a.py"], "/b/shop", "", 1),
        (["/b/README.md"], "/b", "", 1),
        ([None, "/b/src/a.py", "https://shop.example/src/a.py", ""], "/b", "", 1),
    ],
)
def test_files_of_the_repository_tell_what_comes_before(uris: list[str | None], strip: str, add: str, placed: int) -> None:
    found = told(*uris)
    assert found is not None
    assert (found.strip_prefix, found.add_prefix, found.placed, found.is_certain) == (strip, add, placed, True)


def test_a_path_that_goes_up_is_seen_from_the_folder_of_the_command() -> None:
    found = told("../lib/c.py", "../src/a.py", here="web")
    assert found == Advice(add_prefix="web", placed=2, total=2, is_certain=True)
    assert told("../lib/c.py", here="") is None
    assert told("../../lib/c.py", here="web") is None
    assert told("../app.js", here="web/src/deep") == Advice(add_prefix="web/src/deep", placed=1, total=1, is_certain=True)


def test_what_most_paths_have_in_common_counts() -> None:
    one = [f"/one/src/{name}.py" for name in "ab"]
    assert told("/two/lib/c.py", *one) == Advice(strip_prefix="/one", placed=2, total=3, is_certain=True)


def test_of_files_of_one_name_that_which_is_alike_for_longest_counts() -> None:
    found = told("/b/web/src/a.js", files=("other/a.js", "web/src/a.js", "src/a.js"))
    assert found == Advice(strip_prefix="/b", placed=1, total=1, is_certain=True)


def test_what_changes_least_counts_among_equals() -> None:
    assert told("/b/x/a.py", files=("z/a.py", "a.py")) == Advice(strip_prefix="/b/x", placed=1, total=1, is_certain=True)
    assert told("a.py", files=("web/a.py",)) == Advice(add_prefix="web", placed=1, total=1, is_certain=True)


def test_where_no_file_is_known_the_folder_of_the_pipeline_counts() -> None:
    found = told("/builds/acme/shop/gen/x.py", "/usr/lib/y.py", folders=("/builds/acme/shop/", "/home", ""))
    assert found == Advice(strip_prefix="/builds/acme/shop", placed=1, total=2, is_certain=True)


def test_else_paths_may_have_a_folder_in_common_which_is_a_guess() -> None:
    found = told("/builds/acme/shop/gen/x.py", "/builds/acme/shop/out/y.py")
    assert found == Advice(strip_prefix="/builds/acme/shop", placed=2, total=2, is_certain=False)
    assert told("/builds/acme/shop/gen/x.py", "/builds/acme/shop/gen/y.py") is None
    assert told("/gen/x.py", "/out/y.py") is None


def test_nothing_is_known_of_nothing() -> None:
    assert told() is None
    assert told(None, "https://shop.example/a", "tcp://10.0.0.7:443") is None


def test_a_path_is_decoded_where_it_is_a_uri() -> None:
    path = "/builds/my%20shop/src/a.py"
    assert advice([path], FILES) == Advice(strip_prefix="/builds/my%20shop", placed=1, total=1, is_certain=True)
    assert advice([path], FILES, is_encoded=True) == Advice(strip_prefix="/builds/my shop", placed=1, total=1, is_certain=True)


def test_a_large_report_is_not_looked_at_as_a_whole() -> None:
    found = advice((f"/b/src/{number}.py" for number in range(10 * MAX_LOOKED_AT)), ["src/5.py"])
    assert found == Advice(strip_prefix="/b", placed=1, total=MAX_LOOKED_AT, is_certain=True)


def test_the_options_are_those_that_are_needed() -> None:
    assert Advice(strip_prefix="/b", placed=1, total=1, is_certain=True).options() == {"--strip-prefix": "/b"}
    both = Advice(strip_prefix="/b", add_prefix="web", placed=1, total=1, is_certain=True).options()
    assert both == {"--strip-prefix": "/b", "--add-prefix": "web"}


NAMES = some.sampled_from(["a", "b", "src", "web app", "x%20y", "ä"])
FOLDERS = some.lists(NAMES, max_size=3)


@given(before=FOLDERS, inside=FOLDERS, files=some.sets(some.tuples(NAMES, NAMES, NAMES).map("/".join), min_size=1, max_size=6))
def test_the_service_places_what_the_advice_is_about(before: list[str], inside: list[str], files: set[str]) -> None:
    """Files of a folder of the repository, named as a scanner does that sees it at another place."""
    known = tuple(sorted("/".join([*inside, file]) for file in files))
    paths = ["/".join(["", "mnt", *before, file]) for file in sorted(files)]
    found = advice(paths, known)
    assert found is not None
    wished = wish(found.strip_prefix, found.add_prefix)
    placed = [where for path in paths if (where := path_at(path, wished)) in known]
    assert len(placed) >= found.placed
    assert found.placed == len(paths)


@given(inside=some.lists(NAMES, min_size=1, max_size=3), file=some.tuples(NAMES, NAMES).map("/".join))
def test_the_service_finds_what_is_above_the_folder_of_the_scanner(inside: list[str], file: str) -> None:
    found = advice([f"../{file}"], ["/".join([*inside[:-1], file])], "/".join(inside))
    assert found is not None
    place = place_at(Uri(f"../{file}".replace("%", "%25")), (), wish(found.strip_prefix, found.add_prefix))
    assert place is not None
    assert place.where == "/".join([*inside[:-1], file])
