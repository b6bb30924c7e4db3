"""Metrics during a run: they leave the training as it is, and one without a number does not end it."""

import json

import numpy as np
import pytest
import torch
from measured import DIGITS, RING, events, train
from safetensors.torch import load_file

from ganzoo import Metric
from ganzoo.cli import invoke
from ganzoo.config import parse_config, resolve, resolve_alone
from ganzoo.data.cache import Cache
from ganzoo.engine.batches import SampleReader
from ganzoo.engine.build import build
from ganzoo.engine.evaluation import Evaluations, Subjects
from ganzoo.engine.observers import Observers
from ganzoo.engine.signals import Stop
from ganzoo.registry import Component, Registry
from ganzoo.runs.trained import load_trained
from ganzoo.ui.progress import reporter


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def one_cache(shared, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(shared))


def test_metrics_during_a_run_leave_the_training_as_it_is(tmp_path):
    without = train(tmp_path / "a", DIGITS)
    measured = "metrics=[{name: classifier_fid, every: 2, samples: 200, real_samples: 200}]"
    with_metrics = train(tmp_path / "b", DIGITS, measured)
    lines = [json.loads(line) for line in (with_metrics / "metrics.jsonl").read_text().splitlines()]
    evaluated = [line for line in lines if line["event"] == "evaluated"]
    assert [line["step"] for line in evaluated] == [2, 4]
    assert all(np.isfinite(line["values"]["classifier_fid"]) for line in evaluated)
    for name in ("generator", "critic"):
        one, two = (load_file(run / "weights" / f"{name}.safetensors") for run in (without, with_metrics))
        assert all(torch.equal(one[key], two[key]) for key in one)


def test_made_samples_are_those_of_the_seed_whatever_the_batches(tmp_path, monkeypatch):
    run = train(tmp_path, DIGITS)
    found = []
    for size in (250, 70):
        monkeypatch.setattr("ganzoo.engine.evaluation.BATCH", size)
        monkeypatch.setattr("ganzoo.metrics.subject.BATCH", size)
        trained = load_trained(run, None, Registry.installed())
        dataset = trained.dataset.build()
        batches = SampleReader(dataset.arrays(Cache()), trained.data, trained.runtime)
        subjects = Subjects(trained.generator, batches, dataset, trained.dataset, seed=3, reporter=reporter(quiet=True))
        made = list(subjects.make(trained.values, {}).generated(300))
        assert max(len(fields["sample"]) for fields in made) <= size
        found.append({name: torch.cat([fields[name] for fields in made]) for name in ("sample", "label")})
    assert torch.equal(found[0]["label"], found[1]["label"])
    torch.testing.assert_close(found[0]["sample"], found[1]["sample"], atol=1 / 127, rtol=0)
    levels = (found[0]["sample"] + 1) * 127.5
    torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)
    assert len(found[0]["label"].unique()) == 10
    assert found[0]["label"].diff().abs().sum() > 300  # in no order: a score's splits would else hold a class each


class Failing(Metric):
    """Has no number at the first step that it is asked at."""

    asked = 0

    def __init__(self, data):
        pass

    def measure(self, subject):
        type(self).asked += 1
        torch.rand(1), np.random.rand()  # a metric may draw; the training must not notice
        list(subject.generated(10))
        return {"failing": float("nan") if self.asked == 1 else 1.0}


@pytest.fixture
def failing(monkeypatch):
    monkeypatch.setattr(Failing, "asked", 0)
    component = Component("metric", "failing", Failing, "ganzoo-core", "0")
    found = Registry.find
    monkeypatch.setattr(Registry, "find", lambda self, kind, name: component if name.endswith("failing") else found(self, kind, name))


def test_a_metric_without_a_number_does_not_end_a_training(tmp_path, capsys, failing):
    without = train(tmp_path / "a", RING)
    run = train(tmp_path / "b", RING, "metrics=[{name: failing, every: 2}]")
    assert [line["step"] for line in events(run, "evaluated")] == [4]
    (warning,) = events(run, "warning")
    assert warning["step"] == 2
    assert "metric 'failing' has no number at step 2: metric 'failing': failing is nan" in warning["text"]
    one, two = (load_file(folder / "weights" / "generator.safetensors") for folder in (without, run))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_metric_without_a_number_ends_an_eval(tmp_path, capsys, failing):
    run = train(tmp_path, RING)
    assert invoke(["eval", str(run), "-m", "failing"]) == 3
    assert "ganzoo: error: metric 'failing': failing is nan, so there is no number to report" in capsys.readouterr().err
    assert events(run, "evaluated") == []


def test_observers_are_told(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(Observers, "tell", lambda self, hook, **values: told.append((hook, values)))
    train(tmp_path, RING, "metrics=[{name: modes, samples: 50}]")
    ((_, values),) = [each for each in told if each[0] == "evaluated"]
    assert (values["step"], values["metric"], values["values"]["provenance"]["samples"]) == (4, "modes", 50)


def test_a_signal_ends_a_measurement_without_a_number(tmp_path):
    config = parse_config(RING)
    resolved = resolve(config, Registry.installed())
    run, _ = build(config, resolved, reporter(quiet=True))
    evaluations = Evaluations(
        [resolve_alone("metric", "modes", Registry.installed(), "--metric modes")], run, resolved.data, reporter(quiet=True)
    )
    stop = Stop()
    ((name, told),) = evaluations.share_out(["modes"], stop)
    assert (name, told["numbers"]["modes"] >= 0) == ("modes", True)
    stop.signal = 15
    assert list(evaluations.share_out(["modes"], stop)) == [("modes", {})]
