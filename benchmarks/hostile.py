"""Requests that are meant to cost the service more than their senders: what is asked, by whom, and in how many bytes."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

MIB: Final = 1024 * 1024
BOUNDARY: Final = "a-boundary-between-parts"
TREAT: Final = """mutation ($items: [VulnerabilityRef!]!) { updateVulnerabilitiesTreatment(items: $items,
  treatment: UNTREATED, justification: "It is not known yet.") { errors { reason } } }"""
STATES: Final = """query ($of: [VulnerabilityState!]) {
  group(name: "webshop") { vulnerabilities(filter: {states: $of}) { totalCount } } }"""
_encode: Final = msgspec.json.encode


class Hostile(msgspec.Struct, frozen=True, kw_only=True):
    """One request: what it tries, whether somebody who is logged in sends it, and what is sent."""

    name: str
    body: bytes
    by_user: bool = True
    headers: Mapping[str, str] = {}
    media_type: str = "application/json"


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What the requests are about: a finding with many vulnerabilities, in a group with many findings, and a moment."""

    finding: str
    at: str


def _asked(query: str, **variables: Any) -> bytes:
    return _encode({"query": query, "variables": variables} if variables else {"query": query})


def _aliased(number: int, field: str) -> str:
    return " ".join(f"a{n}: {field}" for n in range(number))


def _form(operations: Any, paths: Mapping[str, list[str]]) -> bytes:
    parts = [("operations", _encode(operations).decode(), ""), ("map", _encode(paths).decode(), "")]
    files = [(name, "x", '; filename="x"') for name in paths]
    lines = [
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"{more}\r\n\r\n{text}\r\n'
        for name, text, more in (*parts, *files)
    ]
    return f"{''.join(lines)}--{BOUNDARY}--\r\n".encode()


def _multipart(name: str, operations: Any, paths: Mapping[str, list[str]], *, by_user: bool) -> Hostile:
    media_type = f"multipart/form-data; boundary={BOUNDARY}"
    return Hostile(name=name, body=_form(operations, paths), by_user=by_user, media_type=media_type)


def _by_nobody() -> Iterator[Hostile]:
    """Yield what nobody can send."""
    nothing = _asked("{ __typename }")

    def sent(name: str, body: bytes, **headers: str) -> Hostile:
        return Hostile(name=name, body=body, by_user=False, headers=headers)

    yield sent("{ __typename }", nothing)
    yield sent("300,000 empty lists in variables", _asked("{ me { email } }", v=[[]] * 300_000))
    yield sent("300,000 empty lists beside the members of a request", _encode({"query": "{ __typename }", "x": [[]] * 300_000}))
    yield sent("300,000 empty lists as a batch", _encode([[]] * 300_000))
    yield sent("70,000 names in a JSON object", _encode({f"x{n}": n for n in range(70_000)}))
    yield sent("100,000 levels of JSON", b"[" * 100_000 + b"]" * 100_000)
    yield sent("1 MiB of JSON escapes", b'{"query": "' + b"\\u00e9" * 170_000 + b'"}')
    yield sent("a query of 1 MiB", _asked("{ __typename }".ljust(MIB - 100)))
    yield sent("2,000 tokens in 20,000 characters", _asked("{ " + "a:b(c:1) " * 285 + "}"))
    yield sent("2,000 directives", _asked("{ __typename " + "@a " * 990 + "}"))
    yield sent("a text of 19,000 characters", _asked('{ __typename(x: "' + "\\u0041" * 3_100 + '") }'))
    yield sent("the whole of introspection", _asked(INTROSPECTION))
    yield sent("60 KB of cookies", nothing, cookie="; ".join(f"a{n}=b" for n in range(6_000)))
    yield sent("a session of 60 KB", nothing, cookie="integrates_session=" + "x" * 60_000)
    yield sent("a token of 60 KB", nothing, authorization="Bearer itg_" + "eyJhbGciOiJub25lIn0." * 3_000)
    yield sent("5,000 headers", nothing, **{f"x-{n}": "y" for n in range(5_000)})
    yield _multipart("multipart by nobody", {"query": "", "variables": {"f": None}}, {"0": ["variables.f"]}, by_user=False)


