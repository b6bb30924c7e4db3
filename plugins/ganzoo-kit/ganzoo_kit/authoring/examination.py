"""Examine a plugin as a stranger meets it: built, installed from its wheel into a clean environment, and tried there."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ganzoo.ui.progress import Reporter

from .environment import Environment, make_environment
from .finding import Finding
from .project import read_project
from .wheel import Wheel, read_wheel, wheel_findings


def examine(target: Path, reporter: Reporter) -> tuple[Wheel, list[Finding]]:
    """Examine a project's folder or a wheel.

    Args:
        target: the folder with its pyproject.toml, or the wheel.
        reporter: shows how far it is.

    Returns:
        What the wheel says of itself, and everything that was found.

    Raises:
        UserError: where there is no plugin to examine: no project, it does not build, its wheel cannot be read.
        GanzooError: where no clean environment can be made.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ganzoo-check-") as name:
        folder = Path(name)
        if target.is_dir():
            reporter.say(f"building {target}")
            (folder / "wheel").mkdir()
            path = read_project(target).build(folder / "wheel")
        else:
            path = target
        wheel = read_wheel(path)
        findings = list(wheel_findings(wheel))
        if any(finding.status == "failed" and finding.check == "entry_point" for finding in findings):
            return wheel, findings
        environment = make_environment(folder / "environment", without=[wheel.name])
        environment.install(path)
        findings += _inside(environment, wheel.name, started, folder, reporter)
    return wheel, findings


def _inside(environment: Environment, distribution: str, started: float, folder: Path, reporter: Reporter) -> Iterator[Finding]:
    """Run the examination in the environment, and pass on what it finds while it goes on."""
    reading, writing = os.pipe()
    words = [str(environment.python), "-P", "-m", "ganzoo_kit.authoring.inside", distribution, str(started), str(writing)]
    # Components are tried small: more threads would only wait for each other.
    threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    variables = {**environment.variables(), **threads, "GANZOO_CACHE": str(folder / "cache")}
    with (folder / "output.txt").open("w+", encoding="utf-8", errors="replace") as output:
        with subprocess.Popen(words, cwd=folder, env=variables, stdout=output, stderr=output, pass_fds=[writing]) as process:
            os.close(writing)
            with os.fdopen(reading, encoding="utf-8") as results, reporter.task("checking", 1, unit="checks") as task:
                known, combined = False, 0
                for line in results:
                    if isinstance(told := json.loads(line), int):
                        task.total = told
                        known = True
                        reporter.say(f"{told} checks, then what it fits: usually {told // 5 + 5} to {max(60, told // 2 + 20)} seconds")
                        continue
                    finding = Finding(**told)
                    yield finding
                    if finding.is_combination:
                        combined += 1
                        task.show(f"{combined} combinations")
                    task.advance(known and not finding.is_combination)
        if process.returncode:
            output.seek(0)
            said = [line.strip() for line in output.read().splitlines() if line.strip()]
            what = f"the examination itself ended with code {process.returncode}: {said[-1] if said else 'it said nothing'}"
            yield Finding("plugin", "examination", "failed", f"{what}; a component may have ended or crashed the process")
