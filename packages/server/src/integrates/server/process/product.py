"""What the product says of itself."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of


def version() -> str:
    """The version of the service; ``unknown`` when it runs from a source tree that is not installed."""
    try:
        return version_of("integrates-server")
    except PackageNotFoundError:
        return "unknown"