INTROSPECTION: Final = """{ __schema { queryType { name } mutationType { name } types { ...T } directives { name
  description locations args { ...V } } } }
  fragment T on __Type { kind name description fields(includeDeprecated: true) { name description args { ...V } type { ...R }
  isDeprecated deprecationReason } inputFields { ...V } interfaces { ...R } enumValues(includeDeprecated: true) { name
  description isDeprecated deprecationReason } possibleTypes { ...R } }
  fragment V on __InputValue { name description type { ...R } defaultValue }
  fragment R on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }"""


def _nested(field: str, repeats: int, levels: int, inside: str) -> str:
    """Repeat a field in itself, so many times on each level."""
    for _ in range(levels):
        inside = f"{field} {{ {inside} }} " * repeats
    return inside


def _overlapping() -> str:
    """Return fields repeated in each other, so that each has to be compared with each other one on each level."""
    steps, inside = itertools.cycle(("finding", "vulnerabilities", "nodes")), "id "
    for step, repeats in reversed(list(zip(steps, (3, 3, 3, 3, 2), strict=False))):
        inside = f"{step} {{ {inside} }} " * repeats
    return f'{{ vulnerability(id: "x") {{ {inside} }} }}'


def _fragments(number: int, inside: str) -> str:
    parts = (f"fragment f{n} on Vulnerability {{ {inside} }}" for n in range(number))
    return " ".join([f'{{ vulnerability(id: "x") {{ {" ".join(f"...f{n}" for n in range(number))} }} }}', *parts])


def _unused(number: int) -> str:
    """Return a query of so many variables, none of which is used in any of 50 fragments that are spread in each other."""
    variables = ", ".join(f"$v{n}: Int" for n in range(number))
    chained = " ".join(f"fragment f{n} on Me {{ ...f{n + 1} }}" for n in range(48))
    return f"query ({variables}) {{ me {{ ...f0 }} }} {chained} fragment f48 on Me {{ email }}"


def _sent(name: str, query: str, **variables: Any) -> Hostile:
    return Hostile(name=name, body=_asked(query, **variables))


