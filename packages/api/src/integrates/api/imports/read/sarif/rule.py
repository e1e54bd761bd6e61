"""Rules: which one a result means, and what becomes of it as a finding (domain section 8, *Rule → Finding*)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from msgspec import Struct

from integrates.api.imports.read.name import MAX_NAME, MAX_RULE_ID
from integrates.api.imports.read.observation import RuleSeen
from integrates.api.imports.read.sarif.document import (
    Component,
    ComponentReference,
    Descriptor,
    DescriptorReference,
    Result,
    RuleProperties,
    Run,
    Taxonomy,
    Text,
    components,
)
from integrates.api.imports.read.sarif.own import vector_of
from integrates.api.imports.read.sarif.reference import Indexed, indexed, position
from integrates.api.imports.read.sarif.score import rule_score
from integrates.api.imports.read.text import block, headline
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.values.text import MAX_CWE_IDS

MAX_TEXT: Final = 20_000
MAX_LABELS: Final = 500
"""Most tags, and most relationships, of a description that are looked at for classes of CWE."""
NOT_GIVEN: Final = "Not given by the tool."
NO_RULE: Final = "-"
"""What a result without a rule has for one."""
_TAG: Final = re.compile(r"(?:external/cwe/)?cwe-0*([1-9][0-9]{0,4})(?![0-9])", re.IGNORECASE)
_TAXON: Final = re.compile(r"(?:cwe-)?0*([1-9][0-9]{0,4})", re.IGNORECASE)


class Catalogue(Struct, frozen=True):
    """The components of a run's tool, the driver first, for each the ids of its rules and the rules by id, and its taxonomies.

    ``first`` has for each id the first component with such a rule.
    """

    components: Indexed[Component]
    ids: tuple[tuple[str, ...], ...]
    tables: tuple[Mapping[str, Descriptor], ...]
    first: Mapping[str, int]
    taxonomies: Indexed[Taxonomy]


class Named(Struct, frozen=True):
    """The rule of a result: its id, and what the file says of it, if anything."""

    id: str
    descriptor: Descriptor | None
    component: Component | None


def catalogue(run: Run) -> Catalogue:
    """Prepare looking up the rules of a run. Of equal ids in one component the first counts."""
    found = components(run.tool)
    ids = tuple(tuple(map(_id, component.rules or ())) for component in found)
    tables = tuple(map(_table, found, ids))
    first = {identity: index for index in reversed(range(len(tables))) for identity in tables[index]}
    return Catalogue(indexed(found), ids, tables, first, indexed(run.taxonomies or ()))


def _table(component: Component, ids: Sequence[str]) -> Mapping[str, Descriptor]:
    rules = zip(ids, component.rules or (), strict=True)
    return {identity: rule for identity, rule in reversed(tuple(rules)) if identity}


def _id(rule: Descriptor) -> str:
    """Return the id, no more of it than says that it is too long: many results may mean one."""
    return (rule.id or "").strip()[: 4 * MAX_RULE_ID + 1]


def named(given: str, result: Result, rules: Catalogue) -> Named:
    """Return the rule of ``ruleId``, which is ``given``, else ``rule.id``, else the index, else ``NO_RULE``.

    For an id ``a/b`` that nothing describes the description of ``a`` serves; the id stays.
    """
    reference = result.rule or DescriptorReference()
    component = _component(reference.tool_component, rules.components)
    indices = (one for one in (result.rule_index, reference.index) if one is not None and one >= 0)
    index = next(indices, len(rules.ids[component]))
    pointed_at = rules.ids[component][index] if index < len(rules.ids[component]) else ""
    identity = given.strip() or (reference.id or "").strip() or pointed_at
    if not identity:
        return Named(NO_RULE, None, None)
    if pointed_at and f"{identity}/".startswith(f"{pointed_at}/"):
        tool = rules.components.items[component]
        return Named(identity, (tool.rules or ())[index], tool)
    return _found(identity, component, rules)


def _found(identity: str, component: int, rules: Catalogue) -> Named:
    for candidate in _hierarchy(identity):
        index = component if candidate in rules.tables[component] else rules.first.get(candidate)
        if index is not None:
            return Named(identity, rules.tables[index][candidate], rules.components.items[index])
    return Named(identity, None, None)


def _hierarchy(identity: str) -> Iterator[str]:
    """Yield the id and those above it, longest first: ``a/b/c``, ``a/b``, ``a``. One too long to be taken has none."""
    yield identity
    ends = (index for index in range(len(identity) - 1, 0, -1) if identity[index] == "/")
    yield from (identity[:end] for end in ends if len(identity) <= MAX_RULE_ID)


def _component(reference: ComponentReference | None, components: Indexed[Component]) -> int:
    """Return the index of the component in the catalogue, 0 (the driver) when the reference leads nowhere."""
    if reference is None:
        return 0
    if reference.index is not None and 0 <= reference.index < len(components.items) - 1:
        return reference.index + 1
    return position(reference, components) or 0


def described(rule: ToolRule, descriptor: Descriptor | None, taxonomies: Indexed[Taxonomy]) -> RuleSeen:
    """Return what the file says of the rule as a finding; what the tool left out is filled in."""
    title, score = _title(rule, descriptor), rule_score(descriptor)
    own = descriptor.properties.integrates if descriptor and descriptor.properties else None
    return RuleSeen(
        rule=rule,
        title=title,
        description=_text(descriptor.full_description if descriptor else None) or title,
        threat=f"Reported by {rule.tool}, rule {rule.rule_id}.",
        recommendation=_text(descriptor.help if descriptor else None) or NOT_GIVEN,
        cwe_ids=tuple(islice(dict.fromkeys(_cwe_ids(descriptor, taxonomies)), MAX_CWE_IDS)) if descriptor else (),
        tool_score=score,
        tool_vector=vector_of(own.tool_vector, score) if own else None,
    )


def _title(rule: ToolRule, descriptor: Descriptor | None) -> str:
    spare = f"{rule.tool} {rule.rule_id}"
    if rule.rule_id == NO_RULE and descriptor is None:
        return headline(f"Not classified by {rule.tool}", spare)
    texts = (_shortest(descriptor), descriptor.name, rule.rule_id) if descriptor else (rule.rule_id,)
    titles = (headline(text, spare) for text in texts)
    return next((title for title in titles if title), headline(f"Rule {rule.rule_id}", spare))


def _shortest(descriptor: Descriptor) -> str | None:
    return descriptor.short_description.text if descriptor.short_description else None


def _text(given: Text | None) -> str:
    return block(given.text if given else None, MAX_TEXT)


def _cwe_ids(descriptor: Descriptor, taxonomies: Indexed[Taxonomy]) -> Iterator[str]:
    """Yield the classes that the description names. Many rules can share one, so not everything in it is looked at."""
    properties = descriptor.properties or RuleProperties()
    classes = (properties.cwe,) if isinstance(properties.cwe, str) else (properties.cwe or ())[:MAX_LABELS]
    taxa = (_taxon(relationship.target, taxonomies) for relationship in (descriptor.relationships or ())[:MAX_LABELS])
    labels = (text[:MAX_NAME].strip() for text in (*classes, *(properties.tags or ())[:MAX_LABELS]))
    plain = (text[:MAX_NAME].strip() for text in (*classes, *taxa))
    matches = chain(map(_TAG.match, labels), map(_TAXON.fullmatch, plain))
    yield from (f"CWE-{match[1]}" for match in matches if match)


def _taxon(target: DescriptorReference | None, taxonomies: Indexed[Taxonomy]) -> str:
    """Return the id of what is meant, when that is a class of a taxonomy named CWE."""
    if target is None or target.tool_component is None:
        return ""
    taxonomy = _taxonomy(target.tool_component, taxonomies)
    name = target.tool_component.name or (taxonomy.name if taxonomy else None) or ""
    if len(name) > MAX_NAME or name.strip().upper() != "CWE":
        return ""
    return target.id or _class(taxonomy, target.index)


def _taxonomy(reference: ComponentReference, taxonomies: Indexed[Taxonomy]) -> Taxonomy | None:
    if reference.index is not None and 0 <= reference.index < len(taxonomies.items):
        return taxonomies.items[reference.index]
    index = position(reference, taxonomies)
    return None if index is None else taxonomies.items[index]


def _class(taxonomy: Taxonomy | None, index: int | None) -> str:
    taxa = (taxonomy.taxa if taxonomy else None) or ()
    return (taxa[index].id or "") if index is not None and 0 <= index < len(taxa) else ""
