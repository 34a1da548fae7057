"""A fresh virtual environment that sees this one's dependencies, and none of the checkout."""

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = 1700.0


def build_wheel(source: Path, out: Path) -> Path:
    """Build a wheel of a source folder, as pip does it, and return its path."""
    words = ["-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps",
             "--wheel-dir", str(out), str(source)]  # fmt: skip
    if importlib.util.find_spec("hatchling") is not None:  # or pip fetches it
        words.append("--no-build-isolation")
    subprocess.run([sys.executable, *words], check=True, timeout=SECONDS)
    [built] = out.glob("*.whl")
    return built


@dataclass(frozen=True)
class FreshEnvironment:
    """A virtual environment outside the checkout.

    Args:
        root: Where it is; HOME and the working directory of what runs in it are there too.
    """

    root: Path

    @classmethod
    def make(cls, root: Path, wheels: Iterable[Path]) -> "FreshEnvironment":
        """Make one with these wheels in it; what they depend on comes from this environment."""
        venv.create(root / "env", with_pip=False)
        fresh = cls(root)
        words = ["-m", "pip", "--disable-pip-version-check", "--python", str(fresh.python),
                 "install", "--quiet", "--no-deps", "--no-index", *map(str, wheels)]  # fmt: skip
        subprocess.run([sys.executable, *words], check=True, timeout=SECONDS)
        # an editable install is a .pth file, and no .pth of a folder named by a .pth is read
        (fresh.site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
        (root / "home").mkdir()
        return fresh

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "env" / "bin" / "python"

    @property
    def site(self) -> Path:
        """Where its packages are."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.root / "env" / "lib" / version / "site-packages"

    def run(self, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the installed program, and check its exit code."""
        program = self.root / "env" / "bin" / "neuroinspect-tui"
        return self._run([program, *words], code)

    def evaluate(self, script: str) -> str:
        """Run a script with its interpreter; return what it prints."""
        return self._run([self.python, "-c", script], 0).stdout

    def _run(self, words: Iterable[object], code: int) -> subprocess.CompletedProcess[str]:
        home = self.root / "home"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "XDG_"))}
        ran = subprocess.run(
            [*map(str, words)], cwd=home, env=kept | {"HOME": str(home), "COLUMNS": "200"},
            capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran
