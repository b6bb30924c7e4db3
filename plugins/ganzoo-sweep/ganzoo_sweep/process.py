"""One trial: ``ganzoo run`` in a process of its own, and what came of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.rundir.lock import FolderLock, TakenError
from ganzoo.rundir.record import Record, read_record

POLL_SECONDS = 0.2
"""How often a trial under way is looked at."""


SAVING_SECONDS = 60.0
"""How long a trial that is begun again waits for its process of before to be gone."""


@dataclass(frozen=True)
class Job:
    """What a trial's process needs to know, all plain values: it may be run on another machine.

    Args:
        name: the trial's.
        config: the configuration's file, absolute.
        overrides: as ``-o`` takes them.
        folder: the run directory, absolute.
        steps: how many steps the run has.
        where: the working directory, which relative paths of the configuration start from.
    """

    name: str
    config: str
    overrides: tuple[str, ...]
    folder: str
    steps: int
    where: str

    @property
    def log(self) -> Path:
        """What the process said: warnings and errors."""
        return Path(f"{self.folder}.log")


@dataclass(frozen=True)
class Result:
    """What came of a trial.

    Args:
        name: the trial's.
        state: "finished", "failed", "stopped", or "waiting" where it was not tried.
        reason: why, where it failed.
        record: what its run directory tells.
    """

    name: str
    state: str
    reason: str
    record: Record


def run_trial(job: Job, asked_to_stop: Callable[[], int] = lambda: 0, idle: Callable[[], Any] = lambda: None) -> int:
    """Train a trial, or go on with one that was stopped, until its process ends.

    Args:
        job: the trial.
        asked_to_stop: the number of the signal to send to the process, once it is not 0.
        idle: called a few times a second meanwhile.

    Returns:
        The process's exit code.
    """
    command = [sys.executable, "-m", "ganzoo_sweep.child", "run", job.config, "--out", job.folder, "--resume", "--quiet"]
    for override in job.overrides:
        command += ["-o", override]
    job.log.parent.mkdir(parents=True, exist_ok=True)
    wait_until_free(Path(job.folder))
    with job.log.open("wb") as log:
        # A session of its own: Ctrl-C reaches the process through `asked_to_stop` alone, once.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=job.where, env=os.environ.copy(), start_new_session=True
        )
    told = False
    try:
        while True:
            try:
                return process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                idle()
            if not told and (number := asked_to_stop()):
                process.send_signal(number)
                told = True
    except BaseException:  # whoever waits here is being ended; the trial saves and ends, too
        process.terminate()
        process.wait()
        raise


def wait_until_free(folder: Path) -> None:
    """Wait, for a minute at most, while a process whose worker was lost saves and ends."""
    until = time.monotonic() + SAVING_SECONDS
    while (folder / ".lock").exists() and time.monotonic() < until:
        try:
            return FolderLock(folder).close()
        except TakenError:
            time.sleep(POLL_SECONDS)


def result_of(job: Job, code: int | None) -> Result:
    """What a trial's folder and exit code say; ``code`` is None where no process was started."""
    record = read_record(Path(job.folder))
    finished = record.outcome == "finished" and record.last_step >= job.steps
    if finished:
        return Result(job.name, "finished", "", record)
    if code is None or code in (130, 143):
        return Result(job.name, "stopped" if record.last_step or code else "waiting", "", record)
    return Result(job.name, "failed", _reason(job, code), record)


def _reason(job: Job, code: int) -> str:
    """The last error that the process said, or its exit code."""
    try:
        lines = job.log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    said = [line.removeprefix("ganzoo: error: ") for line in lines if line.startswith("ganzoo: error: ")]
    if said:
        return said[-1]
    return f"its process was ended by signal {-code}" if code < 0 else f"its process ended with exit code {code}; see {job.log}"
