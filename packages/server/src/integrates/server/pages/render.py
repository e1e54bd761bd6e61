"""The pages of the server itself, from the templates beside this module."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

_TEMPLATES: Final = Environment(loader=PackageLoader("integrates.server.pages"), autoescape=True, undefined=StrictUndefined)


def render(name: str, **values: object) -> str:
    """Return the page ``templates/<name>`` as HTML with the values in it, escaped. A value that is missing is an error."""
    return _TEMPLATES.get_template(name).render(values)
