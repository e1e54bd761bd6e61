"""The reference of the schema, a page for each kind of its names: `python docs/schema.py` writes the pages anew."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from integrates.api.reference.entry import Entry, Kind, Part, Typed, reference_of
from integrates.api.reference.reason import ALWAYS, codes_of, reasons_of
from integrates.api.schema import definition

FOLDER: Final = Path(__file__).parent / "reference" / "schema"
PAGES: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.QUERY: ("queries.md", "Queries"),
    Kind.MUTATION: ("mutations.md", "Mutations"),
    Kind.SUBSCRIPTION: ("subscriptions.md", "Subscriptions"),
    Kind.OBJECT: ("objects.md", "Objects"),
    Kind.INTERFACE: ("interfaces.md", "Interfaces"),
    Kind.UNION: ("unions.md", "Unions"),
    Kind.LIST: ("lists.md", "Pages of lists"),
    Kind.PAYLOAD: ("payloads.md", "Payloads of mutations"),
    Kind.INPUT: ("inputs.md", "Input objects"),
    Kind.ENUMERATION: ("enumerations.md", "Enumerations"),
    Kind.SCALAR: ("scalars.md", "Scalars"),
    Kind.DIRECTIVE: ("directives.md", "Directives"),
}
"""By kind: the name of its page, and its title."""
WRITTEN: Final = "<!-- written by docs/schema.py -->"
MOST_USES: Final = 12
"""A type that more fields show than these, such as `UserError`, is shown everywhere: they are not listed."""

Names = Mapping[str, Entry]


def link(entry: Entry, text: str = "") -> str:
    """Return a link to an entry from another page of the folder."""
    return f"[`{text or entry.name}`]({PAGES[entry.kind][0]}#{entry.name.lower()})"


def cell(text: str) -> str:
    """Return a text as it may stand in a cell of a table."""
    return text.replace("|", "\\|")


def typed(one: Typed, names: Names) -> str:
    """Return a type, with a link where the reference has it."""
    return link(names[one.name], one.text) if one.name in names else f"`{one.text}`"


def given(part: Part, names: Names) -> str:
    """Return the type of a part with its default."""
    return f"{typed(part.type, names)} = `{part.default}`" if part.default else typed(part.type, names)


def listed(texts: Iterable[str]) -> str:
    """Return names of the API one after the other."""
    return ", ".join(f"`{text}`" for text in texts)


def errors(part: Part) -> str:
    """Return the codes of the errors that a field may have, in a sentence; nothing without any."""
    codes = codes_of(part)
    return f"Errors: {listed(codes)}." if codes else ""


def notes(part: Part) -> Iterator[str]:
    """Yield what the directives of a field or an argument say, in sentences."""
    if part.deprecated:
        yield f"**Deprecated.** {part.deprecated}"
    if part.needs:
        yield f"Needs `{part.needs}`."
    if part.partly:
        yield f"Some of it needs {listed(part.partly)}."
    if part.items is not None:
        yield f"More than {part.items:,} items are `QUERY_TOO_COMPLEX`."
    if part.weight:
        yield f"Adds {part.weight:,} to the [cost](../graphql.md#limits)."
    if part.past:
        yield f"Adds {part.past:,} as of a date."


def meaning(part: Part, names: Names) -> str:
    """Return what a part means, what its directives say, and its own arguments."""
    told = " ".join((ended(part.meaning), *notes(part)))
    arguments = (f"`{one.name}`: {given(one, names)}: {' '.join((one.meaning, *notes(one)))}" for one in part.arguments)
    return "<br>".join((told, *arguments, *filter(None, (errors(part),))))


def ended(text: str) -> str:
    """Return a description with a full stop at its end."""
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def table(parts: tuple[Part, ...], head: str, names: Names) -> Iterator[str]:
    """Yield the lines of the table of what an entry has."""
    has_types = any(part.type.text for part in parts)
    yield f"| {head} | Type | Meaning |" if has_types else f"| {head} | Meaning |"
    yield "| --- | --- | --- |" if has_types else "| --- | --- |"
    for part in parts:
        cells = (f"`{part.name}`", given(part, names)) if has_types else (f"`{part.name}`",)
        yield f"| {' | '.join(map(cell, (*cells, meaning(part, names))))} |"


def field(own: Part, names: Names) -> Iterator[str]:
    """Yield the lines about a query, mutation or subscription."""
    needs = f"needs the permission `{own.needs}`" if own.needs else "needs no permission"
    yield f"Answers {typed(own.type, names)}; {needs}."
    rest = " ".join(notes(replace(own, needs="")))  # which the line above has said
    if rest:
        yield f"\n{rest}"
    if own.arguments:
        yield ""
        yield from table(own.arguments, "Argument", names)
    if told := errors(own):
        yield f"\n{told}"


HEADS: Final[Mapping[Kind, str]] = {
    Kind.OBJECT: "Field",
    Kind.INTERFACE: "Field",
    Kind.LIST: "Field",
    Kind.PAYLOAD: "Field",
    Kind.INPUT: "Member",
    Kind.ENUMERATION: "Value",
    Kind.DIRECTIVE: "Argument",
}
RELATED: Final[Mapping[Kind, str]] = {
    Kind.OBJECT: "Is a",
    Kind.PAYLOAD: "Is a",
    Kind.LIST: "Is a",
    Kind.INTERFACE: "Implemented by",
    Kind.UNION: "One of",
}


def section(entry: Entry, names: Names) -> Iterator[str]:
    """Yield the lines about one name."""
    yield f"\n## {entry.name}\n"
    yield ended(entry.meaning)
    if entry.own:
        yield ""
        yield from field(entry.own, names)
    if entry.kind is Kind.MUTATION:
        reasons = sorted(reason.name for reason in reasons_of(entry))
        yield f"\nRefuses for {listed(reasons)}." if reasons else "\nRefuses for no reason of its own."
    if entry.related:
        yield f"\n{RELATED[entry.kind]}: {', '.join(link(names[name]) for name in entry.related)}."
    if 0 < len(entry.shown_by) <= MOST_USES:
        yield f"\nAt: {', '.join(where(path, names) for path in entry.shown_by)}."
    if entry.parts:
        yield ""
        yield from table(entry.parts, HEADS[entry.kind], names)


def where(path: str, names: Names) -> str:
    """Return a link to the type that has a field, or to the query or mutation."""
    return link(names[path.partition(".")[0]], path)


def page(kind: Kind, entries: tuple[Entry, ...], names: Names) -> str:
    """Return the page of a kind."""
    lines = (line for entry in entries for line in section(entry, names))
    return "\n".join((f"# {PAGES[kind][1]}\n", f"{WRITTEN}\n", f"{INTRODUCTIONS[kind]}", *lines)) + "\n"


INTRODUCTIONS: Final[Mapping[Kind, str]] = {
    Kind.QUERY: "What can be asked for. An object that the caller may not see is `null`, like one that does not exist.\n"
    "Errors are [codes](../errors.md#codes-of-the-whole-answer) in `errors` of the answer.",
    Kind.MUTATION: "What can be changed. Refusals are `errors` of the payload; [errors](../errors.md#reasons) explains their\n"
    f"reasons. Each mutation may also refuse for {listed(reason.name for reason in sorted(ALWAYS))}.",
    Kind.SUBSCRIPTION: "What can be listened to.",
    Kind.OBJECT: "What queries and mutations show. A field that needs a permission is `null` for those who lack it.",
    Kind.INTERFACE: "What several objects have in common.",
    Kind.UNION: "What may be of several types.",
    Kind.LIST: "Lists come in pages: [paging](../graphql.md#pages) explains how to walk one.",
    Kind.PAYLOAD: "What mutations answer. Without `errors` the change was made; the other fields are null where it was not.",
    Kind.INPUT: "Objects that are given as arguments.",
    Kind.ENUMERATION: "Fields and arguments that have one of a few values.",
    Kind.SCALAR: "Values of a form of their own, beside those that GraphQL has: `Boolean`, `Float`, `ID`, `Int` and `String`.",
    Kind.DIRECTIVE: "What the schema says of its fields by directives, which clients do not write.",
}


def contents(entries: tuple[Entry, ...]) -> str:
    """Return the first page: every name of the schema, by its first letter."""
    by_name = sorted(entries, key=lambda entry: (entry.name.lower(), entry.name))
    letters = groupby(by_name, lambda entry: entry.name[0].upper())
    rows = (f"| {letter} | {' · '.join(map(link, group))} |" for letter, group in letters)
    kinds = (f"[{title}]({name})" for kind, (name, title) in PAGES.items() if any(entry.kind is kind for entry in entries))
    head = ("# The schema, name by name\n", f"{WRITTEN}\n", ABOUT, " · ".join(kinds), "\n| | Names |", "| --- | --- |")
    return "\n".join((*head, *rows)) + "\n"


ABOUT: Final = """Every query, mutation and type of the API, with what the schema says of it: what each field and argument
means, which [permission](../permissions.md) it needs, and for which [reasons](../errors.md) a mutation refuses.
[GraphQL](../graphql.md) explains how they work together.
"""


def pages() -> Mapping[str, str]:
    """Return the text of each page by its name."""
    entries = reference_of(definition())
    names = {entry.name: entry for entry in entries}
    found = {kind: tuple(entry for entry in entries if entry.kind is kind) for kind in Kind}
    whole = {PAGES[kind][0]: page(kind, some, names) for kind, some in found.items() if some}
    return {"index.md": contents(entries), **whole}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
