"""Outputs of a run: log lines, sample grids, checkpoints with weights, and how it ended.

Pictures and checkpoints are written by a background thread, of a snapshot of the state, so that the training goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch

from ganzoo.compat import plan_fields
from ganzoo.config import ResolvedPart
from ganzoo.errors import DivergenceError, GanzooError
from ganzoo.fields import Fields, forward_inputs
from ganzoo.metrics.evaluation import Evaluation
from ganzoo.rundir import checkpoint
from ganzoo.rundir.background import Background, in_memory, snapshot
from ganzoo.rundir.comparison import best_step
from ganzoo.rundir.directory import RunDirectory, now
from ganzoo.rundir.files import GENERATOR, sample_file
from ganzoo.rundir.record import read_record
from ganzoo.rundir.weights import export
from ganzoo.ui.health import Health, describe
from ganzoo.ui.pictures import beside, columns_of, image_grid, row_names, save_png
from ganzoo.ui.progress import Reporter, Task
from ganzoo.ui.scatter import scatter

from .meter import Meter
from .observers import Observers
from .run import Run
from .sampling import CLOUD, generate, make_inputs, pictures_given, to_units


class Outputs:
    """Writes a run's files and tells its observers. Of several processes all have to call; rank 0 alone writes.

    ``metrics`` are those of the run, one of which may choose the best checkpoint.
    """

    def __init__(
        self, run: Run, directory: RunDirectory, observers: Observers, reporter: Reporter, metrics: Sequence[ResolvedPart]
    ) -> None:
        self.config, self.run, self.directory, self.observers, self.reporter = run.config, run, directory, observers, reporter
        self._better = {part.name: getattr(part.cls, "better", {}) for part in metrics}
        self.meter = Meter(run.ranks)
        self.inputs, self.real = self._fix_inputs()
        self.health = Health(self.real)
        self.background = Background(threaded=run.runtime.device.type == "cuda")

    def log(self, task: Task, seconds: float) -> None:
        """Write the means since the last line, ``seconds`` into this session, and show them behind the bar."""
        self.background.look()
        values = self.meter.read()
        if not self.run.ranks.is_main:
            return
        self.directory.log("log", step=self.run.step, seconds=round(seconds, 3), **values)
        self.observers.tell("step_logged", step=self.run.step, values=values)
        for warning in self.health.read_log(values):
            self.write_warning(warning)
        task.show(describe(values, self.health.in_short))

    def save_samples(self) -> None:
        """Write a grid, or a scatter of points, from the fixed inputs."""
        self.directory.check_held()
        run = self.run
        if not run.ranks.is_main:
            return
        step = run.step
        inputs = self.inputs | plan_fields(run.last_plan, run.runtime.device)
        made = generate(run.eval_generator, inputs, run.data, run.runtime, seed=(self.config.train.seed,))

        sources = pictures_given(run.generator, run.data, inputs, run.batches.arrays) if run.data.is_image else {}
        targets = [] if sources.keys() & {"sample", *run.data.independent} else [self.real]

        def write() -> Path:
            path = self.directory.path / sample_file(step)
            path.parent.mkdir(exist_ok=True)
            if run.data.is_image:
                labels = inputs["label"].cpu().numpy() if "label" in forward_inputs(type(run.generator)) else None
                if sources:
                    picture = image_grid(*beside([*sources.values(), made, *targets]))
                else:
                    columns = columns_of(run.data, labels is not None, len(made))
                    picture = image_grid(made, columns, row_names=row_names(run.dataset.class_names, labels, columns))
            else:
                picture = scatter(made, self.real)
            save_png(picture, path)
            return path

        def tell(path: Path) -> None:
            self.directory.log("samples", step=step, file=str(path.relative_to(self.directory.path)))
            self.observers.tell("samples_saved", step=step, path=path)

        self.background.do("samples", write, tell)
        if step:
            for warning in self.health.read_samples(made):
                self.write_warning(warning)

    def save_checkpoint(self, tell: bool = True) -> None:
        """Write a checkpoint and the shareable weights of this moment, in the background.

        A trial before the run does not ``tell`` observers, and is waited for.

        Raises:
            DivergenceError: where a weight is not finite; earlier checkpoints are intact.
            GanzooError: where the disk refused this one or the one before it; earlier ones are intact.
        """
        self.directory.check_held()
        run, step = self.run, self.run.step
        for side, network in run.players.items():
            finite = [torch.isfinite(value).all() for value in network.state_dict().values() if value.is_floating_point()]
            if finite and not torch.stack(finite).all():
                raise DivergenceError(f"diverged at step {step}: a weight of the {side} is not finite; lower the learning rate")
        state = run.state()
        if not run.ranks.is_main:
            return
        state, average = snapshot(state), run.average is not None
        facts = {"data": run.data.to_json(), "step": step, "values": dict(run.last_plan.values)}
        facts |= {"class_names": list(run.dataset.class_names), "run": run.identity, "fingerprint": dict(run.fingerprint)}
        facts |= {"versions": dict(run.versions)} | {side: run.resolved.get(side) for side in run.players}

        def write() -> Path:
            here = in_memory(state)
            networks = here["networks"]
            path = checkpoint.save(self.directory.checkpoints, step, here, self.config.checkpoint.keep, self._choose_best)
            export(networks["average" if average else "generator"], self.directory.path / GENERATOR, average=average, **facts)
            export(networks["critic"], self.directory.weights / "critic.safetensors", **facts)
            return path

        def note(path: Path) -> None:
            self.directory.log("checkpoint", step=step, file=str(path.relative_to(self.directory.path)))
            if tell:
                self.observers.tell("checkpoint_saved", step=step, path=path)

        self.background.do("checkpoint", write, note)
        if not tell:
            self.background.wait()

    def _choose_best(self, steps: Collection[int]) -> int | None:
        """The best of the checkpoints of ``steps``, where the configuration asks for it and any was measured."""
        best = self.config.checkpoint.best
        return best_step(read_record(self.directory.path).evaluations, best.metric, self._better[best.metric], steps) if best else None

    def write_evaluation(self, found: Evaluation) -> None:
        """Write what a metric found, and show it."""
        self.directory.log("evaluated", step=found.step, metric=found.metric, values=found.values)
        self.observers.tell("evaluated", step=found.step, metric=found.metric, values=found.values)
        self.reporter.say(f"step {found.step}: {found}")

    def write_warning(self, text: str, **facts: str) -> None:
        """Write what is wrong but does not stop the run, and show it."""
        self.directory.log("warning", step=self.run.step, text=text, **facts)
        self.reporter.warn(text)

    def end(self, outcome: str, text: str) -> None:
        """Close the books: the outcome's line, and the observers."""
        if not self.run.ranks.is_main:
            return
        try:
            self.background.wait()
        except GanzooError as error:  # the training has failed for another reason
            self.reporter.warn(str(error))
        self.directory.log(outcome, step=self.run.step, time=now(), text=text)
        self.observers.tell("run_finished", step=self.run.step, outcome=outcome)

    def _fix_inputs(self) -> tuple[Fields, np.ndarray]:
        """The inputs of the sample grids, the same at every step, and as many real samples to compare generated ones with."""
        run, count = self.run, self.config.sample.count
        count = count if run.data.is_image else max(count, CLOUD)
        indices = np.arange(count) % run.batches.count
        given = {name: value.cpu() for name, value in run.batches.fetch(indices).items() if name != "label"}
        inputs = make_inputs(run.generator, run.data, count, seed=self.config.train.seed, given=given)
        return inputs, to_units(given["sample"], run.data)
