"""``ganzoo eval``: numbers with their provenance, and refusals in one line."""

import json

import pytest
import torch
from ganzoo_metrics.digit_classifier import DigitClassifier
from measured import DIGITS, RING, events, train
from safetensors.torch import load_file

from ganzoo.cli import invoke
from ganzoo.rundir import read_record
from ganzoo.rundir.files import GENERATOR
from ganzoo.rundir.weights import export, metadata

SPREAD = """\
from ganzoo import DataSpec, Metric


class Spread(Metric):
    \"\"\"The standard deviation of samples.\"\"\"

    def __init__(self, data: DataSpec) -> None:
        super().__init__()

    def measure(self, subject):
        return {"spread": float(next(subject.generated(20))["sample"].std())}
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def one_cache(shared, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(shared))


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
    assert provenance["network"].startswith("digits ")
    assert (provenance["samples"], provenance["real_samples"], provenance["data"]) == (300, 500, "digits")
    assert (provenance["weights"], provenance["seed"], provenance["shape"]) == ("ema", 0, "1x28x28")


def test_another_release_of_the_plugin_and_older_weights_are_told_where_the_run_is_used(tmp_path, capsys):
    run = train(tmp_path, RING, "metrics=[modes]")
    path = run / GENERATOR
    facts = metadata(path)
    export(load_file(path), path, **facts | {"step": 1, "versions": facts["versions"] | {"ganzoo-vanilla": "0.0.9"}})
    assert invoke(["eval", str(run), "-m", "modes"]) == 0
    said = capsys.readouterr().err
    assert "note: it was trained with ganzoo-vanilla 0.0.9 (here" in said
    assert "generator.safetensors is of step 1, the newest checkpoint of step 4" in said
    (found,) = [found for found in read_record(run).evaluations if not found.by_run]
    assert found.facts["generator"].endswith("trained with 0.0.9")


def test_a_record_of_other_data_than_the_weights_were_trained_on_is_refused(tmp_path, capsys):
    run = train(tmp_path, RING, "metrics=[modes]")
    known = json.loads((run / "env.json").read_text())
    known["data"]["scale"] *= 2  # samples would come out in other units
    (run / "env.json").write_text(json.dumps(known))
    assert invoke(["sample", str(run)]) == 2
    assert "env.json tells of other data than its weights were trained on" in capsys.readouterr().err


def test_modes_of_a_toy(tmp_path, capsys):
    run = train(tmp_path, RING, "metrics=[modes]")
    capsys.readouterr()
    assert invoke(["eval", str(run), "-m", "modes"]) == 0
    assert capsys.readouterr().out.startswith("modes: modes ")
    assert '"event": "evaluated"' in (run / "metrics.jsonl").read_text()


def test_without_a_metric_those_of_the_runs_configuration_are_measured_as_the_run_did(tmp_path, capsys):
    run = train(tmp_path, RING, "metrics=[{name: modes, samples: 60}, {name: modes, samples: 70, every: 2}]", "train.seed=3")
    before = [(line["metric"], line["values"]) for line in events(run, "evaluated") if line["step"] == 4]
    capsys.readouterr()
    assert invoke(["eval", str(run), "--seed", "3", "--json"]) == 0
    assert [(found["metric"], found["values"]) for found in json.loads(capsys.readouterr().out)] == before
    assert [name for name, _ in before] == ["modes", "modes#2"]
    assert invoke(["eval", str(run), "-o", "samples=80", "--json"]) == 0
    assert [found["values"]["provenance"]["samples"] for found in json.loads(capsys.readouterr().out)] == [80, 80]


def test_metrics_of_a_file_that_the_run_keeps_are_among_its_own(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "spread.py").write_text(SPREAD)
    (tmp_path / "ring.yaml").write_text(RING + "metrics: [spread]\n")
    run = tmp_path / "run"
    assert invoke(["run", str(tmp_path / "ring.yaml"), "--plugin", str(tmp_path / "spread.py"), "--out", str(run), "-q"]) == 0
    (tmp_path / "spread.py").unlink()
    assert invoke(["eval", str(run)]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out.splitlines()[-1].startswith("spread: spread ")


def test_pictures_have_no_metrics_of_their_own(tmp_path, capsys):
    assert invoke(["eval", "--images", str(tmp_path), "--against", str(tmp_path)]) == 2
    assert "no metric is named; name one: --metric METRIC" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (RING, [], "run: --metric: its configuration lists no metrics; name one: --metric METRIC"),
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
    metrics = ["-m", "classifier_fid", "-m", "{name: precision_recall, network: digits, neighbours: 5}"]
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


def test_check_finds_out_about_metrics_too(tmp_path, capsys):
    (tmp_path / "c.yaml").write_text(RING + "metrics: [classifier_fid]\n")
    assert invoke(["check", str(tmp_path / "c.yaml")]) == 2
    assert "c.yaml:7: metrics.0: the digit classifier reads grey digits" in capsys.readouterr().err
