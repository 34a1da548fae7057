"""Which processes count as alive."""

import subprocess
import sys
from pathlib import Path

import pytest

from neuroinspect_tui.jobs.process import HOST, Process, _started, is_alive

LEADERLESS = """
import ctypes, os, sys, threading
def wait():
    while open("/proc/self/stat").read().rpartition(")")[2].split()[0] != "Z":
        pass
    print("alone", flush=True)
    sys.stdin.read()
    os._exit(0)
threading.Thread(target=wait).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_a_process_is_alive_until_its_last_thread_is_gone():
    """As for a moment after SIGKILL: what it had locked is locked still."""
    with subprocess.Popen(
        [sys.executable, "-c", LEADERLESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout.readline() == b"alone\n"
        process = Process(child.pid, _started(child.pid), HOST)
        assert is_alive(process)
        child.stdin.close()
        child.wait()
        assert not is_alive(process)
