"""The command ``ganzoo``, run as a user would: a process of its own with one thread."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooError


def ganzoo(*arguments: str) -> tuple[str, float]:
    """Run the command; returns what it printed and the CPU seconds that it and its children took.

    Raises:
        GanzooError: where it fails, with the last line of its standard error.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        process = subprocess.Popen([sys.executable, "-m", "ganzoo", *arguments], stdout=output, stderr=errors, env=environment)
        # wait4 gives this child's own usage; getrusage(RUSAGE_CHILDREN) would mix those that run side by side.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0), errors.seek(0)
        if process.returncode:
            said = errors.read().strip().splitlines() or [f"it ended with exit code {process.returncode}"]
            raise GanzooError(f"'ganzoo {' '.join(arguments)}' failed: {said[-1]}")
        return output.read(), usage.ru_utime + usage.ru_stime


def evaluate(folder: Path, metric: str, *options: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The numbers and the provenance that ``ganzoo eval`` gives of a run.

    Raises:
        GanzooError: where it fails.
    """
    printed, _ = ganzoo("eval", str(folder), "--metric", metric, *options, "--json")
    (evaluation,) = json.loads(printed)
    numbers = dict(evaluation["values"])
    return numbers, numbers.pop("provenance")
