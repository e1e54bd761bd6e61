"""``python -m integrates.server.cli`` is the command ``integrates``."""

from integrates.server.cli import main

main()
