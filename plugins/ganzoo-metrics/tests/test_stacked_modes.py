"""The count of the modes of stacked MNIST, on the data set that another distribution gives."""

import json

import numpy as np
import pytest
import torch
from ganzoo_data.stacked import StackedMNIST
from ganzoo_metrics.mode_coverage import StackedModes

from ganzoo import DataSpec, UserError
from ganzoo.cli import invoke
from ganzoo.data.cache import Cache
from ganzoo.data.digits import Digits
from ganzoo.data.toys import Ring
from ganzoo.metrics.real import RealSamples, to_float
from ganzoo.metrics.statistics import Statistics
from ganzoo.metrics.subject import Subject
from ganzoo.ui.progress import reporter

DATA = DataSpec({"sample": (3, 28, 28), "label": ()}, 1000)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return Digits().arrays(Cache(tmp_path_factory.mktemp("digits")))


def arrays(tmp_path, **parameters):
    return StackedMNIST(**parameters).arrays(Cache(tmp_path))


def subject(tmp_path, images, dataset=None):
    """A subject whose generator makes ``images`` (N, 3, 28, 28) uint8."""
    return Subject(
        DATA,
        dataset or StackedMNIST(count=10),
        make=lambda n: iter([{"sample": to_float(images[:n], torch.device("cpu"))}]),
        real=RealSamples(DATA, lambda split: {"sample": images}),
        conditional=False,
        device=torch.device("cpu"),
        facts={},
        statistics=Statistics(tmp_path, reporter(quiet=True)),
    )


def measure(tmp_path, images):
    metric, made = StackedModes(DATA, samples=len(images)), subject(tmp_path, images)
    metric.prepare(made)
    return metric.measure(made)


def test_the_data_covers_what_it_holds(tmp_path):
    found = arrays(tmp_path, count=600)
    values = measure(tmp_path, found["sample"])
    held = len(np.unique(found["label"]))
    assert abs(values["modes"] - held) <= 10  # the classifier errs in two stacks of a hundred
    counts = np.bincount(found["label"], minlength=1000)
    share = counts[counts > 0] / counts.sum()
    assert values["kl"] == pytest.approx(float((share * np.log(share * 1000)).sum()), abs=0.03)


def test_a_generator_of_one_image_covers_one_mode(tmp_path):
    values = measure(tmp_path, np.repeat(arrays(tmp_path, count=1)["sample"], 50, axis=0))
    assert values["modes"] == 1
    assert values["kl"] == pytest.approx(np.log(1000))


def test_the_order_of_channels_matters(tmp_path, digits):
    one, two = (digits["sample"][np.argmax(digits["label"] == digit), 0] for digit in (1, 2))
    images = np.stack([np.stack([one, one, two]), np.stack([two, one, one]), np.stack([one, two, one])])
    assert measure(tmp_path, images)["modes"] == 3


def test_other_data_is_refused(tmp_path):
    with pytest.raises(UserError, match="images of 3x28x28, this data is images of 1x28x28"):
        StackedModes(DataSpec({"sample": (1, 28, 28)}))
    with pytest.raises(UserError, match="Ring are no digits"):
        StackedModes(DATA).prepare(subject(tmp_path, np.zeros((1, 3, 28, 28), np.uint8), Ring()))


def test_a_run_counts_its_modes(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "c.yaml").write_text(
        "data: {name: stacked_mnist, count: 40}\n"
        "generator: {name: dcgan, width: 4, latent_dim: 4}\n"
        "critic: {name: dcgan, width: 4}\n"
        "loss: non_saturating\n"
        "train: {steps: 2, batch_size: 4, device: cpu, threads: 1}\n"
        "sample: {count: 4}\n"
        "metrics: [{name: stacked_modes, samples: 100}]\n"
    )
    assert invoke(["run", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "run"), "-q"]) == 0
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    (found,) = [line for line in lines if line["event"] == "evaluated"]
    assert 1 <= found["values"]["modes"] <= 100
    assert found["values"]["provenance"]["samples"] == 100
    assert found["values"]["provenance"]["network"].startswith("digits ")
