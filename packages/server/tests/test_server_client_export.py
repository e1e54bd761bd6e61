"""`integrates export`, against a service that answers by a script: whole files or none, and a sentence for what goes wrong."""

import json
import os
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from packages.server.tests.counterpart import Person, answer, data, scripted

from integrates.api.exports.document import ExportFormat
from integrates.server.client.export import ENDINGS, ExportForm

CONTENT = b'{"statements": []}' * 1_000
TAG = f'"{sha256(CONTENT).hexdigest()}"'
WHOLE = answer(body=CONTENT, etag=TAG)
ME = data(me={"email": "ada@demo.example"})
PAGE = b"<html>Log in first</html>"


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def test_the_formats_are_those_of_the_service() -> None:
    assert {ExportFormat(each) for each in ENDINGS.values()} == set(ExportFormat)
    assert set(ENDINGS) == set(ExportForm)


@pytest.mark.parametrize("form", ExportForm)
def test_it_asks_for_a_format_and_prints_what_comes(person: Person, form: ExportForm) -> None:
    with scripted(WHOLE) as service:
        code, out, err = person.ask(service, "export", "web shop", "--format", form.value, "--root", "back/end")
    assert (code, out, err) == (0, CONTENT.decode(), "")
    assert service.heads == [f"GET /export/web%20shop.{ENDINGS[form]}?root=back%2Fend HTTP/1.1"]


@pytest.mark.parametrize("form", ExportForm)
def test_only_json_can_be_had_without_names(person: Person, form: ExportForm) -> None:
    with scripted(WHOLE) as service:
        code, _, err = person.ask(service, "export", "webshop", "--format", form.value, "--anonymous")
    if form is ExportForm.JSON:
        assert (code, service.heads) == (0, ["GET /export/webshop.json?anonymous=true HTTP/1.1"])
    else:
        assert (code, "only json can be had without names" in err, service.requests) == (2, True, [])


def test_a_file_is_written_and_told(person: Person, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with scripted(WHOLE) as service:
        code, out, _ = person.ask(service, "export", "webshop", "--format", "openvex", "-o", str(file))
    assert (code, out, file.read_bytes()) == (0, f"{file}: 18,000 bytes\n", CONTENT)
    assert names_in(tmp_path) == ["a.json"]
    assert b"if-none-match" not in service.requests[0]


def test_what_is_there_already_is_left_alone(person: Person, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(CONTENT)
    before = file.stat().st_mtime_ns
    with scripted(answer(304, etag=TAG)) as service:
        code, out, _ = person.ask(service, "export", "webshop", "--format", "openvex", "-o", str(file), "--json")
    told = {"file": str(file), "bytes": len(CONTENT), "sha256": sha256(CONTENT).hexdigest(), "written": False}
    assert (code, json.loads(out), file.stat().st_mtime_ns) == (0, told, before)
    assert f"if-none-match: {TAG}\r\n".encode() in service.requests[0]
    with scripted(answer(304, etag=TAG)) as service:
        assert person.ask(service, "export", "webshop", "--format", "openvex", "-o", str(file))[1] == f"{file} is as it was\n"


CUT = WHOLE[:-5_000]
DAMAGED = answer(body=CONTENT[:-1] + b"?", etag=TAG)
FAR = f"https://evil.example/{'x' * 1_000}"
BROKEN = {
    "cut off": ((CUT,), "broke off"),
    "damaged": ((DAMAGED,), "altered on the way"),
    "not there": ((answer(404, PAGE, "text/html"), ME), "there is no group webshop with a root backend at"),
    "dead token": ((answer(404, PAGE, "text/html"), answer(401, {"errors": [{"message": "?"}]})), "does not accept the token"),
    "not allowed": ((answer(403, PAGE, "text/html"),), "needs more than the token may read"),
    "nothing": ((answer(409, PAGE, "text/html"),), "has nothing to tell in this format"),
    "too many": ((answer(413, PAGE, "text/html"),), "export one root after the other"),
    "login page": ((answer(200, PAGE, "text/html; charset=utf-8"),), "does a proxy or a login page stand in between?"),
    "redirect": ((answer(302, b"", location="https://evil.example/"),), "sends on to https://evil.example/"),
    "far away": ((answer(302, b"", location=FAR),), f"sends on to {FAR[:300]}, where the token was not sent"),
    "error": ((answer(500, PAGE, "text/html", x_request_id="00000000-error"),), "answers 500 with text/html"),
}


@pytest.mark.parametrize("old", [None, b"what was there before"])
@pytest.mark.parametrize(("answers", "text"), BROKEN.values(), ids=BROKEN)
def test_what_goes_wrong_leaves_the_file_as_it_was(
    person: Person, tmp_path: Path, answers: tuple[bytes, ...], text: str, old: bytes | None
) -> None:
    file = tmp_path / "a.json"
    if old is not None:
        file.write_bytes(old)
    with scripted(*answers) as service:
        code, out, err = person.ask(service, "export", "webshop", "--format", "csaf", "--root", "backend", "-o", str(file))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert text in err
    assert names_in(tmp_path) == ([] if old is None else ["a.json"])
    assert old is None or file.read_bytes() == old


def test_the_id_of_a_request_that_failed_is_told(person: Person) -> None:
    with scripted(answer(500, PAGE, "text/html", x_request_id="00000000-error")) as service:
        assert "00000000-error" in person.ask(service, "export", "webshop", "--format", "csv")[2]


def test_a_link_leads_to_the_file(person: Person, tmp_path: Path) -> None:
    file, link = tmp_path / "a.json", tmp_path / "link.json"
    file.write_bytes(b"old")
    link.symlink_to(file)
    with scripted(WHOLE) as service:
        assert person.ask(service, "export", "webshop", "--format", "sarif", "-o", str(link))[0] == 0
    assert (link.is_symlink(), file.read_bytes()) == (True, CONTENT)


def test_what_is_no_file_is_written_to_and_not_replaced(person: Person, tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)  # and not /dev/null, which a mistake would replace for the whole machine
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with scripted(WHOLE) as service:
        assert person.ask(service, "export", "webshop", "--format", "sarif", "-o", str(pipe))[0] == 0
        code, _, err = person.ask(service, "export", "webshop", "--format", "sarif", "-o", str(tmp_path))
    assert pipe.is_fifo()
    reader.join(60)
    assert read == [CONTENT]
    assert (code, "Is a directory" in err) == (2, True)


def test_a_folder_that_is_missing(person: Person, tmp_path: Path) -> None:
    with scripted(WHOLE) as service:
        code, _, err = person.ask(service, "export", "webshop", "--format", "sarif", "-o", str(tmp_path / "no" / "a"))
    assert (code, "No such file or directory" in err) == (2, True)


@pytest.mark.parametrize("option", ["--root", "--format"])
def test_what_is_no_text_is_told(person: Person, option: str) -> None:
    """A shell gives bytes that are no UTF-8, of which Python makes half of a character."""
    names = ("webshop", "--root", "b\udcff") if option == "--root" else ("w\udcff",)
    with scripted(WHOLE) as service:
        code, out, err = person.ask(service, "export", *names, "--format", "csv")
        assert service.requests == []
    told = "integrates: what is not a text in UTF-8 cannot be sent, as the end of this: "
    assert (code, out, err.count("\n"), err.startswith(told), "\\udcff" in err) == (2, "", 1, True, True)


def test_json_tells_about_a_file(person: Person) -> None:
    with scripted(WHOLE) as service:
        code, _, err = person.ask(service, "export", "webshop", "--format", "sarif", "--json")
    assert (code, "needs --output" in err, service.requests) == (2, True, [])
