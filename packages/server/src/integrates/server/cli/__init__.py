"""The command ``integrates``."""

from integrates.server.cli.main import main

__all__ = ["main"]
