"""Files in GraphQL requests, as the GraphQL multipart request specification asks."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrates.api.upload import Upload, in_memory
from integrates.server.http.refusal import refuse_exception
from integrates.server.http.routes.multipart import form_of, put, read_multipart

UPLOAD = in_memory(file_name="scan.sarif", content=b"{}")


async def shown(value: Any) -> Any:
    match value:
        case Upload():
            return f"{value.file_name}: {(await value.read()).decode()}"
        case dict():
            return {name: await shown(part) for name, part in value.items()}
        case list():
            return [await shown(part) for part in value]
        case _:
            return value


async def send(fields: dict[str, Any], files: list[tuple[str, Any]] | None = None) -> httpx.Response:
    async def endpoint(request: Request) -> Response:
        async with form_of(request) as form:
            return JSONResponse(await shown(read_multipart(form, 100)))

    app = Starlette(routes=[Route("/api", endpoint, methods=["POST"])], exception_handlers={HTTPException: refuse_exception})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        data = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
        return await client.post("/api", data=data, files=files or [("0", ("a.txt", b"alpha")), ("1", ("b.txt", b"beta"))])


async def test_files_come_where_the_paths_of_the_map_lead() -> None:
    operations = {"query": "q", "variables": {"file": None, "list": [{"deep": None}], "kept": 1}}
    answer = await send({"operations": operations, "map": {"0": ["variables.file"], "1": ["variables.list.0.deep"]}})
    assert answer.json()["variables"] == {"file": "a.txt: alpha", "list": [{"deep": "b.txt: beta"}], "kept": 1}


async def test_one_file_may_have_several_paths() -> None:
    operations = {"query": "q", "variables": {"a": None, "b": None}}
    files = [("0", ("a.txt", b"alpha"))]
    answer = await send({"operations": operations, "map": {"0": ["variables.a", "variables.b"]}}, files)
    assert answer.json()["variables"] == {"a": "a.txt: alpha", "b": "a.txt: alpha"}


GOOD = {"query": "q", "variables": {"a": None, "b": None, "list": [None], "text": "x"}}
MAP = {"0": ["variables.a"], "1": ["variables.b"]}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"operations": GOOD},
        {"map": MAP},
        {"operations": "{", "map": MAP},
        {"operations": GOOD, "map": "{"},
        {"operations": [GOOD], "map": {"0": ["0.variables.a"], "1": ["0.variables.b"]}},
        {"operations": GOOD, "map": [["variables.a"]]},
        {"operations": GOOD, "map": {"0": "variables.a", "1": ["variables.b"]}},
        {"operations": GOOD, "map": {"0": [1], "1": ["variables.b"]}},
        {"operations": GOOD, "map": {"0": [], "1": ["variables.b"]}},
        {"operations": GOOD, "map": {"0": ["variables.a"]}},
        {"operations": GOOD, "map": {**MAP, "1": ["variables.b", "variables." + "x" * 16_384]}},
        {"operations": GOOD, "map": {**MAP, "2": ["variables.list.0"]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": ["variables.a"]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": ["variables.text"]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": ["variables.nowhere"]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": ["variables.list.1"]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": ["variables.list.-1"]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": ["variables.list.²"]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": ["variables.list." + "9" * 5000]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": ["query"]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": [""]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": ["variables.b" + ".x" * 20]}},
        {"operations": GOOD, "map": {"0": ["variables.a"], "1": [f"variables.list.{n}" for n in range(30)]}},
        {"operations": '{"a":' * 50_000, "map": MAP},
        {"operations": GOOD, "map": MAP, "third": "field"},
        {"operations": "x" * (1024 * 1024 + 1), "map": MAP},
    ],
)
async def test_anything_amiss_is_refused(fields: dict[str, Any]) -> None:
    answer = await send(fields)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_one_file_sent_twice_is_refused() -> None:
    files = [("0", ("a.txt", b"alpha")), ("0", ("b.txt", b"beta"))]
    assert (await send({"operations": GOOD, "map": {"0": ["variables.a"]}}, files)).status_code == 400


async def test_too_many_files_are_refused() -> None:
    files = [(str(number), ("a.txt", b"alpha")) for number in range(11)]
    operations = {"query": "q", "variables": {"list": [None] * 11}}
    paths = {str(number): [f"variables.list.{number}"] for number in range(11)}
    assert (await send({"operations": operations, "map": paths}, files)).status_code == 400


@pytest.mark.parametrize(("number", "status"), [(20, 200), (21, 400)])
async def test_a_map_holds_twenty_paths_and_no_more(number: int, status: int) -> None:
    operations = {"query": "q", "variables": {"list": [None] * number}}
    paths = {"0": [f"variables.list.{position}" for position in range(number)]}
    assert (await send({"operations": operations, "map": paths}, [("0", ("a.txt", b"alpha"))])).status_code == status


@pytest.mark.parametrize(("steps", "status"), [(10, 200), (11, 400)])
async def test_a_path_has_ten_steps_and_no_more(steps: int, status: int) -> None:
    inner: Any = None
    for _ in range(steps - 1):
        inner = {"x": inner}
    paths = {"0": [".".join(("variables", *["x"] * (steps - 1)))]}
    sent = await send({"operations": {"query": "q", "variables": inner}, "map": paths}, [("0", ("a.txt", b"alpha"))])
    assert sent.status_code == status


@given(
    st.recursive(
        st.none() | st.integers(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    st.lists(st.text(max_size=3) | st.integers(0, 3).map(str), max_size=4).map(tuple),
)
def test_putting_changes_nothing_else(value: Any, path: tuple[str, ...]) -> None:
    before = json.dumps(value)
    try:
        changed = put(value, path, UPLOAD)
    except HTTPException as error:
        assert error.status_code == 400  # noqa: PT017 -- either outcome is right, depending on the example
    else:
        assert put_back(changed) == json.loads(before)
    assert json.dumps(value) == before


def put_back(value: Any) -> Any:
    match value:
        case Upload():
            return None
        case dict():
            return {name: put_back(part) for name, part in value.items()}
        case list():
            return [put_back(part) for part in value]
        case _:
            return value
