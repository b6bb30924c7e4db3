"""The stages: what each runs, how long it may take, and what is kept of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIGURE = "= "
"""What a line of a stage begins with that the summary repeats: ``= NAME: VALUE``."""


@dataclass(frozen=True)
class Stage:
    """One check.

    Args:
        letter: its short name.
        seconds: its time limit.
        what: what it shows.
        command: arguments of Python on a GPU; {out} stands for the folder of the results.
        rehearsal: the same on a CPU.
    """

    letter: str
    seconds: float
    what: str
    command: tuple[str, ...]
    rehearsal: tuple[str, ...]

    def lasting(self, factor: float) -> Stage:
        """The same with ``factor`` times its time."""
        return replace(self, seconds=self.seconds * factor)

    @staticmethod
    def listed(stages: Sequence[Stage]) -> str:
        """Their letters."""
        return ", ".join(stage.letter for stage in stages)


def own(letter: str, seconds: float, what: str, module: str, *more: str) -> Stage:
    """A stage that is a module of this package, which takes ``--rehearse``."""
    command = ("-m", f"gpu.{module}", *more)
    return Stage(letter, seconds, what, command, (*command, "--rehearse"))


BENCH = ("tools/bench", "--device", "cuda", "--seconds", "1", "--page", "{out}/benchmarks.md")
STAGES = (
    own("A", 25, "versions and settings; ceilings of products, copies and small kernels", "ceilings"),
    own("B", 30, "12 steps as graphs and eagerly: the same weights, bit for bit", "parity"),
    Stage("C", 105, "the tests that need a GPU", ("-m", "gpu.marked"), ("-m", "gpu.marked", "--rehearse")),
    own("D", 35, "a loss that cannot be recorded: training goes on, and the note names the cause", "capture"),
    own("E", 70, "kernels, busy time and gaps of a replayed step", "profiling", "{out}/kernels.txt"),
    own("F", 80, "variants on one card, in images a second", "variants"),
    Stage("G", 125, "tools/bench --device cuda", BENCH, ("-m", "gpu.bench_rehearsal")),
    own("H", 90, "ganzoo run, stopped and resumed: the rate from end to end", "endtoend"),
)
LATER = (
    own("I", 150, "every recipe, network and loss, small: as on the CPU, and as graphs as kernel by kernel", "everything"),
    own("J", 170, "every recipe at full size, in images a second", "rates"),
    own("K", 40, "a process group over NCCL: its all-reduce is recorded", "group"),
    own("L", 90, "sampling, measuring, translating, exporting a run", "commands"),
)
"""Those of a second command, which has its own ten minutes."""


@dataclass
class Result:
    """What came of a stage.

    Args:
        what: what it shows.
        state: "passed", "failed (exit code N)", "timed out" or "left out: no time".
        seconds: that it took.
        found: its figures by name.
        last: the last lines that it said, where it did not pass.
    """

    what: str
    state: str
    seconds: float = 0.0
    found: dict[str, str] = field(default_factory=dict)
    last: list[str] = field(default_factory=list)


def run_all(stages: Sequence[Stage], environment: Mapping[str, str], out: Path, seconds: float, rehearse: bool) -> int:
    """Run ``stages`` in turn within ``seconds``; results and logs are in ``out`` after each.

    Returns:
        The exit code: 0 where all passed.
    """
    ends = time.monotonic() + seconds
    results: dict[str, Result] = {}
    (out / "logs.txt").write_text("", encoding="utf-8")
    (out / "benchmarks.md").write_bytes((ROOT / "docs" / "benchmarks.md").read_bytes())  # which has a place for what is measured
    for stage in stages:
        left = ends - time.monotonic()
        print(f"{stage.letter}: {stage.what}", flush=True)
        result = (
            run_one(stage, environment, out, min(stage.seconds, left), rehearse) if left > 5 else Result(stage.what, "left out: no time")
        )
        print(f"{stage.letter}: {result.state}, {result.seconds:.1f} s", flush=True)
        results[stage.letter] = result
        (out / "results.json").write_text(json.dumps({k: asdict(v) for k, v in results.items()}, indent=1), encoding="utf-8")
        (out / "summary.txt").write_text("\n".join(summary(results)) + "\n", encoding="utf-8")
    print("\n".join(["", *summary(results)]), flush=True)
    return 0 if all(result.state == "passed" for result in results.values()) else 1


def run_one(stage: Stage, environment: Mapping[str, str], out: Path, seconds: float, rehearse: bool) -> Result:
    """Run a stage in a process group of its own, which is ended where its time is over."""
    arguments = [part.replace("{out}", str(out)) for part in (stage.rehearsal if rehearse else stage.command)]
    started = time.monotonic()
    with (out / "logs.txt").open("ab") as log:
        log.write(f"\n===== {stage.letter}: {stage.what}\n".encode())
        log.flush()
        begins = log.tell()
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**environment, "GPU_CHECK_ENDS": f"{time.time() + seconds:.1f}"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
            state = "passed" if code == 0 else f"failed (exit code {code})"
        except subprocess.TimeoutExpired:
            state = "timed out"
        finally:
            end(process)
    said = (out / "logs.txt").read_bytes()[begins:].decode(errors="replace").splitlines()
    result = Result(stage.what, state, round(time.monotonic() - started, 1))
    for line in said:
        if line.startswith(FIGURE):
            name, _, value = line.removeprefix(FIGURE).partition(": ")
            result.found[name] = value
    if state != "passed":
        result.last = [line[:300] for line in said if line.strip(" ^~") and not line.startswith(FIGURE)][-12:]
    return result


def end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a process group: politely, then not."""
    for number, patience in ((signal.SIGTERM, 3), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def summary(results: Mapping[str, Result]) -> list[str]:
    """What is worth reading first."""
    lines: list[str] = []
    for letter, result in results.items():
        lines.append(f"{letter} {result.state:<10} {result.seconds:6.1f} s  {result.what}")
        lines += [f"    {name}: {value}" for name, value in result.found.items()]
        lines += [f"    | {line}" for line in result.last]
    return lines
