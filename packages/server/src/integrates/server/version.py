"""The version of the service, as its page and its command tell it."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of


def version() -> str:
    """Return the version of the installed service, ``unknown`` when it runs from a source tree that is not installed."""
    try:
        return version_of("integrates-server")
    except PackageNotFoundError:
        return "unknown"
