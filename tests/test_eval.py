"""Metrics during a run and by ``ganzoo eval``: numbers with provenance, and a training that they leave as it is."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ganzoo.cli import invoke
from ganzoo.errors import GanzooError, UserError
from ganzoo.metrics.statistics import Statistics
from ganzoo.progress import reporter

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
    folder.mkdir(exist_ok=True)
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
    (tmp_path / "a").mkdir()
    without = train(tmp_path / "a", DIGITS)
    measured = "metrics=[{name: classifier_fid, every: 2, samples: 200, real_samples: 200}]"
    (tmp_path / "b").mkdir()
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
        (RING, ["-m", "classifier_fid"], "the judge reads grey digits"),
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
