"""How the package of an entity offers its commands: ``vulnerabilities.each`` is ``vulnerabilities.commands.each``."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def offering_commands(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of an entity's package (PEP 562).

    They add the names of its module ``commands`` to those of its other modules. That module is imported when one of its names
    is asked for: importing it with the package would be a circle, because commands of one entity use those of others.
    """

    def attribute(name: str) -> Any:
        if name.startswith("_") or find_spec(f"{package}.{name}") is not None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.commands"), name)

    def names() -> list[str]:
        commands = import_module(f"{package}.commands")
        defined = {name for name, value in vars(commands).items() if getattr(value, "__module__", "") == commands.__name__}
        return sorted({*vars(import_module(package)), *(name for name in defined if not name.startswith("_"))})

    return attribute, names
