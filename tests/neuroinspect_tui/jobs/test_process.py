"""Which processes count as alive."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from neuroinspect_tui.jobs.process import is_alive, process_of, this_process

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
        process = process_of(child.pid)
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


def test_a_pid_that_was_given_to_another_process_is_not_the_one_that_was_noted():
    here = this_process()
    assert here.started
    assert is_alive(structs.replace(here, started="another-boot:1")) is False


def test_a_process_that_ended_and_was_not_reaped_is_not_alive():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = process_of(child.pid)
        assert is_alive(process)
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie until the block ends
        assert not is_alive(process)
    assert process_of(child.pid).started == ""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc")
def test_the_start_time_counts_from_boot():
    """Not by the wall clock, which may be set while a job runs."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    assert this_process().started == f"{boot}:{ticks}"
