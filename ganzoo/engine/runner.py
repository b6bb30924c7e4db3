"""The training of one run: everything before the first step, the steps with what happens between them, and a clean end."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ganzoo.config import Resolved, RunConfig, resolved_values, with_defaults_of_today
from ganzoo.config.yaml_writer import dump
from ganzoo.data.fingerprint import compare_data
from ganzoo.errors import GanzooError
from ganzoo.metrics.evaluation import Evaluation
from ganzoo.plugins.index import current_versions
from ganzoo.rundir import checkpoint
from ganzoo.rundir.directory import NullRunDirectory, RunDirectory, environment
from ganzoo.rundir.resuming import END, GRID, SAVED, Past, allowed_changes, find_owed, look_back, stretched
from ganzoo.ui.progress import Reporter

from .build import build, other_sources
from .device import keep_threads
from .distributed import Ranks
from .evaluation import Evaluations
from .graphs import choose_runner
from .loop import Loop
from .observers import Observers
from .outputs import Outputs
from .signals import Stop, stop_on_signals, unwind_on_termination
from .threads import choose_threads


class Runner:
    """Trains one run into the directory ``out``, or continues (``resume``) the one that it holds.

    A copy of ``source``, the configuration's file, stays there. Keys of ``change`` may differ though the training is no longer exact.
    ``wanted`` says whether other processes want the cores.

    Raises:
        UserError: where the configuration, the data or the folder does not allow the run; nothing has been trained.
    """

    def __init__(
        self,
        config: RunConfig,
        resolved: Resolved,
        source: Path,
        out: Path,
        resume: bool,
        reporter: Reporter,
        ranks: Ranks | None = None,
        change: Sequence[str] = (),
        wanted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.config, self.resolved, self.reporter = config, resolved, reporter
        self.ranks, self._change, self._wanted = ranks or Ranks(), change, wanted
        self.directory = RunDirectory(out, resume) if self.ranks.is_main else NullRunDirectory(out)
        try:
            with unwind_on_termination():
                self._prepare(source)
        except BaseException:
            self.directory.close()
            raise

    def _prepare(self, source: Path) -> None:
        """Everything before the first step."""
        config, resolved, reporter, ranks = self.config, self.resolved, self.reporter, self.ranks
        self.owed: list[str] = []
        """What a kill or a signal kept from being written at the step of the last checkpoint."""
        self._changed: list[str] = []
        self._warnings: list[str] = []  # given when it was resumed, and written once it goes on
        past = look_back(self.directory, reporter.warn) if self.directory.has_run else Past()
        if self.directory.has_run:
            self._refuse_changes(past)
        elif ranks.is_main:
            checkpoint.refuse_foreign(self.directory.checkpoints)
        continues = bool(ranks.all_reduce_max(self.directory.has_run))
        keep_threads(config.train, ranks.broadcast_object(past.state.get("runtime", {})).get("threads"))
        self.run, notes = build(config, resolved, reporter, ranks, begun=continues)
        for note in notes:
            reporter.say(f"note: {note}")
        self.evaluations = Evaluations(resolved.metrics, self.run, resolved.data, reporter)
        advice = f"'ganzoo replay {self.directory.path} --to OBSERVER' tells it the whole run later"
        named, defaults = (resolved.observers, resolved.defaults) if ranks.is_main else ((), ())
        self.observers = Observers(named, defaults, data=self.run.data, reporter=reporter, advice=advice)
        self.outputs = Outputs(self.run, self.directory, self.observers, reporter, resolved.metrics)
        measured = [part.every for part in resolved.metrics if part.every]
        self._every = [config.log.every, config.sample.every, config.checkpoint.every, *measured]
        self.loop = Loop(self.run, self.outputs.meter, choose_runner(self.run, reporter.say))
        if continues:
            self._continue(past)
        else:
            self.run.identity = uuid.uuid4().hex
            for text in other_sources(self.run, resolved):
                self._warn(text)
            if note := choose_threads(self.run, self._wanted):
                reporter.say(f"note: {note}")
            self._preflight()
        run = self.run
        here, data = run.environment_fingerprint(), run.data.to_json() | {"hash": run.fingerprint.get("hash", "")}
        self.environment = environment(run.identity, config, here, data, run.versions, run.class_counts())
        self.directory.write_environment(self.environment, resolved.files)
        # Last: config.yaml says that here is a run, and one that can be continued.
        self.directory.write_config(dump(run.resolved), source)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do: no step, and nothing that is due after the last one."""
        return self.run.step >= self.config.train.steps and not self.owed

    def train(self) -> int:
        """Train to the end.

        Returns:
            The exit code: 0 finished, 130 or 143 stopped by a signal after saving.

        Raises:
            GanzooError: where the run fails (divergence, disk); the last checkpoint is intact.
        """
        try:
            with stop_on_signals() as stop:
                self.directory.log_start(self.run.step, self.environment, self._changed)
                for text in self._warnings:
                    self.directory.log("warning", step=self.run.step, text=text)
                config = resolved_values(self.config, self.resolved)
                self.observers.tell("run_started", directory=self.directory.path, config=config, step=self.run.step)
                signal = self._take_steps(stop)
                outcome = "finished" if self.finished else "stopped"
                self.outputs.end(outcome, f"stopped by signal {signal}; continue with --resume" if outcome == "stopped" else "")
                return 128 + signal if signal else 0
        except Exception as error:
            with suppress(GanzooError):  # a full disk must not hide what went wrong
                self.outputs.end("failed", str(error))
            raise
        finally:
            self.directory.close()

    def _take_steps(self, stop: Stop) -> int:
        """Train until no step is left or a signal came, which is returned; 0 for none. All ranks stop at the same step."""
        run, config = self.run, self.config
        total, started = config.train.steps, time.perf_counter()
        logged = saved = run.step
        if run.step == 0:
            self.outputs.save_samples()
        with self.reporter.task("training", total, done=run.step, unit="steps") as task:
            self._make_up(stop)
            signal = self.ranks.signal(stop.signal, now=True)
            self.outputs.meter.start_clock()
            while run.step < total and not signal:
                self.loop.step()
                task.advance()
                due = [run.step == total or run.step % every == 0 for every in self._every]
                if any(due):  # nothing is written of a run before it is known to be finite
                    self.loop.check()
                log, draw, save, *_ = due
                if log:
                    self._refuse_drift()
                    self.outputs.log(task, time.perf_counter() - started)
                    logged = run.step
                with self.outputs.meter.pausing():
                    if draw:
                        self.outputs.save_samples()
                    if save:
                        self._refuse_drift()
                        self.outputs.save_checkpoint()
                        saved = run.step
                    self.owed = self._measure(self.evaluations.due(run.step, total), stop)
                signal = self.ranks.signal(stop.signal, now=any(due))  # and so the others wait for what rank 0 writes and measures
            self.loop.check()
            if logged != run.step:
                self.outputs.log(task, time.perf_counter() - started)
        if saved != run.step:
            self._refuse_drift()
            self.outputs.save_checkpoint()
        self.outputs.background.wait()
        return signal

    def _refuse_drift(self) -> None:
        """Compare the ranks' parameters: the same gradients must have left the same bits.

        Raises:
            GanzooError: naming the first parameter that differs.
        """
        players = self.run.players.items()
        parameters = {f"{side}.{name}": value for side, network in players for name, value in network.named_parameters()}
        if name := self.ranks.differing(parameters):
            raise GanzooError(
                f"at step {self.run.step} the processes no longer have the same weights: '{name}' differs; "
                "use the same hardware, torch and plugin versions for all, and go on from the last checkpoint with --resume"
            )

    def _measure(self, names: Sequence[str], stop: Stop) -> list[str]:
        """Measure; returns what a signal left unmeasured. A metric that fails is no reason to lose a training."""
        left = []
        for name, told in self.evaluations.share_out(names, stop):
            if "failed" in told:
                self.outputs.write_warning(f"metric '{name}' has no number at step {self.run.step}: {told['failed']}", metric=name)
            elif "numbers" in told:
                self.outputs.write_evaluation(Evaluation(**told))
            else:
                left.append(name)
                if told:
                    self.outputs.write_warning(
                        f"metric '{name}' was not measured at step {self.run.step}: stopped by signal {told['signal']}"
                    )
        return left

    def _make_up(self, stop: Stop) -> None:
        """Write and measure what was due at this step when the session before ended."""
        if GRID in self.owed:
            self.outputs.save_samples()
        if SAVED in self.owed:
            self.outputs.save_checkpoint()
        self.owed = self._measure([name for name in self.owed if name not in (GRID, SAVED, END)], stop)

    def _preflight(self) -> None:
        """Find out before the first step whether the disk takes a checkpoint, and gives it back."""
        state = self.run.state()
        if self.ranks.is_main:
            self.directory.checkpoints.mkdir(exist_ok=True)
            checkpoint.check_space(self.directory.checkpoints, len(checkpoint.encode(state)), copies=3)
        self.outputs.save_checkpoint(tell=False)
        if self.ranks.is_main:
            checkpoint.load(self.directory.checkpoints, self.reporter.warn)

    def _continue(self, past: Past) -> None:
        self.run.identity = past.identity or uuid.uuid4().hex
        self.run.restore(state := self.ranks.broadcast_object(past.state))
        due, folder = self.evaluations.due(self.run.step, self.config.train.steps), self.directory.path
        self.owed = self.ranks.broadcast_object({"owed": find_owed(self.run.step, self.config, due, past.record, folder)})["owed"]
        told = [*past.lost, *stretched(past.config, self.resolved, self.run.schedule, self.run.step, self.config.train.steps)]
        for text in told:
            self._warn(text)
        with self.config.placing():
            data = compare_data(state.get("data") or {}, self.run.fingerprint)
        if data:
            self._warn(f"{data}; from here on the run trains on other data than before")
        before = {"python": self.run.versions["python"]} | state.get("runtime", {}) | current_versions(state.get("versions", {}))
        here = {**self.run.environment_fingerprint(), **self.run.versions}
        changed = [f"{name} was {before.get(name, 'unknown')}, is {here[name]}" for name in here if before.get(name) != here[name]]
        self._changed += [*told, *([data] if data else []), *changed]
        if changed:
            self._warn(f"resuming elsewhere ({'; '.join(changed)}): the result will not be bit for bit that of an uninterrupted run")
        self.reporter.say(f"resuming {folder} at step {self.run.step} from {past.path.name}")

    def _warn(self, text: str) -> None:
        self.reporter.warn(text)
        self._warnings.append(text)

    def _refuse_changes(self, past: Past) -> None:
        """A run goes on as it was begun: see ``resuming.allowed_changes``."""
        before = with_defaults_of_today(past.config, self.resolved)
        changes = allowed_changes(before, resolved_values(self.config, self.resolved), str(self.directory.path), self._change)
        self._changed += changes.all
        if changes.beside:
            self.reporter.say(f"changed beside the training: {'; '.join(changes.beside)}")
        if changes.asked:
            self._warn(f"changed as --change allows: {'; '.join(changes.asked)}; from here on the result is not that of an unchanged run")
