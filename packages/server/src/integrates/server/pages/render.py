"""The few pages of the server itself: static HTML with ``$name`` for what is put in, escaped."""

from html import escape
from importlib.resources import files
from string import Template


def render(name: str, **texts: str) -> str:
    """Return the page ``static/<name>`` with the texts in it, escaped."""
    template = Template((files("integrates.server") / "static" / name).read_text(encoding="utf-8"))
    return template.substitute({key: escape(text) for key, text in texts.items()})
