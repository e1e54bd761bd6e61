"""Files that commands write: whole or not at all, and to where a name leads."""

import os
from pathlib import Path

import pytest

from integrates.server.client.file import replacing, write_file


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    file = tmp_path / "gate.xml"
    for content in (b"one", b"other"):
        write_file(file, content)
        assert (file.read_bytes(), list(tmp_path.iterdir())) == (content, [file])
    with pytest.raises(FileNotFoundError) as missing:
        write_file(tmp_path / "no" / "gate.xml", b"one")
    assert missing.value.filename == str(tmp_path / "no" / "gate.xml")


def test_what_is_not_written_to_its_end_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "gate.xml"
    file.write_bytes(b"old")

    def broken() -> None:
        with replacing(file) as written:
            written.write(b"new")
            written.flush()
            assert file.read_bytes() == b"old"
            raise ConnectionError

    with pytest.raises(ConnectionError):
        broken()
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (b"old", [file])


def test_a_link_still_leads_to_the_file(tmp_path: Path) -> None:
    file, link = tmp_path / "gate.xml", tmp_path / "link.xml"
    file.write_bytes(b"old")
    link.symlink_to(file)
    write_file(link, b"new")
    assert (link.is_symlink(), file.read_bytes()) == (True, b"new")


def test_what_a_killed_command_left_is_in_nobodys_way(tmp_path: Path) -> None:
    """A container gives the same number to each process that it starts, so a name by that would be taken."""
    (tmp_path / f".gate.xml.{os.getpid()}.part").write_bytes(b"half")
    write_file(tmp_path / "gate.xml", b"whole")
    assert (tmp_path / "gate.xml").read_bytes() == b"whole"


def test_a_pipe_that_a_link_leads_to_is_written_to() -> None:
    """So it is with /dev/stdout when that is a pipe, whose link leads to no name."""
    read, write = os.pipe()
    write_file(Path(f"/dev/fd/{write}"), b"whole")
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"whole"
