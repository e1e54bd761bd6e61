"""The few pages of the server itself: static HTML with ``$name`` places, escaped."""

from html import escape
from importlib.resources import files
from string import Template


def render(name: str, **texts: str) -> str:
    """Page ``static/<name>`` with its places filled; the texts are escaped here."""
    template = Template((files("integrates.server") / "static" / name).read_text(encoding="utf-8"))
    return template.substitute({key: escape(text) for key, text in texts.items()})
