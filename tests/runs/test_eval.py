"""Metrics during a run and by ``ganzoo eval``: numbers with provenance, and a training that they leave as it is."""

import json

import numpy as np
import pytest
import torch
from ganzoo_metrics.digit_classifier import DigitClassifier
from safetensors.torch import load_file

from ganzoo import Metric
from ganzoo.cli import invoke
from ganzoo.config import parse_config, resolve, resolve_metrics
from ganzoo.data.cache import Cache
from ganzoo.engine.batches import SampleReader
from ganzoo.engine.build import build
from ganzoo.engine.evaluation import Evaluations, Subjects
from ganzoo.engine.observers import Observers
from ganzoo.engine.signals import Interrupted, Stop
from ganzoo.errors import GanzooError, UserError
from ganzoo.metrics.statistics import Statistics
from ganzoo.registry import Component, Registry
from ganzoo.runs.trained import load_trained
from ganzoo.ui.progress import reporter

DIGITS = """
data: digits
generator: {name: acgan, width: 4, latent_dim: 4, kernel: 4}
critic: {name: acgan, width: 4, refine: false, norm: none, dropout: 0.0}
loss: [non_saturating, label_classification]
train: {steps: 4, batch_size: 8, ema: 0.9, device: cpu, threads: 1}
sample: {count: 10}
"""
RING = """
data: {name: ring, count: 3000}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: least_squares
train: {steps: 4, batch_size: 8, device: cpu, threads: 1}
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def one_cache(shared, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(shared))


def train(folder, text, *overrides):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml.in").write_text(text)
    options = [part for override in overrides for part in ("-o", override)]
    assert invoke(["run", str(folder / "config.yaml.in"), "-q", "--out", str(folder / "run"), *options]) == 0
    return folder / "run"


def test_classifier_fid_carries_its_provenance_and_is_the_same_twice(tmp_path, capsys):
    run = train(tmp_path, DIGITS)
    found = []
    for _ in range(2):
        capsys.readouterr()
        assert invoke(["eval", str(run), "--metric", "classifier_fid", "-o", "samples=300", "-o", "real_samples=500", "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)[0])
    assert found[0] == found[1]
    values, provenance = found[0]["values"], found[0]["values"]["provenance"]
    assert values["classifier_fid"] > 100  # four steps make no digits
    assert 0 <= values["conditional_accuracy"] <= 1
    assert provenance["network"].startswith("judge ")
    assert (provenance["samples"], provenance["real_samples"], provenance["data"]) == (300, 500, "digits")
    assert (provenance["weights"], provenance["seed"], provenance["shape"]) == ("ema", 0, "1x28x28")


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


def test_modes_of_a_toy(tmp_path, capsys):
    run = train(tmp_path, RING, "metrics=[modes]")
    capsys.readouterr()
    assert invoke(["eval", str(run), "-m", "modes"]) == 0
    assert capsys.readouterr().out.startswith("modes: modes ")
    assert '"event": "evaluated"' in (run / "metrics.jsonl").read_text()


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (RING, ["-m", "classifier_fid"], "the digit classifier reads grey digits"),
        (RING, ["-m", "fid"], "Inception reads colour images"),
        (DIGITS, ["-m", "modes"], "modes are counted of 2-D points"),
        (DIGITS, ["-m", "fid"], "repeat_grey"),
        (DIGITS, ["-m", "fid", "-o", "repeat_grey=true"], "download"),
        (DIGITS, ["-m", "fid", "-o", "repeat_grey=true", "-o", "samples=2048"], "at least 2049"),
        (DIGITS, ["-m", "fid", "-o", "repeat_grey=true", "--inception-weights", "absent.pth"], "absent.pth"),
        (DIGITS, ["-m", "classifier_fid", "-o", "samples=128"], "at least 129"),
        (DIGITS, ["-m", "classifier_fid", "-o", "split=test"], "no splits"),
        (DIGITS, ["-m", "classifier_fid", "-o", "real_samples=20000"], "ask for at most 10000"),
        (DIGITS, ["-m", "clasifier_fid"], "did you mean 'classifier_fid'"),
        (DIGITS, ["-m", "classifier_fid", "-o", "smaples=5"], "-o smaples=5: smaples: there is no such parameter; did you mean 'samples'"),
        (DIGITS, ["-m", "classifier_fid", "-o", "samples=few"], "-o samples=few: samples: expects an integer > 0"),
        (DIGITS, ["-m", "classifier_fid, modes"], "name one at a time"),
        (DIGITS, ["-m", "{name: classifier_fid, every: 5}"], "name one at a time, without 'every'"),
        (DIGITS, ["-m", "classifier_fid", "--weights", "absent.pth"], "there is no weights file absent.pth"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(tmp_path, capsys, text, arguments, said):
    run = train(tmp_path, text)
    capsys.readouterr()
    assert invoke(["eval", str(run), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("ganzoo: error: ")
    assert said in captured.err
    assert captured.out == ""


def test_a_metric_that_cannot_be_measured_is_refused_before_the_first_step(tmp_path, capsys):
    (tmp_path / "c.yaml").write_text(DIGITS + "metrics: [{name: fid, repeat_grey: true}]\n")
    assert invoke(["run", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "run")]) == 2
    assert "c.yaml:8: metrics.0: Inception metrics need Inception's weights" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def events(run, kind):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["event"] == kind]


def test_what_eval_finds_is_noted_behind_whole_lines(tmp_path, capsys):
    run = train(tmp_path, RING)
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"event": "log", "st')  # a killed run tears its last line
    before = len((run / "metrics.jsonl").read_text().splitlines())
    assert invoke(["eval", str(run), "-m", "modes", "-o", "samples=100", "--seed", "7"]) == 0
    lines = (run / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == before + 1
    found = json.loads(lines[-1])
    assert (found["event"], found["step"], found["metric"]) == ("evaluated", 4, "modes")
    assert (found["values"]["provenance"]["samples"], found["values"]["provenance"]["seed"]) == (100, 7)
    assert found["values"]["provenance"]["weights"] == "raw"
    out = capsys.readouterr().out.splitlines()[-1]
    assert out.startswith(f"modes: modes {found['values']['modes']}, high_quality ")
    assert "samples 100" in out
    assert "seed 7" in out


@pytest.mark.parametrize("prefix", ["", "module."])
def test_weights_from_elsewhere_are_measured_under_a_name_of_their_own(tmp_path, prefix):
    run = train(tmp_path, RING)
    state = load_file(run / "weights" / "generator.safetensors")
    torch.save({prefix + name: value for name, value in state.items()}, tmp_path / "other.pth")
    assert invoke(["eval", str(run), "-m", "modes", "--weights", str(tmp_path / "other.pth")]) == 0
    (found,) = events(run, "evaluated")
    assert (found["metric"], found["step"]) == ("modes of other.pth", None)
    assert found["values"]["provenance"]["weights"].startswith("other.pth ")


def test_several_metrics_share_the_parameters_that_they_have(tmp_path, capsys):
    run = train(tmp_path, DIGITS)
    capsys.readouterr()
    metrics = ["-m", "classifier_fid", "-m", "{name: precision_recall, network: judge, neighbours: 5}"]
    assert invoke(["eval", str(run), *metrics, "-o", "samples=150", "-o", "real_samples=160", "--json", "-q"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert {"classifier_fid", "class_kl", "conditional_accuracy"} < first["values"].keys()
    assert {"precision", "recall"} < second["values"].keys()
    assert second["values"]["provenance"]["neighbours"] == 5
    assert first["values"]["provenance"]["samples"] == second["values"]["provenance"]["samples"] == 150
    assert [line["metric"] for line in events(run, "evaluated")] == ["classifier_fid", "precision_recall"]


@pytest.mark.parametrize("option", [[], ["-o", "train.matmul=medium"]])
def test_numbers_do_not_depend_on_how_exact_the_training_was(tmp_path, capsys, option):
    run = train(tmp_path, DIGITS, *option[1:])
    seen = []
    before = torch.get_float32_matmul_precision()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganzoo_metrics.digit_classifier.DigitClassifier.features", spy(DigitClassifier.features, seen))
        assert invoke(["eval", str(run), "-m", "classifier_fid", "-o", "samples=200", "-o", "real_samples=201"]) == 0
    torch.set_float32_matmul_precision(before)
    assert set(seen) == {"highest"}


def spy(function, seen):
    def features(self, images):
        seen.append(torch.get_float32_matmul_precision())
        return function(self, images)

    return features


def test_made_samples_are_those_of_the_seed_whatever_the_batches(tmp_path, monkeypatch):
    run = train(tmp_path, DIGITS)
    found = []
    for size in (250, 70):
        monkeypatch.setattr("ganzoo.engine.evaluation.BATCH", size)
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
    evaluations = Evaluations(resolve_metrics(["modes"], [], Registry.installed()), run, resolved.data, reporter(quiet=True))
    stop = Stop()
    assert evaluations.measure("modes", stop).numbers["modes"] >= 0
    stop.signal = 15
    with pytest.raises(Interrupted):
        evaluations.measure("modes", stop)


def test_check_finds_out_about_metrics_too(tmp_path, capsys):
    (tmp_path / "c.yaml").write_text(RING + "metrics: [classifier_fid]\n")
    assert invoke(["check", str(tmp_path / "c.yaml")]) == 2
    assert "c.yaml:7: metrics.0: the digit classifier reads grey digits" in capsys.readouterr().err


class TestStatistics:
    KEY = {"name": "judged", "n": 3}

    def kept(self, folder):
        statistics = Statistics(folder, reporter(quiet=True))
        statistics.get(self.KEY, lambda: {"mean": np.arange(3.0)})
        (path,) = folder.iterdir()
        return statistics, path

    def never(self):
        raise AssertionError("computed again")

    def test_are_computed_once(self, tmp_path):
        statistics, _ = self.kept(tmp_path)
        assert statistics.get(self.KEY, self.never)["mean"].tolist() == [0, 1, 2]
        assert statistics.get(self.KEY | {"n": 4}, lambda: {"mean": np.ones(1)})["mean"].tolist() == [1]

    @pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:80] + bytes([b[80] ^ 1]) + b[81:], lambda b: b""])
    def test_that_are_damaged_are_computed_again(self, tmp_path, damage):
        statistics, path = self.kept(tmp_path)
        path.write_bytes(damage(path.read_bytes()))
        assert statistics.get(self.KEY, lambda: {"mean": np.full(3, 7.0)})["mean"].tolist() == [7, 7, 7]

    def test_of_something_else_are_refused(self, tmp_path):
        statistics, path = self.kept(tmp_path)
        statistics.get({"name": "judged", "n": 4}, lambda: {"mean": np.zeros(3)})
        (other,) = set(tmp_path.iterdir()) - {path}
        path.write_bytes(other.read_bytes())
        with pytest.raises(UserError, match="of something else"):
            statistics.get(self.KEY, self.never)

    def test_that_are_not_finite_are_not_kept(self, tmp_path):
        statistics = Statistics(tmp_path, reporter(quiet=True))
        with pytest.raises(GanzooError, match="not finite"):
            statistics.get(self.KEY, lambda: {"mean": np.array([1.0, np.nan])})
        assert list(tmp_path.iterdir()) == []
