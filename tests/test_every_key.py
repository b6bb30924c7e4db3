"""Every key of a configuration and every parameter of a shipped component has an effect: changed, it shows in what a run leaves behind."""

import dataclasses
import functools
import io
import json
import tarfile
import typing

import numpy as np
import pytest
import stand_ins
from ganzoo_kit.testing.component import Candidate
from ganzoo_kit.testing.effects import ASKS_A_NETWORK, judged
from PIL import Image

from ganzoo import DataSpec
from ganzoo.cli import invoke
from ganzoo.config.parts import Part
from ganzoo.config.settings import OrAverage, RunConfig, Section
from ganzoo.params.curves import model_of_curve
from ganzoo.registry import Registry

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


# Parameters.

INCEPTION = "needs pytorch-fid and its weights: plugins/ganzoo-metrics/tests/test_metric_plugins_inception.py"
OF_INCEPTION = ("weights", "sha256", "repeat_grey")
SEEN = "changes what is seen, not a term: plugins/ganzoo-augment/tests/test_augment.py"
DECLARED = {
    "metric fid": dict.fromkeys(("samples", "real_samples", "split", *OF_INCEPTION), INCEPTION),
    "metric inception_score": dict.fromkeys(("samples", "splits", *OF_INCEPTION), INCEPTION),
    "metric kid": dict.fromkeys(("samples", "real_samples", "split", "subsets", "subset_size", *OF_INCEPTION), INCEPTION),
    "metric stacked_modes": {"samples": "of noise it sees one mode, however many samples: tests/metrics/test_stacked_modes.py"},
    "metric precision_recall": dict.fromkeys(("network", *OF_INCEPTION), INCEPTION),
    "observer visdom": dict.fromkeys(("url", "environment", "timeout"), "needs a server: plugins/ganzoo-visdom/tests/test_visdom.py"),
    "loss diffaugment": {"policy": SEEN},
    "loss ada": dict.fromkeys(("ramp", "target"), SEEN),
    "loss augment": dict.fromkeys(("p", "flip"), SEEN),
    "metric shape_and_colour": dict.fromkeys(("samples", "split"), "noise is never right: plugins/ganzoo-shapes/tests/test_shapes.py"),
    "loss mutual_information": dict.fromkeys(("category", "continuous"), "reads codes: plugins/ganzoo-infogan/tests/test_infogan.py"),
    "loss perceptual": dict.fromkeys(("network", "weights", "sha256"), "of a file: plugins/ganzoo-perceptual/tests/test_perceptual.py"),
    "loss top_k_fakes": dict.fromkeys(("decay", "epoch", "least"), "shows after an epoch: plugins/ganzoo-regularisers/tests"),
    "loss lipschitz_penalty": {"weight": "of gradients longer than 1 only: plugins/ganzoo-regularisers/tests/test_penalties.py"},
    "dataset celeba": {"max_bad": "it refuses: plugins/ganzoo-data/tests/test_celeba.py"},
    "dataset folder": {"max_bad": "it refuses: tests/data/test_hostile_images.py"},
    "dataset webdataset": {"max_bad": "it refuses: plugins/ganzoo-data/tests/test_webdataset.py"},
}
"""Parameters whose effect is not seen here, each with the reason and where it is."""
ELSEWHERE = {
    **dict.fromkeys(("dataset emnist", "dataset qmnist"), "plugins/ganzoo-data/tests/test_kin.py"),
    **dict.fromkeys(("dataset paired", "dataset unpaired"), "plugins/ganzoo-data/tests/test_pairs.py"),
    "dataset arrays": "plugins/ganzoo-data/tests/test_arrays.py",
}
"""Data sets whose files are not made here, and where their parameters are seen."""
HOLED = [DataSpec({"sample": (3, 16, 16), "source": (3, 16, 16), "mask": (1, 16, 16)})]
SLOW = ("metric sliced_wasserstein", "metric classifier_fid", "metric precision_recall")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Component -> parameters given to it, other values, and example data, for those that need some."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("mnist", "cifar10", "celeba"):
            for place, count in ((name, 12), (f"other-{name}", 6)):
                patch.setattr(stand_ins, "COUNT", count)
                stand_ins.WRITE[name](folder / place)
    for kind in ("labels-idx1", "images-idx3"):  # the test half is another
        (folder / f"mnist/t10k-{kind}-ubyte.gz").write_bytes((folder / f"other-mnist/train-{kind}-ubyte.gz").read_bytes())
    (folder / "cifar10/cifar-10-batches-bin/test_batch.bin").write_bytes(
        (folder / "other-cifar10/cifar-10-batches-bin/data_batch_1.bin").read_bytes()
    )
    names = [path.name for path in sorted((folder / "celeba/img_align_celeba").iterdir())]
    (folder / "celeba/list_eval_partition.txt").write_text("".join(f"{name} {i % 3}\n" for i, name in enumerate(names)))
    for i, place in enumerate(("faces/train/a", "faces/train/b", "faces/test/a", "faces/test/b", "other-faces/a")):
        draw(folder / place, i)
    for i in range(2):
        shard(folder / f"{i}.tar", i)
    celeba = {"attribute": ("Smiling",), "root": (str(folder / "other-celeba"),)}
    given = {f"dataset {name}": ({"root": str(folder / name)}, {"root": (str(folder / f"other-{name}"),)}) for name in ("mnist", "cifar10")}
    return given | {
        "dataset fashion_mnist": given["dataset mnist"],
        "dataset kmnist": given["dataset mnist"],
        "dataset celeba": ({"root": str(folder / "celeba"), "size": 16}, celeba),
        "dataset stacked_mnist": ({"count": 20}, {"root": (str(folder / "mnist"),)}),
        "dataset folder": (
            {"root": str(folder / "faces"), "size": 16},
            {"root": (str(folder / "other-faces"),), "split": ("test",), "crop": (9,)},
        ),
        "dataset webdataset": (
            {"shards": str(folder / "0.tar"), "size": 16},
            {"shards": (str(folder / "1.tar"),), "crop": (9,), "classes": (7,)},
        ),
        "metric precision_recall": ({"network": "judge", "samples": 50, "real_samples": 50}, {"samples": (60,), "real_samples": (60,)}),
        "loss perceptual": ({"network": "digits"}, {"layer": ("stem",)}, [DataSpec({"sample": (1, 28, 28)})]),
        **{f"{side} {name}": ({"width": 8}, {}) for side in ("generator", "critic") for name in ("biggan", "biggan_deep", "sagan")},
        "generator context_encoder": ({"bottleneck": 8}, {}, HOLED),
        "loss reconstruction": ({}, {}, HOLED),
        "metric inpainting": ({}, {}, HOLED),
        "metric stacked_modes": ({"samples": 50}, {}, [DataSpec({"sample": (3, 28, 28), "label": ()}, classes=1000)]),
    }