def _refused() -> Iterator[Hostile]:
    """Yield what a user may send and is refused."""
    item = {"id": "00000000-0000-4000-8000-000000000000"}
    yield _sent("nested repetitions in 5 KB", _overlapping())
    yield _sent("objects repeated in each other", "{ " + _nested("me", 5, 1, _nested("groups", 8, 2, "id ")) + "}")
    yield _sent("50 fragments of equal fields", _fragments(50, "finding { id title } " * 4))
    yield _sent("fragments beside fields of the same name", _fragments(40, "id where specific state finding { id } ") + " #")
    yield _sent("unused variables over fragments", _unused(200))
    yield _sent("400 unknown fields", "{ me { " + " ".join(f"emial{n}" for n in range(400)) + " } }")
    yield _sent("50 cycles of fragments", " ".join(["{ me { ...f0 } }", *(_cyclic(n, 49) for n in range(49))]))
    yield _sent("1,900 values in a literal of another type", f"{{ group(name: [{'[1] ' * 600}]) {{ id }} }}")
    yield _sent(
        "1,900 states in a literal", STATES.replace("($of: [VulnerabilityState!])", "").replace("$of", f"[{'SAFE ' * 1_900}]")
    )
    yield _sent(
        "450 items in a literal", TREAT.replace("($items: [VulnerabilityRef!]!)", "").replace("$items", f"[{'{id: 1} ' * 380}]")
    )
    yield _sent("600 members in a literal", '{ group(name: "x") { findings(filter: {' + "x: 1 " * 600 + "}) { totalCount } } }")
    yield _sent("70,000 items", TREAT, items=[{"id": "x"}] * 70_000)
    yield _sent("4,900 items", TREAT, items=[item] * 4_900)
    yield _sent("101 items", TREAT, items=[{"id": f"x{n}"} for n in range(101)])
    yield _sent("90,000 states", STATES, of=["SAFE"] * 90_000)
    yield _sent("9,900 states", STATES, of=["SAFE"] * 9_900)
    yield _sent("9,900 states that are none", STATES, of=["NONE"] * 9_900)
    yield _sent("9,900 nulls among states", STATES, of=[None] * 9_900)
    yield _sent("9,900 values that are not declared", "{ me { email } }", v=[[]] * 9_900)
    yield _sent("300,000 values that are not declared", "{ me { email } }", v=[[]] * 300_000)
    names = ", ".join(f"$v{n}: [[Int]]" for n in range(30))
    yield _sent(
        "30 variables of 9,900 values", f"query ({names}) {{ me {{ email }} }}", **{f"v{n}": [[]] * 9_900 for n in range(30)}
    )
    yield _sent("70,000 names of variables", "{ me { email } }", **{f"x{n}": n for n in range(70_000)})
    yield _sent("9 texts of 100,000 characters", "{ me { email } }", v=["é" * 50_000] * 9)
    yield _sent("numbers of 400 digits", "{ group(name: [" + ("1" * 400 + " ") * 45 + "]) { id } }")
    yield _sent(
        "introspection, 29 aliases of types", "{ __schema { " + _aliased(29, "types { fields { type { name } } } ") + "} }"
    )
    yield _sent(
        "a cost of 2,000,000",
        '{ group(name: "webshop") { findings(first: 500) { nodes { vulnerabilities(first: 500) { '
        "nodes { " + "id where specific " * 8 + "} } } } } }",
    )
    yield _sent(
        "a cursor of 100,000 characters",
        'query ($c: String) { group(name: "webshop") { findings(after: $c) { totalCount } } }',
        c="A" * 100_000,
    )
    paths = {str(n): [f"variables.v.{n}.{m}" for m in range(2)] for n in range(10)}
    yield _multipart(
        "10 files into lists of 50,000",
        {"query": "{ me { email } }", "variables": {"v": [[None] * 15_000] * 10}},
        paths,
        by_user=True,
    )


def _cyclic(number: int, of: int) -> str:
    return f"fragment f{number} on Me {{ " + " ".join(f"...f{n}" for n in range(0, of, 4)) + " email }"


def _of_the_past(scene: Scene) -> Iterator[Hostile]:
    """Yield what a user may ask of a finding as it was."""

    def of_finding(inside: str) -> str:
        return f"query ($id: ID!, $at: DateTime) {{ finding(id: $id, asOf: $at) {{ {inside} }} }}"

    then = {"id": scene.finding, "at": scene.at}
    page = "id where specific state technique source type openedAt finding { title } root { nickname }"
    yield _sent("29 aliases of the figures of the past", of_finding(_aliased(29, "summary { open } ")), **then)
    yield _sent("figures of the past once", of_finding("summary { open }"), **then)
    yield _sent(
        "29 aliases of status, where and age of the past",
        of_finding(_aliased(9, "status ") + _aliased(19, "where ").replace("a", "b", 19) + " openAgeDays"),
        **then,
    )
    yield _sent(
        "figures of the past of 10 moments",
        "query ($id: ID!) { "
        + " ".join(
            f'm{n}: finding(id: $id, asOf: "2026-06-0{1 + n % 9}T00:0{n}:00Z") {{ summary {{ open }} }}' for n in range(10)
        )
        + " }",
        id=scene.finding,
    )
    yield _sent(
        "finding of each of 500 vulnerabilities of the past",
        of_finding("vulnerabilities(first: 500) { nodes { finding { summary { open } } } }"),
        **then,
    )
    yield _sent("500 vulnerabilities of the past", of_finding(f"vulnerabilities(first: 500) {{ nodes {{ {page} }} }}"), **then)
    yield _sent(
        "8 aliases of 500 vulnerabilities of the past",
        of_finding(_aliased(8, "vulnerabilities(first: 500) { nodes { id } } ")),
        **then,
    )


