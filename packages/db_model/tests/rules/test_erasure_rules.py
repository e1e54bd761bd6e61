"""What takes the place of an e-mail, and what stays."""

from typing import Any

import pytest

from integrates.db_model.erasure.replacement import (
    Pseudonym,
    in_attributes,
    in_item,
    in_key,
    in_text,
    places,
    pseudonym,
    without_names,
)
from integrates.db_model.store.port import IndexKey, Item, Key
from integrates.db_model.values.text import actor, email, person_text

WHO = Pseudonym(email="ada@demo.example", name="erased-1@erased.invalid")
STARS = "*" * len(WHO.email)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("ada@demo.example", WHO.name),
        ("Ask ada@demo.example.", f"Ask {STARS}."),
        ("(ADA@Demo.Example)", f"({STARS})"),
        ("ada@demo.example,ada@demo.example", f"{STARS},{STARS}"),
        ("<ada@demo.example> or not", f"<{STARS}> or not"),
        ("xada@demo.example", "xada@demo.example"),
        ("x.ada@demo.example", "x.ada@demo.example"),
        ("ada+x@demo.example", "ada+x@demo.example"),
        ("ada@demo.example.com", "ada@demo.example.com"),
        ("ada@demo.example-x", "ada@demo.example-x"),
        ("ada@demoXexample", "ada@demoXexample"),
        ("service:forces:webshop", "service:forces:webshop"),
        ("", ""),
    ],
)
def test_a_text_loses_the_e_mail_and_nothing_else(text: str, expected: str) -> None:
    assert in_text(text, WHO) == expected
    assert len(expected) == len(text) or expected == WHO.name


@pytest.mark.parametrize(
    "text, expected",
    [
        ("USER#ada@demo.example", f"USER#{WHO.name}"),
        ("USER#ada@demo.example|GROUP#webshop", f"USER#{WHO.name}|GROUP#webshop"),
        ("AT#2026#V#0000000001#USER#ada@demo.example|ORG#1", f"AT#2026#V#0000000001#USER#{WHO.name}|ORG#1"),
        ("USER#xada@demo.example", "USER#xada@demo.example"),
        ("USER#ADA@demo.example", "USER#ADA@demo.example"),
    ],
)
def test_a_key_loses_the_part_that_is_the_e_mail(text: str, expected: str) -> None:
    assert in_key(text, WHO) == expected


def test_a_pseudonym_is_an_actor_and_fits_where_names_do() -> None:
    made = pseudonym("ada@demo.example", "0" * 20)
    assert email(made.name, ()) == actor(made.name, ()) == person_text(made.name, ()) == made.name
    assert "ada" not in made.name


ATTRIBUTES: dict[str, Any] = {
    "created_by": WHO.email,
    "state": {"by": WHO.email, "at": "2026"},
    "evidences": [{"by": WHO.email, "size": 1}],
    "location": {"where": "users/ada@demo.example/key"},
    "tool": {"fingerprint": WHO.email},
    "treatment": {"assigned": WHO.email, "justification": "ask ada@demo.example", "previous": {"by": WHO.email}},
    "slot": 3,
    "none": None,
    "entity_key": f"USER#{WHO.email}|GROUP#webshop",
    "seen": {f"USER#{WHO.email}": 2},
}


def test_all_of_an_item_is_replaced_but_what_tells_of_code() -> None:
    found = in_attributes(ATTRIBUTES, WHO)
    assert found == {
        "created_by": WHO.name,
        "state": {"by": WHO.name, "at": "2026"},
        "evidences": [{"by": WHO.name, "size": 1}],
        "location": {"where": "users/ada@demo.example/key"},
        "tool": {"fingerprint": WHO.email},
        "treatment": {"assigned": WHO.name, "justification": f"ask {STARS}", "previous": {"by": WHO.name}},
        "slot": 3,
        "none": None,
        "entity_key": f"USER#{WHO.name}|GROUP#webshop",
        "seen": {f"USER#{WHO.name}": 2},
    }
    assert in_attributes(found, WHO) == found, "doing it again changes nothing"


def test_where_a_person_is_named_is_told_by_path() -> None:
    assert set(places({**ATTRIBUTES, "entity_key": ""}, WHO)) == {
        "created_by",
        "state.by",
        "evidences.0.by",
        "treatment.assigned",
        "treatment.justification",
        "treatment.previous.by",
    }


def test_an_item_without_the_e_mail_is_the_same_object() -> None:
    item = Item(Key("FIN#1", "FIN#1"), 3, {"created_by": "olga@demo.example"}, {1: IndexKey("GROUP#a", "FIN#1")})
    assert in_item(item, WHO) is item
    listed = Item(item.key, 3, item.attributes, {3: IndexKey(f"USER#{WHO.email}", "FIN#1")})
    changed = in_item(listed, WHO)
    assert (changed.index_keys[3].pk, changed.version) == (f"USER#{WHO.name}", 3)


def test_names_go_from_state_and_revisions() -> None:
    info = {"email": WHO.name, "first_name": "Ada", "last_name": "Novak"}
    assert without_names({"info": info, "aspects": {"info": info, "access": {}}, "state": {}}) == {
        "info": {"email": WHO.name},
        "aspects": {"info": {"email": WHO.name}, "access": {}},
        "state": {},
    }
    assert without_names({"aspects": {"info": None}}) == {"aspects": {"info": None}}
