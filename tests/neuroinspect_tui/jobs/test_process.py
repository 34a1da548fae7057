"""Which processes count as alive."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from engine.io.atomic import HOST, NAMESPACE
from neuroinspect_tui.jobs.process import Process, _started, is_alive, this_process

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
        process = Process(child.pid, _started(child.pid), HOST, NAMESPACE)
        assert is_alive(process)
        child.stdin.close()
        child.wait()
        assert not is_alive(process)


def test_a_process_of_another_container_is_judged_by_its_heartbeat():
    """Containers may share the host's name; the same pid is another process there."""
    here = this_process()
    assert is_alive(here)
    assert is_alive(structs.replace(here, namespace="pid:[1]")) is None
    assert is_alive(structs.replace(here, host="elsewhere")) is None