def _of_now(scene: Scene) -> Iterator[Hostile]:
    """Yield what a user may ask of things as they are."""
    leaves = "id specific type technique source commit snippet detail tags state cycles openedAt reportedAt createdAt version"
    group = '{{ group(name: "webshop") {{ {} }} }}'.format
    finding = "query ($id: ID!) {{ finding(id: $id) {{ {} }} }}".format
    yield _sent("29 aliases of where", finding(_aliased(29, "where ")), id=scene.finding)
    yield _sent("29 aliases of summary", finding(_aliased(29, "summary { open treatment { name count } } ")), id=scene.finding)
    yield _sent(
        "500 vulnerabilities of 64 fields",
        group(
            f"vulnerabilities(first: 500) {{ nodes {{ {leaves} {_aliased(29, 'where ')} "
            "treatment { status at by justification } finding { id title description cweIds } "
            "root { id nickname criticality state } group { name description language } } }"
        ),
    )
    yield _sent(
        "500 vulnerabilities with histories",
        group("vulnerabilities(first: 500) { nodes { history(first: 10) { nodes { version aspects } } } }"),
    )
    yield _sent(
        "29 texts that nothing has",
        group(
            " ".join(
                f'a{n}: vulnerabilities(first: 1, filter: {{text: "nowhere {n}"}}) {{ nodes {{ id }} }}' for n in range(29)
            )
        ),
    )


def _of_a_group(scene: Scene) -> Iterator[Hostile]:
    """Yield what a user may ask of a group and its lists."""
    group = '{{ group(name: "webshop") {{ {} }} }}'.format
    yield _sent("how many findings are open", group("summary { openFindings }"))
    yield _sent(
        "29 titles that nothing has",
        group(" ".join(f'a{n}: findings(first: 1, filter: {{title: "nowhere {n}"}}) {{ nodes {{ id }} }}' for n in range(29))),
    )
    yield _sent(
        "500 findings with figures",
        group("findings(first: 500) { nodes { title status summary { open openCvssf meanOpenAgeDays } openAgeDays } }"),
    )
    yield _sent("where of 500 findings", group("findings(first: 500) { nodes { where } }"))
    yield _sent(
        "a text that nothing has, below each of 500 vulnerabilities",
        group(
            'vulnerabilities(first: 500) { nodes { finding { vulnerabilities(first: 1, filter: {text: "nowhere"}) '
            "{ totalCount } } } }"
        ),
    )
    yield _sent(
        "a text that nothing has, below each of 90 vulnerabilities",
        group(
            'vulnerabilities(first: 90) { nodes { finding { vulnerabilities(first: 1, filter: {text: "nowhere"}) '
            "{ totalCount } } } }"
        ),
    )
    yield _sent("16 aliases of 500 vulnerabilities", group(_aliased(16, "vulnerabilities(first: 500) { nodes { id where } } ")))
    yield _sent("29 audit trails", group(_aliased(29, "audit(first: 50) { nodes { version } } ")))
    yield _sent("500 changes with their aspects", group("audit(first: 500) { nodes { version at by aspects } }"))
    yield _sent("the whole of introspection", INTROSPECTION)
    yield _sent(
        "introspection of the types of all fields",
        f"{{ __schema {{ types {{ fields {{ type {{ {_aliased(29, 'name ')} }} }} }} }} }}",
    )
    yield _sent("100 items that are one", TREAT, items=[{"id": scene.finding}] * 100)


def requests(scene: Scene) -> Iterator[Hostile]:
    """Yield the requests, those of nobody first."""
    yield from _by_nobody()
    yield from _refused()
    yield from _of_the_past(scene)
    yield from _of_now(scene)
    yield from _of_a_group(scene)
