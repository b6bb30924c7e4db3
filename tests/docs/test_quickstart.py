"""The quickstart's promise, kept whole: ten rows of ten digits in three CPU minutes (tools/test -m slow tests/docs/test_quickstart.py)."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_metrics.digit_classifier import load_digit_classifier

RECIPE = Path(__file__).parents[2] / "zoo_configs" / "quickstart.yaml"


@torch.no_grad()
def accuracy(samples: np.ndarray, labels: np.ndarray) -> float:
    """Share of the samples (N, 1, 28, 28) uint8 in which the classifier, trained on all of MNIST, sees the asked-for digit."""
    classifier = load_digit_classifier()
    seen = [classifier(torch.from_numpy(part).float() / 127.5 - 1).argmax(1) for part in np.array_split(samples, len(samples) // 500)]
    return float((torch.cat(seen).numpy() == labels).mean())


@pytest.mark.slow
def test_the_quickstart_makes_the_digits_it_is_asked_for(tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ganzoo = [sys.executable, "-m", "ganzoo"]
    subprocess.run([*ganzoo, "run", RECIPE, "--out", tmp_path / "run", "--quiet"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*ganzoo, "sample", tmp_path / "run", "-n", "10000", "--npz", tmp_path / "samples.npz"], check=True)
    with np.load(tmp_path / "samples.npz") as arrays:
        found = accuracy(arrays["sample"], arrays["label"])
        assert np.bincount(arrays["label"]).tolist() == [1000] * 10
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"accuracy {found:.4f} in {seconds:.0f} CPU seconds")
    assert found >= 0.96
    assert seconds <= 180


def test_the_judge_tells_digits_from_noise():
    """So that the accuracy above can fail: noise is not recognised as what was asked for."""
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1, 28, 28), np.uint8)
    assert accuracy(noise, np.arange(1000) % 10) < 0.3
