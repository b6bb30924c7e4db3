"""Stage C: pytest's tests that are marked ``gpu``; as a rehearsal, two steps on a CPU of every kind of run that they train."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("-m", "gpu", "-p", "no:cacheprovider", "-vv", "--tb=short", "-rfE", "--durations=5")


def main() -> int:
    """Run them."""
    if "--rehearse" in sys.argv:
        return rehearse()
    import torch

    from .training import figure

    if not torch.cuda.is_available():  # they would all be skipped, and pytest be content
        print("torch finds no CUDA device here")
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "report.xml"
        code = subprocess.run([sys.executable, "-m", "pytest", *OPTIONS, f"--junitxml={report}", *marked_files()], check=False).returncode
        if report.is_file():
            for name, value in told(report):
                figure(name, value)
    return code


def told(report: Path) -> Iterator[tuple[str, str]]:
    """How many tests passed, and the reason of each that did not, from pytest's JUnit report."""
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    bad = [(case, child) for case in cases for child in case if child.tag in ("failure", "error")]
    skipped = sum(case.find("skipped") is not None for case in cases)
    yield "tests", f"{len(cases) - len(bad) - skipped} passed, {len(bad)} failed, {skipped} skipped"
    for case, child in bad:
        yield case.get("name", "a test"), " ".join(child.get("message", "").split())[:200]


def marked_files() -> list[str]:
    """Files with such tests: others may import what a bare machine lacks."""
    tests = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "plugins").glob("*/tests/test_*.py")]
    return sorted(str(path.relative_to(ROOT)) for path in tests if "mark.gpu" in path.read_text(encoding="utf-8"))


def rehearse() -> int:
    """Two steps of every kind."""
    from gpu_kinds import KINDS

    from .training import figure, loop_of, seed

    for kind, text in KINDS.items():
        seed(0)
        loop, notes = loop_of(text, rehearse=True)
        for _ in range(2):
            loop.step()
        loop.check()
        print(f"{kind}: {loop.meter.means()} {notes}", flush=True)
    figure("kinds that train", len(KINDS))
    figure("files with marked tests", ", ".join(marked_files()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
