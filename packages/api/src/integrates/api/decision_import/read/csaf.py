"""The reader of CSAF 2.0 of the category ``csaf_vex``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Final

from msgspec import Raw, Struct, field
from msgspec.structs import replace

from integrates.api.decision_import.read.statement import (
    WORDS,
    Decisions,
    OfPackages,
    Product,
    Statement,
    package_urls,
    parsed_date,
    vex_word,
)
from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.error import BadFile, Defect, pointed
from integrates.api.imports.read.limit import MAX_RESULTS, MAX_VALUES, enforce
from integrates.api.imports.read.mend import NULL, parts_of
from integrates.api.imports.read.package import purl_of
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.decision_imports.decision import Saying
from integrates.db_model.decision_imports.types import DecisionFormat, SuppressionsAs

CATEGORY: Final = "csaf_vex"
_STATUSES: Final[Mapping[str, Saying]] = {
    "first_affected": Saying.AFFECTED,
    "first_fixed": Saying.FIXED,
    "fixed": Saying.FIXED,
    "known_affected": Saying.AFFECTED,
    "known_not_affected": Saying.NOT_AFFECTED,
    "last_affected": Saying.AFFECTED,
    "under_investigation": Saying.UNDECIDED,
}
"""What the lists of a product status say; what is recommended says nothing of a vulnerability."""
_NO_FIX: Final = "no_fix_planned"
_IMPACT: Final = "impact"


class Publisher(Struct, frozen=True, gc=False):
    """Who wrote the document."""

    name: str | None = None


class Tracking(Struct, frozen=True, gc=False):
    """When it was published."""

    current_release_date: str | None = None
    initial_release_date: str | None = None


class Head(Struct, frozen=True, gc=False):
    """What the document is."""

    category: str | None = None
    csaf_version: str | None = None
    publisher: Publisher | None = None
    tracking: Tracking | None = None


class Helper(Struct, frozen=True, gc=False):
    """What else a product is called."""

    purl: str | None = None


class FullName(Struct, frozen=True, gc=False):
    """A product."""

    product_id: str | None = None
    helper: Helper | None = field(default=None, name="product_identification_helper")


class Branch(Struct, frozen=True, gc=False):
    """A part of the tree."""

    product: FullName | None = None
    branches: tuple["Branch", ...] | None = None


class Relationship(Struct, frozen=True, gc=False):
    """A product as a part of another one, which together are one more."""

    full_product_name: FullName | None = None
    product_reference: str | None = None
    relates_to_product_reference: str | None = None


class ProductGroup(Struct, frozen=True, gc=False):
    """Several products under one id."""

    group_id: str | None = None
    product_ids: tuple[str, ...] | None = None


class Tree(Struct, frozen=True, gc=False):
    """All products."""

    branches: tuple[Branch, ...] | None = None
    full_product_names: tuple[FullName, ...] | None = None
    relationships: tuple[Relationship, ...] | None = None
    product_groups: tuple[ProductGroup, ...] | None = None


class Note(Struct, frozen=True, gc=False):
    """A flag, a threat or a remediation: what is said of some of the products."""

    label: str | None = None
    category: str | None = None
    details: str | None = None
    product_ids: tuple[str, ...] | None = None
    group_ids: tuple[str, ...] | None = None
    date: str | None = None


class Id(Struct, frozen=True, gc=False):
    """A name of a vulnerability that is no CVE."""

    text: str | None = None


class Judged(Struct, frozen=True, gc=False):
    """A vulnerability."""

    cve: str | None = None
    ids: tuple[Id, ...] | None = None
    product_status: Mapping[str, tuple[str, ...]] | None = None
    flags: tuple[Note, ...] | None = None
    threats: tuple[Note, ...] | None = None
    remediations: tuple[Note, ...] | None = None


class Advisory(Struct, frozen=True, gc=False):
    """A whole document."""

    document: Head
    product_tree: Tree | None = None
    vulnerabilities: tuple[Raw, ...] | None = None


def detects(top: TopLevel) -> bool:
    """Return whether the file is CSAF, of whatever category."""
    return "csaf_version" in (parts_of(top_members(top).get("document", NULL)) or {})


def read(content: bytes, _suppressions_as: SuppressionsAs) -> Decisions:
    """Read a document. Raise ``TooLarge``, and ``BadFile``, for other categories too."""
    advisory = made(Advisory, content)
    head = advisory.document
    if head.category != CATEGORY:
        raise BadFile((Defect("/document/category", f"Expected {CATEGORY}, which tells decisions:"),))
    tracking = head.tracking or Tracking()
    tree = advisory.product_tree or Tree()
    groups = {one.group_id: one.product_ids or () for one in tree.product_groups or () if one.group_id}
    date = parsed_date(tracking.current_release_date) or parsed_date(tracking.initial_release_date)
    around = Around(_products(tree), groups, date)
    found: list[Statement] = []
    weight = 0
    for pointer, one in each_of(Judged, advisory.vulnerabilities or (), "/vulnerabilities"):
        weight += _weight(one, groups)
        enforce("too_many_values", weight, MAX_VALUES)
        found += _statements(pointer, one, around)
        enforce("too_many_results", len(found), MAX_RESULTS)
    author = (head.publisher.name if head.publisher else None) or ""
    return Decisions(format=DecisionFormat.CSAF_VEX, author=author, statements=tuple(found))


def _weight(one: Judged, groups: Mapping[str, tuple[str, ...]]) -> int:
    """Return how many notes there are when what is said of a group, or of all products, is told of each of them."""
    products = sum(map(len, (one.product_status or {}).values()))
    notes = chain(one.flags or (), one.threats or (), one.remediations or ())
    return sum(_named(note, groups) or products for note in notes)


def _named(note: Note, groups: Mapping[str, tuple[str, ...]]) -> int:
    return len(note.product_ids or ()) + sum(len(groups.get(each, ())) for each in note.group_ids or ())


def _full_names(tree: Tree) -> Iterator[FullName]:
    yield from tree.full_product_names or ()
    branches: Sequence[Branch] = tree.branches or ()
    while branches:
        yield from (one.product for one in branches if one.product)
        branches = tuple(chain.from_iterable(one.branches or () for one in branches))


def _purl_text(one: FullName | None) -> str | None:
    return one.helper.purl if one and one.helper else None


def _products(tree: Tree) -> Mapping[str, Product]:
    """Return all products by their ids; one that relates a part to a product means the part in that product."""
    purls = {one.product_id: _purl_text(one) for one in _full_names(tree) if one.product_id}
    alone = {identity: Product(purl=purl_of(text)) for identity, text in purls.items()}
    return alone | {
        one.full_product_name.product_id: _related(one, purls)
        for one in tree.relationships or ()
        if one.full_product_name and one.full_product_name.product_id
    }


def _related(one: Relationship, purls: Mapping[str, str | None]) -> Product:
    whole = purls.get(one.relates_to_product_reference or "")
    parts = package_urls(purls.get(one.product_reference or ""))
    return Product(purl=purl_of(whole) if parts else None, packages=parts)


def _noted(notes: Iterable[Note] | None, groups: Mapping[str, tuple[str, ...]]) -> Mapping[str, Sequence[Note]]:
    """Return what is said of each product, by its id; what names none says it of all, under the empty text."""
    found: dict[str, list[Note]] = {}
    for note in notes or ():
        named = (*(note.product_ids or ()), *chain.from_iterable(groups.get(each, ()) for each in note.group_ids or ()))
        for identity in dict.fromkeys(named or ("",)):
            found.setdefault(identity, []).append(note)
    return found


class Around(Struct, frozen=True):
    """What the document says of all vulnerabilities: its products, their groups, and when it was published."""

    products: Mapping[str, Product]
    groups: Mapping[str, tuple[str, ...]]
    date: datetime | None


class Notes(Struct, frozen=True):
    """What is said of a vulnerability in one product."""

    flags: tuple[Note, ...]
    threats: tuple[Note, ...]
    remediations: tuple[Note, ...]

    def every(self) -> tuple[Note, ...]:
        """Return all of it."""
        return (*self.flags, *self.threats, *self.remediations)

    def date(self) -> datetime | None:
        """Return when the last of it was said, where that is told."""
        return max((found for each in self.every() if (found := parsed_date(each.date))), default=None)

    def saying(self, status: str) -> Saying:
        """Return what a status says together with the remediations."""
        is_final = any(each.category == _NO_FIX for each in self.remediations)
        says = _STATUSES[status]
        return Saying.ACCEPTED_FOREVER if says is Saying.AFFECTED and is_final else says

    def texts(self, says: Saying) -> Iterator[str]:
        """Yield what gives a reason, the best one first."""
        impact = (each for each in self.threats if each.category == _IMPACT and says is Saying.NOT_AFFECTED)
        yield from (each.details for each in (*impact, *self.remediations) if each.details)
        yield from (each.label for each in self.flags if each.label)


def _of(notes: Mapping[str, Sequence[Note]], identity: str) -> tuple[Note, ...]:
    return (*notes.get(identity, ()), *notes.get("", ()))


def _statements(pointer: str, one: Judged, around: Around) -> Iterator[Statement]:
    noted = [_noted(each, around.groups) for each in (one.flags, one.threats, one.remediations)]
    names = dict.fromkeys(each for each in (one.cve, *(other.text for other in one.ids or ())) if each)
    about = OfPackages(names=frozenset(names), products=())
    for status, identities in (one.product_status or {}).items():
        for index, identity in enumerate(identities if status in _STATUSES else ()):
            notes = Notes(*(_of(each, identity) for each in noted))
            says, product = notes.saying(status), around.products.get(identity)
            yield Statement(
                pointer=pointed(f"{pointer}/product_status/{status}", index),
                name=next(iter(names), ""),
                at=notes.date() or around.date,
                says=says,
                words=WORDS[says],
                text=next(notes.texts(says), status),
                vex_justification=next((word for each in notes.flags if (word := vex_word(each.label))), None),
                about=replace(about, products=(product,) if product else ()),
            )
