"""The check of a whole sweep: every trial loads, finds its components, and fits its data, before the first is trained."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from ganzoo import compat
from ganzoo.config import (
    Resolved,
    ResolvedPart,
    RunConfig,
    differences,
    load_config,
    resolve,
    resolved_values,
    strict_yaml,
    with_defaults_of_today,
)
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.spec import describe_data
from ganzoo.errors import UserError, did_you_mean
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry
from ganzoo.ui.progress import Reporter

from .settings import SweepFile
from .trials import Trial

LOGGED = ("critic/", "generator/", "images_per_second")
"""How names of logged values begin."""


def check(file: SweepFile, trials: Sequence[Trial], out: Path, registry: Registry, reporter: Reporter) -> dict[str, int]:
    """Load and fit every trial.

    Returns:
        The steps of each trial, by its name.

    Raises:
        UserError: for the first trial that cannot run, at its place in the sweep's file or in the configuration; where a
            folder of that name holds another run.
    """
    checks = _Checks(file, registry, reporter)
    steps = {}
    with reporter.task("checking", len(trials), unit="trials") as task:
        for trial in trials:
            config = checks.check(trial, out / trial.name)
            steps[trial.name] = config.train.steps
            task.advance()
    return steps


class _Checks:
    """Checks trials; what two of them share is looked at once."""

    def __init__(self, file: SweepFile, registry: Registry, reporter: Reporter) -> None:
        self._file, self._registry, self._reporter = file, registry, reporter
        self._data: list[tuple[ResolvedPart, DataSpec]] = []
        self._fitting: list[tuple[tuple[int, int, int], list[ResolvedPart]]] = []

    def check(self, trial: Trial, folder: Path) -> RunConfig:
        try:
            config = load_config(self._file.base, [override.text for override in trial.overrides])
            resolved = resolve(config, self._registry)
            self._check_fit(config, resolved)
            self._check_best(resolved)
        except UserError as error:
            raise self._placed(error, trial) from error
        self._check_folder(config, resolved, folder)
        return config

    def _check_fit(self, config: RunConfig, resolved: Resolved) -> None:
        """Every combination of networks, losses, schedule and data is rehearsed once, whatever else varies."""
        parts = [resolved.data, resolved.generator, resolved.critic, *resolved.losses, resolved.schedule]
        train = (config.train.steps, config.train.batch_size, config.train.accumulate)
        if not any(train == other and _same(parts, earlier) for other, earlier in self._fitting):
            players = (resolved.generator, resolved.critic, resolved.losses, resolved.schedule)
            verdict = compat.check(*players, self._data_of(resolved.data), train[0], train[1], accumulate=train[2])
            verdict.refuse(config)
            self._fitting.append((train, parts))

    def _data_of(self, part: ResolvedPart) -> DataSpec:
        for earlier, data in self._data:
            if _same([part], [earlier]):
                return data
        dataset: Dataset = part.build()
        data = describe_data(dataset, dataset.arrays(Cache(reporter=self._reporter)))
        self._data.append((part, data))
        return data

    def _check_best(self, resolved: Resolved) -> None:
        best = self._file.settings.best
        if best is None or best.value.startswith(LOGGED):
            return
        metrics = {part.name: part for part in resolved.metrics}
        metric, _, number = best.value.partition("/")
        if metric not in metrics:
            remedy = did_you_mean(best.value, metrics, noun="metrics of the configuration")
            raise self._file.refuse(f"'{best.value}' is not measured", remedy, ("best", "value"))
        # A metric names only the numbers that have a better and a worse; another one is refused where it must be a slip.
        known = list(getattr(metrics[metric].cls, "better", {}))
        extends_one = any(number.startswith(f"{name}_") for name in known)  # such as its deviation
        if number and number not in known and not extends_one and difflib.get_close_matches(number, known, n=1, cutoff=0.9):
            remedy = did_you_mean(best.value, [f"{metric}/{name}" for name in known], noun="numbers of the metric")
            raise self._file.refuse(f"'{best.value}' is not measured", remedy, ("best", "value"))

    def _check_folder(self, config: RunConfig, resolved: Resolved, folder: Path) -> None:
        if (folder / "config.yaml").is_file():
            before = with_defaults_of_today(strict_yaml.read(folder / "config.yaml").value, resolved)
            changed = differences(before, resolved_values(config, resolved), ignoring=("versions", "train.steps"))
            if config.train.steps < before["train"]["steps"]:
                changed.append(f"train.steps: {before['train']['steps']}, which may only grow, now {config.train.steps}")
            if changed:
                remedy = "change it back, or choose another --out"
                raise UserError(f"{folder} was begun with another configuration: {'; '.join(changed)}", remedy)

    def _placed(self, error: UserError, trial: Trial) -> UserError:
        """The error at the line of the sweep's file that set the value, or with the setting that it comes of."""
        for override in trial.overrides:
            if error.where == f"-o {override.text}":
                return UserError(error.what, error.remedy, key=error.key, where=self._file.places.where(override.path))
        if error.where.startswith(str(self._file.path)) or not trial.setting:
            return error
        return UserError(f"{error.what} (in the trial {trial.name})", error.remedy, key=error.key, where=error.where)


def _same(a: Sequence[ResolvedPart], b: Sequence[ResolvedPart]) -> bool:
    """Whether two lists name the same components with the same parameters, wherever they were written."""
    return [(part.component, part.params) for part in a] == [(part.component, part.params) for part in b]
