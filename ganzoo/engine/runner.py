"""From a configuration to a trained run: preflight, the steps with what happens between them, and a clean end."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

from ganzoo.compat import plan_fields
from ganzoo.config import Resolved, RunConfig, differences, resolved_values, resolved_yaml, strict_yaml
from ganzoo.errors import DivergenceError, GanzooError, UserError
from ganzoo.fields import Fields, named_arguments
from ganzoo.pictures import image_grid, save_png, scatter
from ganzoo.progress import Reporter, Task
from ganzoo.report import write_report

from . import checkpoint
from .loop import Loop
from .meter import Meter
from .observers import Observers
from .run import build
from .rundir import RunDirectory, environment, now, write_environment
from .sampling import columns_of, generate, make_inputs, to_units
from .signals import Stop, stop_on_signals
from .weights import export


class Runner:
    """Trains one run into one directory.

    Args:
        config: what to train, as loaded.
        resolved: its components.
        source: the file it came from; a copy stays in the run directory.
        out: the run directory.
        resume: continue the run that ``out`` holds, or start one where it holds none.
        reporter: who is told of progress.

    Raises:
        UserError: where the configuration, the data or the folder does not allow the run; nothing has been trained.
    """

    def __init__(self, config: RunConfig, resolved: Resolved, source: Path, out: Path, resume: bool, reporter: Reporter) -> None:
        self.config, self.resolved, self.reporter = config, resolved, reporter
        self.directory = RunDirectory(out, resume)
        try:
            continues = self.directory.has_run
            if continues:
                self._refuse_changes()
            self.run, notes = build(config, resolved, reporter)
            for note in notes:
                reporter.say(f"note: {note}")
            self.observers = Observers(resolved.observers, self.run.data, reporter)
            self.meter = Meter()
            self.loop = Loop(self.run, self.meter)
            self.inputs, self.references = self._fix_inputs()
            if continues:
                self._continue()
            else:
                self._preflight()
            write_environment(self.directory, environment(config, self.run.runtime, self.run.data, resolved.versions))
            # Last: config.yaml says that here is a run, and one that can be continued.
            self.directory.write_config(resolved_yaml(config, resolved), source)
        except BaseException:
            self.directory.close()
            raise

    @property
    def finished(self) -> bool:
        """Whether no step is left."""
        return self.run.step >= self.config.train.steps

    def train(self) -> int:
        """Train to the end.

        Returns:
            The exit code: 0 finished, 130 or 143 stopped by a signal after saving.

        Raises:
            GanzooError: where the run fails (divergence, disk); the last checkpoint is intact.
        """
        try:
            with stop_on_signals() as stop:
                self.directory.log("started", time=now(), step=self.run.step)
                self.observers.tell("run_started", directory=self.directory.path, config=resolved_values(self.config, self.resolved))
                self._take_steps(stop)
                outcome = "stopped" if stop.signal and not self.finished else "finished"
                self._end(outcome, f"stopped by signal {stop.signal}; continue with --resume" if outcome == "stopped" else "")
                return stop.exit_code if outcome == "stopped" else 0
        except GanzooError as error:
            self._end("failed", str(error))
            raise
        finally:
            self.directory.close()

    def _take_steps(self, stop: Stop) -> None:
        run, every = self.run, self.config
        started, saved = time.perf_counter(), run.step
        if run.step == 0:
            self._save_samples()
        with self.reporter.task("training", every.train.steps, done=run.step, unit="steps") as task:
            while not self.finished and not stop.signal:
                self.loop.step()
                task.advance()
                done = self.finished or bool(stop.signal)
                if done or run.step % every.log.every == 0:
                    self._log(task, time.perf_counter() - started)
                if self.finished or run.step % every.sample.every == 0:
                    self._save_samples()
                if done or run.step % every.checkpoint.every == 0:
                    self._save_checkpoint()
                    saved = run.step
        if saved != run.step:
            self._save_checkpoint()

    def _log(self, task: Task, seconds: float) -> None:
        values = self.meter.read()
        self.directory.log("log", step=self.run.step, seconds=round(seconds, 3), **values)
        self.observers.tell("step_logged", step=self.run.step, values=values)
        shown = [(key.replace("/adversarial", ""), values[key]) for key in values if "gradient" not in key and not key.endswith("_score")]
        task.show("  ".join(f"{key} {value:.3g}" for key, value in shown if key != "images_per_second")[:100])

    def _save_samples(self) -> None:
        run = self.run
        made = generate(run.best_generator, self.inputs | plan_fields(run.last_plan), run.data, run.runtime)
        path = self.directory.samples / f"step-{run.step:08d}.png"
        path.parent.mkdir(exist_ok=True)
        if run.data.is_image:
            labelled = "label" in named_arguments(type(run.generator))
            picture = image_grid(made, columns_of(run.data, labelled, len(made)))
        else:
            picture = scatter(made, self.references)
        save_png(picture, path)
        self.directory.log("samples", step=run.step, file=str(path.relative_to(self.directory.path)))
        self.observers.tell("samples_saved", step=run.step, path=path)

    def _save_checkpoint(self) -> None:
        run, folder = self.run, self.directory.checkpoints
        for side, network in (("generator", run.generator), ("critic", run.critic)):
            if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values() if value.is_floating_point()):
                raise DivergenceError(f"diverged at step {run.step}: a weight of the {side} is not finite; lower the learning rate")
        path = checkpoint.save(folder, run.step, run.state(), self.config.checkpoint.keep)
        facts = {"data": run.data.to_json(), "step": run.step, "values": dict(run.last_plan.values)}
        export(run.best_generator, self.directory.weights / "generator.safetensors", average=run.average is not None, **facts)
        export(run.critic, self.directory.weights / "critic.safetensors", **facts)
        self.directory.log("checkpoint", step=run.step, file=str(path.relative_to(self.directory.path)))
        self.observers.tell("checkpoint_saved", step=run.step, path=path)

    def _end(self, outcome: str, text: str) -> None:
        """Close the books: the outcome's line, the observers, the report."""
        self.directory.log(outcome, step=self.run.step, time=now(), text=text)
        self.observers.tell("run_finished", step=self.run.step, outcome=outcome)
        try:
            write_report(self.directory.path)
        except Exception as error:  # a picture of a run is no reason to lose it
            self.reporter.warn(f"the report could not be made ({type(error).__name__}: {error}); try 'ganzoo report {self.directory.path}'")

    def _fix_inputs(self) -> tuple[Fields, np.ndarray | None]:
        """The inputs of the sample grids, the same at every step, and real points to draw beside generated ones."""
        run, count = self.run, self.config.sample.count
        count = count if run.data.is_image else max(count, 2500)  # a cloud of points wants many
        indices = np.arange(count) % run.batches.count
        given = {name: value.cpu() for name, value in run.batches.fetch(indices).items() if name != "label"}
        inputs = make_inputs(run.generator, run.data, count, seed=self.config.train.seed, given=given)
        return inputs, None if run.data.is_image else to_units(given["sample"], run.data)

    def _preflight(self) -> None:
        """Find out before the first step whether the disk takes a checkpoint, and gives it back."""
        self.directory.checkpoints.mkdir(exist_ok=True)
        content = checkpoint.encode(self.run.state())
        checkpoint.check_space(self.directory.checkpoints, len(content), copies=3)
        self._save_checkpoint()
        checkpoint.load(self.directory.checkpoints, self.reporter.warn)

    def _continue(self) -> None:
        path, state = checkpoint.load(self.directory.checkpoints, self.reporter.warn)
        self.run.restore(state)
        before, here = state["runtime"], dict(self.run.runtime.describe())
        changed = [f"{name} was {before.get(name)}, is {here[name]}" for name in here if before.get(name) != here[name]]
        if changed:
            self.reporter.warn(
                f"resuming elsewhere ({'; '.join(changed)}): the result will not be bit for bit that of an uninterrupted run"
            )
        self.reporter.say(f"resuming {self.directory.path} at step {self.run.step} from {path.name}")

    def _refuse_changes(self) -> None:
        """A run goes on as it was begun; only the number of steps may grow."""
        before, now = strict_yaml.read(self.directory.config).value, resolved_values(self.config, self.resolved)
        changed = differences(before, now, ignoring=("versions", "train.steps"))
        if changed:
            raise UserError(
                f"{self.directory.path} was begun with another configuration: {'; '.join(changed)}",
                "change it back, or choose another --out",
                key=changed[0].partition(":")[0],
            )
        if now["train"]["steps"] < before["train"]["steps"]:
            raise UserError(f"it was {before['train']['steps']} and may only grow", "raise it, or choose another --out", key="train.steps")
