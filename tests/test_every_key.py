"""Every key of a configuration has an effect: changed, it shows in what a run leaves behind."""

import dataclasses
import functools
import json
import typing

import pytest

from ganzoo.cli import invoke
from ganzoo.config.parts import Part
from ganzoo.config.settings import OrAverage, RunConfig, Section
from ganzoo.params.curves import model_of_curve

RECIPE = """\
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [4], latent_dim: 2}
critic: {name: mlp, hidden: [4]}
loss: non_saturating
train: {steps: 3, batch_size: 8, device: cpu, threads: 1}
log: {every: 1}
sample: {count: 4}
"""
CURVE = "optimizer.critic={name: adam, lr: {from: 0.1, to: 0.01, start: 0, end: 1, curve: linear}}"
MODES = "metrics=[{name: modes, samples: 20}]"

KEYS: dict[str, tuple[str, ...]] = {
    "data": ("data={name: grid, count: 64}",),
    "generator": ("generator={name: mlp, hidden: [5], latent_dim: 2}",),
    "critic": ("critic={name: mlp, hidden: [5]}",),
    "loss": ("loss=minimax",),
    "schedule": ("schedule={name: alternate, critic_updates: 2}",),
    "optimizer.generator": ("optimizer.generator=sgd",),
    "optimizer.critic": ("optimizer.critic=sgd",),
    "optimizer.critic.groups": ("optimizer.critic={name: adam, groups: {net: {lr: 0.1}}}",),
    "train.steps": ("train.steps=2",),
    "train.batch_size": ("train.batch_size=4",),
    "train.accumulate": ("train.accumulate=2",),
    "train.seed": ("train.seed=1",),
    "train.ema": ("train.ema=0.5",),
    "train.ema.half_life": ("train.ema={half_life: 64, ramp: 5}", "train.ema={half_life: 8, ramp: 5}"),
    "train.ema.ramp": ("train.ema={half_life: 64, ramp: 5}", "train.ema={half_life: 64, ramp: 0.5}"),
    "train.precision": ("train.precision=bf16",),
    "train.matmul": ("train.matmul=medium",),
    "train.device": ("train.device=cuda:7",),
    "train.threads": ("train.threads=2",),
    "log.every": ("log.every=2",),
    "sample.every": ("sample.every=1",),
    "sample.count": ("data=digits", "data=digits", "sample.count=9"),
    "checkpoint.every": ("checkpoint.every=1",),
    "checkpoint.keep": ("checkpoint.every=1", "checkpoint.every=1", "checkpoint.keep=1"),
    "metrics": (MODES,),
    "metrics.every": (MODES, "metrics=[{name: modes, samples: 20, every: 1}]"),
    "observers": ("observers=[tensorboard]",),
    "observers.folder": ("observers=[tensorboard]", "observers=[{name: tensorboard, folder: events}]"),
    "loss.route": ("loss={name: non_saturating, route: back}",),
    "init": ("init={critic: other/weights/critic.safetensors}",),
    "curve.from": (CURVE, CURVE.replace("0.1", "0.2")),
    "curve.to": (CURVE, CURVE.replace("0.01", "0.001")),
    "curve.start": (CURVE, CURVE.replace("start: 0", "start: 0.5")),
    "curve.end": (CURVE, CURVE.replace("end: 1", "end: 0.5")),
    "curve.curve": (CURVE, CURVE.replace("linear", "cosine")),
}
"""Each key -> what changes it. Where there are several, the first is what the run is compared with, the others the change."""
BEYOND = {"optimizer.critic.groups", "observers.folder", "metrics.every", "loss.route"}
"""What the schema does not list: a word of every optimizer, the one parameter of an observer that writes files, words of some parts."""
WITHOUT_EFFECT = {
    "train.cuda_graphs": "only on a GPU: tests/engine/test_gpu.py, test_graphs.py",
    "checkpoint.best": "which checkpoints are kept, of many: tests/runs/test_steps.py",
    "versions": "written by a run, not read (so that its config.yaml is one of a run)",
}


def marks_of(annotation):
    """The annotation, what it holds and how it is marked, however deep."""
    inner = [*typing.get_args(annotation), *getattr(annotation, "__metadata__", ())]
    return [annotation, *(mark for each in inner for mark in marks_of(each))] if inner else [annotation]


def keys_of(section, prefix=""):
    for name, field in section.model_fields.items():
        marks = [*marks_of(field.annotation), *field.metadata]
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from keys_of(field.annotation, f"{prefix}{name}.")
            continue
        yield prefix + name
        for mark in marks:
            if isinstance(mark, OrAverage):
                yield from keys_of(mark.model, f"{prefix}{name}.")
            if isinstance(mark, type) and issubclass(mark, Part):
                known = {own.name for own in dataclasses.fields(Part)}
                yield from (f"{prefix}{name}.{own.name}" for own in dataclasses.fields(mark) if own.name not in known)


def test_every_key_is_in_the_table_or_declared():
    curve = {f"curve.{field.alias or name}" for name, field in model_of_curve().model_fields.items()}
    assert {*keys_of(RunConfig), *curve, *BEYOND} == {*KEYS, *WITHOUT_EFFECT}


@pytest.fixture(scope="module")
def leaves(tmp_path_factory):
    """``leaves(*overrides)``: what a run with them leaves behind: its exit code, record, environment, and its files."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "ring.yaml").write_text(RECIPE)

    @functools.cache
    def run(*overrides):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setenv("GANZOO_CACHE", str(folder / "cache"))
            out = folder / f"run-{len(list(folder.iterdir()))}"
            code = invoke(["run", "ring.yaml", "--out", str(out), "--quiet", *(part for text in overrides for part in ("-o", text))])
        return code, what_is_in(out)

    run("train.seed=5")
    (folder / next(path.name for path in folder.iterdir() if path.name.startswith("run-"))).rename(folder / "other")
    run.cache_clear()
    return run


TIMES = ("seconds", "time", "images_per_second", "environment", "run")


def what_is_in(out):
    """The record and the environment without times, the files of samples and weights by content, the others by place."""
    if not out.is_dir():
        return {}
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    files = sorted(path for path in out.rglob("*") if path.is_file())
    weights = {path.name: path.read_bytes()[-200:] for path in files if path.suffix == ".safetensors"}  # behind the names: values
    pictures = {path.name: path.read_bytes() for path in files if path.suffix == ".png"}
    places = {str(path.relative_to(out).parent if "tfevents" in path.name else path.relative_to(out)) for path in files}
    runtime = json.loads((out / "env.json").read_text())["runtime"]
    return [{k: v for k, v in line.items() if k not in TIMES} for line in lines], weights, pictures, places, runtime


@pytest.mark.parametrize("key", KEYS)
def test_a_key_has_an_effect(key, leaves):
    first, *change = KEYS[key]
    before, after = (leaves(first), leaves(*change)) if change else (leaves(), leaves(first))
    assert before[0] == 0
    assert after != before, f"{key} changes nothing that a run leaves behind"


def test_what_a_run_leaves_behind_is_the_same_twice(leaves):
    """Else any key would seem to have an effect."""
    assert leaves("train.seed=0") == leaves() == leaves("train.steps=3")
