"""Closed terminals and dropped connections: whoever looks, goes; the job does not."""

import os
import pty
import shlex
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from faults.kills import steps
from faults.setting import PROGRAM, Setting, wait
from neuroinspect_tui.jobs.launcher import stop_runners
from neuroinspect_tui.jobs.store import Store

LONG = (
    "edit -c all --method ratio --seeds 100",
    "illusion -c 0 -n 1 -n 2 -n 3 --steps 200",
)
"""Commands that take long enough for a connection to drop in the middle of them."""


def closed_ptys(setting: Setting, times: int) -> tuple[int, int]:
    """Submit and follow in a shell on a terminal, close the terminal; return (whole, tried)."""
    home, whole = setting.copy("terminals"), 0
    store = Store(home)
    for number in range(times):
        before = {view.id for view in store.views()}
        program = shlex.join(PROGRAM)
        words = f"-w {shlex.quote(str(home))}"
        script = (
            f"id=$({program} illusion -c 0 -n {number} --steps 60 --detach {words});"
            f"{program} jobs follow $id {words}"
        )
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvp("bash", ["bash", "-c", script])
        while not (made := {view.id for view in store.views()} - before):
            time.sleep(0.05)
        job = made.pop()
        time.sleep(0.3 + 0.1 * (number % 5))
        if number % 2:
            os.kill(pid, signal.SIGHUP)
        os.close(terminal)  # the kernel hangs up on all that have it
        os.waitpid(pid, 0)
        whole += wait(home, job, until=("done", "failed", "interrupted")) == "done"
    stop_runners(home)
    return whole, times


def dropped_ssh(setting: Setting) -> list[str]:
    """Kill an ssh client in the middle of an edit and of a drawing; look again from another.

    Returns what went wrong; raises FileNotFoundError without an sshd.
    """
    home, wrong = setting.copy("ssh"), list[str]()
    program, where = shlex.join(PROGRAM), f"-w {shlex.quote(str(home))}"
    with Sshd(setting.root / "sshd") as sshd:
        for asked in LONG:
            script = (
                f"id=$({program} {asked} --detach {where}); echo $id;"
                f"exec {program} jobs follow $id {where} --json"
            )
            job, seen = _cut(sshd.connect(f"sh -c {shlex.quote(script)}"))
            at, before = Store(home).view(job), len(steps(home, job))
            if at.state != "running":
                wrong.append(f"{asked}: {at.state} as the connection dropped")
            second = sshd.connect(f"{program} jobs follow {job} {where} --json")
            lines = second.communicate(timeout=180)[0].splitlines()
            told, whole = sum(map(_is_step, lines)), len(steps(home, job))
            if second.returncode or Store(home).view(job).state != "done":
                wrong.append(f"{asked}: {Store(home).view(job)}")
            if not seen <= before < told == whole:
                wrong.append(f"{asked}: {seen} steps seen, {before} made, {told} told of {whole}")
    stop_runners(home)
    return wrong


def _cut(client: "subprocess.Popen[bytes]") -> tuple[str, int]:
    """Kill an ssh client once it told two steps; return the job it follows, and how many."""
    assert client.stdout is not None
    job, seen = client.stdout.readline().decode().strip(), 0
    while seen < 2 and (line := client.stdout.readline()):
        seen += _is_step(line)
    client.kill()
    client.wait()
    return job, seen


def _is_step(line: bytes) -> bool:
    return b'_step"' in line or b'_epoch"' in line


class Sshd:
    """A real sshd on 127.0.0.1 with a key made for it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if self.program is None:
            raise FileNotFoundError("no sshd on this machine; install openssh-server")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def __enter__(self) -> "Sshd":
        """Start it."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(mode=0o700)
        for name in ("host", "client"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.root / name], check=True
            )
        shutil.copy(self.root / "client.pub", self.root / "authorized_keys")
        Path("/run/sshd").mkdir(exist_ok=True)
        options = {
            "Port": self.port, "ListenAddress": "127.0.0.1", "HostKey": self.root / "host",
            "AuthorizedKeysFile": self.root / "authorized_keys", "StrictModes": "no",
            "PasswordAuthentication": "no", "PidFile": self.root / "pid", "UsePAM": "no",
        }  # fmt: skip
        config = self.root / "config"
        config.write_text("".join(f"{key} {value}\n" for key, value in options.items()))
        with (self.root / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [str(self.program), "-D", "-e", "-f", config],
                stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise TimeoutError((self.root / "log").read_text())

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait()

    def command(self) -> list[str]:
        """Return the ssh client's words before the remote command."""
        return [
            "ssh", "-q", "-p", str(self.port), "-i", str(self.root / "client"),
            "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={self.root / 'known'}",
            "127.0.0.1",
        ]  # fmt: skip

    def connect(self, remote: str) -> "subprocess.Popen[bytes]":
        """Run a command through it."""
        here = f"cd {shlex.quote(str(Path.cwd()))} && exec {remote}"
        return subprocess.Popen([*self.command(), here], stdout=subprocess.PIPE)
