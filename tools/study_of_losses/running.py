"""Running a cell: six random settings through ``ganzoo sweep``, then two more seeds of the best of them."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.quality.trainings import machine
from ganzoo_sweep.checking import check
from ganzoo_sweep.process import Job, Result
from ganzoo_sweep.running import one_after_another, run_all
from ganzoo_sweep.settings import read_sweep
from ganzoo_sweep.trials import Trial, plan

from ganzoo.config.yaml_writer import dump
from ganzoo.engine.signals import Stop
from ganzoo.errors import GanzooError
from ganzoo.files import write_atomically
from ganzoo.registry import Registry
from ganzoo.rundir.record import Record
from ganzoo.ui.progress import Reporter

from .cells import DATA, DRAWS, MORE_SEEDS, Cell, Values, drawn
from .costs import steps_of
from .results import Costs, Results, Row


class Runner:
    """Runs what is missing of cells.

    Args:
        out: the folder of all runs.
        results: what is there, and where rows go as they come.
        costs: of the steps.
        scale: factor on every trial's CPU seconds; tests have less.
        stop: set by a signal, or by ``enough`` after a whole trial.
        enough: whether the time that was given is over.
        reporter: shows progress.
    """

    def __init__(
        self, out: Path, results: Results, costs: Costs, stop: Stop, reporter: Reporter, enough: Callable[[], bool], scale: float = 1.0
    ) -> None:
        self.out, self.results, self.costs, self.stop, self.reporter = out.resolve(), results, costs, stop, reporter
        self.enough, self.scale = enough, scale
        self.cpu_seconds: dict[str, float] = {}

    def run(self, cell: Cell) -> bool:
        """Run what is missing of a cell; whether it is done now."""
        self._sweep(cell, "draws", range(DRAWS), [0])
        if best := self.results.best(cell):
            self._sweep(cell, "seeds", [best[0].draw], MORE_SEEDS)
        return self.results.is_done(cell)

    def _sweep(self, cell: Cell, name: str, numbers: Sequence[int], seeds: Sequence[int]) -> None:
        """Run what has no row yet of these draws with these seeds, from a sweep's file of their own."""
        folder = self.out / cell.name
        path = folder / f"{name}.yaml"
        write_atomically(folder / "config.yaml", dump(cell.config()).encode())
        settings = [self.settings(cell, number) for number in numbers]
        write_atomically(path, dump({"config": "config.yaml", "settings": settings, "seeds": list(seeds)}).encode())
        file = read_sweep(path)
        draws = [number for number in numbers for _ in seeds]
        missing = {t.name: (t, n) for t, n in zip(plan(file), draws, strict=True) if (cell.name, n, t.seed) not in self.results.rows}
        if not missing or self.stop.signal or self.enough():
            return
        for trial_name in missing:  # begun, and not finished: it starts anew, so that its cost is counted whole
            shutil.rmtree(folder / trial_name, ignore_errors=True)
        trials = [trial for trial, _ in missing.values()]
        steps = check(file, trials, folder, Registry.installed(), self.reporter)
        base, here = str(file.base.resolve()), str(self.out)
        jobs = [Job(t.name, base, tuple(o.text for o in t.overrides), str(folder / t.name), steps[t.name], here) for t in trials]
        run_all(jobs, self._counted, self.stop, self.reporter, lambda result: self._note(cell, *missing[result.name], result))

    def settings(self, cell: Cell, number: int) -> Values:
        """The random settings of a draw, and the steps that take as long as every other trial's of that data."""
        values = drawn(cell, number)
        seconds = self.scale * DATA[cell.data].seconds
        return {**values, "train.steps": steps_of(cell, values["schedule.critic_updates"], seconds, self.costs)}

    def _counted(self, jobs: Sequence[Job], stop: Stop, show: Callable[[Sequence[Job]], None]) -> Iterator[tuple[Job, int]]:
        """One after another, with the CPU time of each; none is begun when the time is over."""
        for job in jobs:
            if stop.signal or self.enough():
                return
            before = children_seconds()
            for done in one_after_another([job], stop, show):
                self.cpu_seconds[job.name] = children_seconds() - before
                yield done

    def _note(self, cell: Cell, trial: Trial, number: int, result: Result) -> None:
        """Write the row of a trial that has ended, unless a signal ended it.

        Raises:
            GanzooError: where it failed, and not because its training diverged.
        """
        if result.state not in ("finished", "failed"):
            return
        numbers = numbers_of(result.record, DATA[cell.data].metric) if result.state == "finished" else {}
        if not numbers and not diverged(result):
            raise GanzooError(f"{cell.name}, trial {trial.name}: {result.reason or 'it was not measured'}")
        self.results.add(
            Row(
                *(cell.data, cell.loss, cell.regulariser),
                draw=number,
                seed=trial.seed or 0,
                settings=" ".join(override.text for override in trial.overrides if override.key not in ("train.steps", "train.seed")),
                steps=result.record.last_step,
                cpu_seconds=round(self.cpu_seconds[trial.name], 1),
                score=DATA[cell.data].score(numbers) if numbers else None,
                parts=" ".join(f"{name}={value:.5g}" for name, value in numbers.items()),
                outcome="finished" if numbers else "diverged",
                machine=machine(),
            )
        )


def diverged(result: Result) -> bool:
    """Whether a trial ended, or could not be measured, because numbers were no longer finite."""
    return any("finite" in text for text in (result.reason, *(text for _, text in result.record.warnings)))


def numbers_of(record: Record, metric: str) -> dict[str, float]:
    """What the run measured at its end."""
    found = [each for each in record.evaluations if each.metric.endswith(metric) and each.step == record.last_step]
    return found[-1].numbers if found else {}


def children_seconds() -> float:
    """User and system time of all processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
