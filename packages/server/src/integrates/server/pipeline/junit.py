"""The verdict of the gate as JUnit XML, for what lists the tests of a pipeline (pure)."""

import re
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # nosec B405 -- it is written, nothing is read

from integrates.server.pipeline.place import Kind, Place, place_text

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def junit_of(places: Sequence[Place], *, name: str, summary: str, breaks: bool, is_strict: bool) -> bytes:
    """Return a test suite of that name: one case for the gate, and one for each place, which fails when it is strict.

    A gate that is not strict lists places as skipped, so that they are seen and break nothing.
    """
    failed = len(places) if is_strict else 0
    totals = {
        "tests": str(len(places) + 1),
        "failures": str(failed + breaks),
        "errors": "0",
        "skipped": str(len(places) - failed),
    }
    suites = Element("testsuites", {"name": "Integrates", **totals})
    suite = SubElement(suites, "testsuite", {"name": _text(name), **totals})
    gate = SubElement(suite, "testcase", {"name": "gate", "classname": _text(name)})
    if breaks:
        SubElement(gate, "failure", {"message": _text(summary), "type": "gate"}).text = _text(summary)
    SubElement(gate, "system-out").text = _text(summary)
    for place in places:
        _add_case(suite, place, name, is_strict=is_strict)
    indent(suites)
    written: bytes = tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _add_case(suite: Element, place: Place, name: str, *, is_strict: bool) -> None:
    at = place_text(place.kind, place.where, place.specific)
    is_file = place.kind in {Kind.LINES, Kind.PACKAGES}
    line = {"line": place.specific} if place.kind is Kind.LINES and place.specific not in {"", "0"} else {}
    file = {"file": _text(place.where), **line} if is_file else {}
    case = SubElement(suite, "testcase", {"name": _text(f"{place.title} at {at}"), "classname": _text(name), **file})
    told = "\n".join(filter(None, (place.why, place.link)))
    if is_strict:
        SubElement(case, "failure", {"message": _text(place.why), "type": _text(place.level or "unrated")}).text = _text(told)
    else:
        SubElement(case, "skipped", {"message": _text(place.why)})
        SubElement(case, "system-out").text = _text(told)


def _text(text: str) -> str:
    """Return the text as far as XML can hold it."""
    return _FORBIDDEN.sub("\ufffd", text)
