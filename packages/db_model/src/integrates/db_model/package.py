"""How the package of an entity offers its commands: ``vulnerabilities.each`` is ``vulnerabilities.commands.each``."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def offering_commands(package: str, *others: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of an entity's package (PEP 562).

    They add the names of its module ``commands``, and of ``others`` that also hold commands, to those of its modules. These
    are imported when one of their names is asked for: importing them with the package would be a circle, because commands of
    one entity use those of others. What was found is remembered.
    """

    def modules() -> list[Any]:
        return [import_module(f"{package}.{name}") for name in ("commands", *others)]

    @cache
    def attribute(name: str) -> Any:
        if name.startswith("_") or find_spec(f"{package}.{name}") is not None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        commands, *more = modules()
        return getattr(next((module for module in more if name in _defined(module)), commands), name)

    def names() -> list[str]:
        return sorted({*vars(import_module(package)), *(name for module in modules() for name in _defined(module))})

    return attribute, names


def _defined(module: Any) -> set[str]:
    """Return the names that others may use, and that the module does not import."""
    return {
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
    }