def picture(random):
    return Image.fromarray(random.integers(0, 256, (24, 20, 3), np.uint8))


def draw(folder, seed):
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    for i in range(3):
        picture(random).save(folder / f"{i}.png")


def shard(path, seed):
    random = np.random.default_rng(seed)
    with tarfile.open(path, "w") as tar:
        for i in range(4):
            image = io.BytesIO()
            picture(random).save(image, "PNG")
            for ending, content in (("png", image.getvalue()), ("cls", str(i % 3).encode())):
                member = tarfile.TarInfo(f"{i}.{ending}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


COMPONENTS = [
    c
    for c in Registry.installed().components
    if c.kind != "command" and c.distribution.startswith("ganzoo-") and f"{c.kind} {c.name}" not in ELSEWHERE
]


@pytest.mark.parametrize(
    "component",
    [pytest.param(c, id=f"{c.kind} {c.name}", marks=pytest.mark.slow if f"{c.kind} {c.name}" in SLOW else ()) for c in COMPONENTS],
)
def test_every_parameter_of_a_component_has_an_effect(component, data, monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    title = f"{component.kind} {component.name}"
    given, values, *examples = data.get(title, ({}, {}))
    seen = judged(Candidate(component, given=given, data=examples[0] if examples else ()), values)
    assert {name for name, shows in seen.items() if not shows} == set(DECLARED.get(title, {}))


def test_nothing_is_declared_of_what_is_gone():
    assert DECLARED.keys() <= {f"{c.kind} {c.name}" for c in COMPONENTS}
    assert ASKS_A_NETWORK == ("download",)  # what it does: plugins/ganzoo-data/tests/test_download.py
