"""The same service on DynamoDB: real input, twice and at once."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.functional.test_functional_import import locations_of, state_of
from tests.serving import Caller, Place, Running, command, new_place, result, sarif, serving

pytestmark = [pytest.mark.functional, pytest.mark.dynamodb]

ADA = "ada@demo.example"
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "INTEGRATES_SECRET": "a-secret-of-the-tests-shared-by-all-processes",
}


@pytest.fixture(scope="module")
def service(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("dynamodb")
    store = f"dynamodb://?endpoint={endpoint}&region=eu-west-1&prefix=functional_{os.getpid()}_"
    with serving(folder, "--demo", "--store", store, **VARIABLES) as running:
        yield running


@pytest.fixture(scope="module")
def ada(service: Running) -> Iterator[Caller]:
    token = service.token(ADA, **VARIABLES)
    with service.client(token) as client:
        yield Caller(client)


def test_a_real_report_twice(ada: Caller, sample: bytes) -> None:
    place = new_place(ada, "sample")
    first = imported(ada, sample, place)
    assert first["errors"] == []
    locations, summary = state_of(ada, place.group)
    assert set(locations) == {(rule, file.removeprefix("./"), line) for rule, file, line in locations_of(sample)}
    second = imported(ada, sample, place)
    assert second["errors"] == []
    assert state_of(ada, place.group) == (locations, summary)
    assert {version for _, version in locations.values()} == {1}


def test_two_imports_at_once_leave_the_state_of_one(ada: Caller) -> None:
    document = sarif([result(f"rule-{number % 5}", f"src/file_{number % 20}.py", number) for number in range(200)])
    alone, together = new_place(ada, "alone"), new_place(ada, "together")
    imported(ada, document, alone)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: imported(ada, document, together), range(2)))
    assert [answer["errors"] for answer in both] == [[], []]
    expected, figures = state_of(ada, alone.group)
    found, same_figures = state_of(ada, together.group)
    assert {key: version for key, (_, version) in found.items()} == {key: version for key, (_, version) in expected.items()}
    assert same_figures == figures


IMPORT = "query ($id: ID!) { import(id: $id) { state } }"


def imported(who: Caller, document: bytes, place: Place) -> dict[str, object]:
    """Import a file and wait until its import is done, which may go on after the answer."""
    answer: dict[str, object] = who.import_(document, group=place.group, root=place.root)
    done = answer["import"]
    assert isinstance(done, dict)
    while who.ask(IMPORT, id=done["id"])["import"]["state"] == "RUNNING":
        pass
    assert who.ask(IMPORT, id=done["id"])["import"]["state"] == "COMPLETED"
    return answer


def test_what_was_imported_at_once_has_no_difference(service: Running, ada: Caller) -> None:
    place = new_place(ada, "checked")
    document = sarif([result(f"rule-{number % 3}", f"src/file_{number % 7}.py", number) for number in range(60)])
    assert imported(ada, document, place)["errors"] == []
    done = command("check", "--store", service.store, folder=service.folder, **VARIABLES)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("counters compared, 0 differences\n")
