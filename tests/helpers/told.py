"""Observers that keep what they are told, and a tiny run that tells it."""

import dataclasses

from ganzoo import hookimpl
from ganzoo.config import ResolvedPart, load_config, resolve
from ganzoo.engine.runner import Runner
from ganzoo.registry import Component, Registry
from ganzoo.ui.progress import Reporter

CONFIG = """\
data: {name: ring, count: 200}
generator: {name: mlp, hidden: [4]}
critic: {name: mlp, hidden: [4]}
loss: wasserstein
train: {steps: 6, batch_size: 4, threads: 1, device: cpu}
log: {every: 2}
sample: {every: 3, count: 20}
checkpoint: {every: 4}
metrics: [{name: modes, every: 3, samples: 50}]
"""


class Recorder:
    """Keeps all that it is told."""

    told: list = []

    def __init__(self, data):
        Recorder.told = []

    @hookimpl
    def run_started(self, directory, config, step):
        self.told.append(("run_started", step, directory.name, config["loss"]))

    @hookimpl
    def step_logged(self, step, values):
        self.told.append(("step_logged", step, values))

    @hookimpl
    def samples_saved(self, step, path):
        self.told.append(("samples_saved", step, path.name))

    @hookimpl
    def evaluated(self, step, metric, values):
        self.told.append(("evaluated", step, metric, values))

    @hookimpl
    def checkpoint_saved(self, step, path):
        self.told.append(("checkpoint_saved", step, path.name))

    @hookimpl
    def run_finished(self, step, outcome):
        self.told.append(("run_finished", step, outcome))


def fails_at(hook, error=ConnectionError("nobody listens")):
    """An observer that records until ``hook`` is called, where it raises."""

    def fail(self):
        raise error

    return type("Failing", (Recorder,), {hook: hookimpl(fail)})


class Listener(Reporter):
    """Keeps the warnings."""

    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


def observed(cls):
    return [ResolvedPart(Component("observer", "tracker", cls, "tests", "0"), cls, {})]


def train_told(tmp_path):
    """A function that trains the tiny run under an observer; it returns the exit code and what the user was warned of."""
    source = tmp_path / "tiny.yaml"
    source.write_text(CONFIG)

    def call(cls, out="run", steps=6, resume=False):
        config = load_config(source, [f"train.steps={steps}"])
        listener = Listener()
        resolved = dataclasses.replace(resolve(config, Registry.installed()), observers=observed(cls) if cls else [])
        return Runner(config, resolved, source, tmp_path / out, resume, listener).train(), listener.warnings

    return call
