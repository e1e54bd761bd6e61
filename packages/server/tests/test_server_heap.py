"""The heap that all threads of the service share, and how often its objects are looked at."""

import ctypes
import subprocess
import sys

import pytest

HEAPS = """
import ctypes, sys, threading
from integrates.server.process.heap import share_heap

if "shared" in sys.argv:
    share_heap()
together = threading.Barrier(4)

def allocate():
    together.wait()
    bytes(10_000)
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(library.fopen(b"/dev/stdout", b"w"))
library.malloc_info(0, out)
library.fclose(out)
"""
"""Prints what glibc says of its heaps, as XML, after several threads have allocated."""


def heaps(*arguments: str) -> int:
    done = subprocess.run([sys.executable, "-c", HEAPS, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="only glibc has a heap for each thread")
def test_threads_share_one_heap() -> None:
    assert heaps() > 1
    assert heaps("shared") == 1


COLLECTOR = """
import gc
from integrates.server.process.heap import spare_collector

spare_collector()
made = [[] for _ in range(5_000)]
print(gc.isenabled(), gc.get_freeze_count() > 1_000, gc.get_count()[0] > 4_000)
"""


def test_the_collector_leaves_start_up_alone_and_waits_for_many_objects() -> None:
    done = subprocess.run([sys.executable, "-c", COLLECTOR], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]
