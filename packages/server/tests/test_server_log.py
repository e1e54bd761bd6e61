"""What a process says to standard error."""

import json
import subprocess
import sys

SCRIPT = """
import asyncio, logging, sys, warnings
from integrates.server.process.log import configure_logging

configure_logging(sys.stderr)

async def nobody_waits():
    pass

class Ending:
    def __del__(self):
        raise ValueError("at the end")

async def ill():
    raise ValueError("in a task")

async def main():
    task = asyncio.ensure_future(ill())
    await asyncio.sleep(0)
    del task

logging.getLogger("integrates").warning("logged")
warnings.warn("warned")
nobody_waits()
Ending()
asyncio.run(main())
"""


def test_all_that_python_says_is_a_line_of_json() -> None:
    done = subprocess.run([sys.executable, "-W", "always", "-c", SCRIPT], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    told = (
        "logged",
        "UserWarning: warned",
        "never awaited",
        "an error was ignored in Ending.__del__",
        "exception was never retrieved",
    )
    assert [text in line["event"] for text, line in zip(told, lines, strict=True)] == [True] * len(told)
    assert "at the end" in lines[3]["exception"]
