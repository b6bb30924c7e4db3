"""Stage C: pytest's tests that are marked ``gpu``; as a rehearsal, two steps on a CPU of every kind of run that they train."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("-m", "gpu", "-p", "no:cacheprovider", "-vv", "--tb=short", "-rfE", "--durations=5")


def main() -> int:
    """Run them."""
    if "--rehearse" in sys.argv:
        return rehearse()
    files = marked_files()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *OPTIONS, *files])


def marked_files() -> list[str]:
    """Files with such tests: others may import what a bare machine lacks."""
    tests = [*(ROOT / "tests").glob("test_*.py"), *(ROOT / "plugins").glob("*/tests/test_*.py")]
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
