"""What takes the place of an e-mail in everything that is stored. Pure.

An actor, an owner or whoever something is assigned to is the e-mail as a whole: the pseudonym takes its place, so that what one
person did stays recognisable as done by one. Where a text only mentions the e-mail, asterisks do, as many as it has characters,
so that no text becomes longer than it may be. What scanners and addresses say of code is no person's data and stays, because
identities derive from it.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from integrates.db_model.store.port import IndexKey, Item, Key

DOMAIN: Final = "erased.invalid"
"""The domain of pseudonyms, which nobody can ever have an e-mail in."""
_TECHNICAL: Final = frozenset({"advisory", "gitignore", "identity", "jti_hash", "location", "match", "rule", "tool"})
"""Members that tell of code, not of people."""
_NAMES: Final = ("first_name", "last_name")
_PARTS: Final = re.compile(r"([#|])")


class Pseudonym(msgspec.Struct, frozen=True, dict=True):
    """An e-mail in lower case, and the ``name`` in the form of an e-mail that takes its place."""

    email: str
    name: str

    @cached_property
    def mention(self) -> re.Pattern[str]:
        """What finds the e-mail within a text, in any case, but not within a longer e-mail."""
        return re.compile(rf"(?<![\w.%+-]){re.escape(self.email)}(?![\w-]|\.\w)", re.IGNORECASE)


def pseudonym(email: str, token: str) -> Pseudonym:
    """Return the pseudonym for an e-mail, made of random hex digits, from which nobody can tell the e-mail."""
    return Pseudonym(email=email, name=f"erased-{token}@{DOMAIN}")


def in_key(text: str, who: Pseudonym) -> str:
    """Return the text of a key with the pseudonym in place of a part that is the e-mail."""
    return "".join(who.name if part == who.email else part for part in _PARTS.split(text))


def in_text(text: str, who: Pseudonym) -> str:
    """Return a text with the pseudonym in place of the e-mail, or with asterisks where it mentions it."""
    return who.name if text == who.email else who.mention.sub(lambda found: "*" * len(found[0]), text)


def in_value(value: Any, who: Pseudonym) -> Any:
    """Return a value of an attribute without the e-mail."""
    match value:
        case str():
            return in_text(value, who)
        case Mapping():
            return {name: part if name in _TECHNICAL else in_value(part, who) for name, part in value.items()}
        case list() | tuple():
            return [in_value(part, who) for part in value]
        case _:
            return value


def _nameless(info: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in info.items() if name not in _NAMES}


def without_names(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a person, or of a revision of one, without names."""
    found = dict(attributes)
    if isinstance(found.get("info"), Mapping):
        found["info"] = _nameless(found["info"])
    if isinstance(found.get("aspects"), Mapping):
        found["aspects"] = without_names(found["aspects"])
    return found


def in_attributes(attributes: Mapping[str, Any], who: Pseudonym) -> dict[str, Any]:
    """Return the attributes of an item without the e-mail; a revision also has texts of keys."""
    found: dict[str, Any] = in_value(attributes, who)
    if isinstance(attributes.get("entity_key"), str):
        found["entity_key"] = in_key(attributes["entity_key"], who)
    if isinstance(attributes.get("seen"), Mapping):
        found["seen"] = {in_key(name, who): version for name, version in attributes["seen"].items()}
    return found


def in_item(item: Item, who: Pseudonym) -> Item:
    """Return an item without the e-mail, in its keys too; the same object when it does not have it."""
    key = Key(in_key(item.key.pk, who), in_key(item.key.sk, who), item.key.table)
    listed = {number: IndexKey(in_key(one.pk, who), in_key(one.sk, who)) for number, one in item.index_keys.items()}
    attributes = in_attributes(item.attributes, who)
    if key == item.key and listed == item.index_keys and attributes == item.attributes:
        return item
    return replace(item, key=key, attributes=attributes, index_keys=listed)


def places(value: Any, who: Pseudonym, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the dotted path of each place of a value where the e-mail stands."""
    match value:
        case str() if in_text(value, who) != value:
            yield ".".join(path)
        case Mapping():
            for name, part in value.items():
                if name not in _TECHNICAL:
                    yield from places(part, who, (*path, name))
        case list() | tuple():
            for number, part in enumerate(value):
                yield from places(part, who, (*path, str(number)))
        case _:
            return
