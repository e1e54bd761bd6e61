"""The documents point at what exists."""

import re
from pathlib import Path

import msgspec

from integrates.server.settings import Settings

LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)[^)]*\)")


def documents(root: Path) -> list[Path]:
    """The Markdown files of ours."""
    return [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("packages/*/*.md"), *root.glob("benchmarks/**/*.md")]


def test_links_between_documents_lead_somewhere(root: Path) -> None:
    links = [(document, target) for document in documents(root) for target in LINK.findall(document.read_text())]
    assert len(links) > len(documents(root))
    broken = [
        f"{document.relative_to(root)}: {target}" for document, target in links if not (document.parent / target).exists()
    ]
    assert broken == []


def test_decisions_are_numbered_listed_and_short(root: Path) -> None:
    pages = sorted((root / "docs/decisions").glob("[0-9]*.md"))
    index = (root / "docs/decisions/index.md").read_text()
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    assert [page.name for page in pages if f"({page.name})" not in index] == []
    assert [page.name for page in pages if len(page.read_text().splitlines()) > 60] == []


def test_the_reference_names_every_setting_with_its_default(root: Path) -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| `(\w+)` \| (?:`(.*?)` )?\|", (root / "docs/reference/settings.md").read_text(), re.MULTILINE
    )
    assert [name for name, _, _ in rows] == list(Settings.__struct_fields__)
    assert [variable for name, variable, _ in rows if variable != f"INTEGRATES_{name.upper()}"] == []
    defaults = {name: text for name, _, text in rows if text}
    assert msgspec.convert(defaults, Settings, strict=False) == Settings()
    assert {name for name in Settings.__struct_fields__ if getattr(Settings(), name) is not None} == set(defaults)


def test_every_test_that_stands_beside_an_attack_exists(root: Path) -> None:
    named = re.findall(r"`(test_\w+)`", (root / "docs/reference/attacks.md").read_text())
    sources = (path.read_text() for path in (*root.glob("packages/*/tests/**/*.py"), *root.glob("tests/**/*.py")))
    written = {name for source in sources for name in re.findall(r"def (test_\w+)\(", source)}
    assert len(named) > 60
    assert [name for name in named if name not in written] == []
