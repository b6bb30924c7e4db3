"""A player that has collapsed is told of, once, in the log, the progress line and the report; healthy runs raise no alarm."""

from pathlib import Path

import numpy as np
import pytest

from ganzoo import Loss
from ganzoo.registry import Component, Registry
from ganzoo.ui.health import COLLAPSED, LINES, Health, spread
from ganzoo.ui.progress import Task

SHIPPED = Path(__file__).parents[2] / "zoo_configs"
HEALTHY = {
    "critic/gradient_norm": 0.3,
    "generator/gradient_norm": 0.2,
    "critic/real_score": 1.5,
    "critic/fake_score": -0.5,
}
DATA = np.random.default_rng(0).integers(0, 256, (64, 1, 8, 8), np.uint8)
SIGNS = {
    "generator gets no gradient": {"generator/gradient_norm": 0.0},
    "critic gets no gradient": {"critic/gradient_norm": 1e-13},
    "critic tells nothing apart": {"critic/real_score": 0.123456789, "critic/fake_score": 0.12345679},
    "critic runs away": {"critic/real_score": 3e4, "critic/fake_score": -2e5},
}


@pytest.mark.parametrize("cause", SIGNS)
def test_a_sign_that_lasts_is_told_once(cause):
    health = Health(DATA)
    told = [health.read_log(HEALTHY | SIGNS[cause]) for _ in range(10)]
    assert [len(texts) for texts in told] == [0] * (LINES - 1) + [1] + [0] * (10 - LINES)
    assert health.in_short == cause
    assert health.read_log(HEALTHY) == []
    assert health.in_short == ""
    assert [text for _ in range(10) for text in health.read_log(HEALTHY | SIGNS[cause])] == []  # not a second time
    assert health.in_short == cause


@pytest.mark.parametrize("cause", SIGNS)
def test_one_odd_line_is_no_alarm(cause):
    health = Health(DATA)
    assert [text for _ in range(10) for line in (HEALTHY, HEALTHY | SIGNS[cause]) for text in health.read_log(line)] == []


def test_a_side_that_rests_is_not_dead():
    health = Health(DATA)
    assert [text for _ in range(10) for text in health.read_log({"generator/gradient_norm": 0.2})] == []


def test_a_grid_of_samples_that_are_all_alike_is_told_at_the_second():
    alike = DATA[:1] // 2 + (DATA * (COLLAPSED * 0.9)).astype(np.uint8)
    assert spread(alike) < COLLAPSED * spread(DATA)
    health = Health(DATA)
    assert health.read_samples(alike) == []
    (text,) = health.read_samples(alike)
    assert "its samples are alike, their spread is" in text
    assert health.read_samples(alike) == []
    assert Health(DATA).read_samples(DATA // 2) == []
    few = Health(DATA)
    assert [few.read_samples(alike[:1]) for _ in range(3)] == [[]] * 3  # one sample has no spread


class Flat(Loss):
    """Draws every score to nothing, and the generator nowhere."""

    def __init__(self, data):
        super().__init__()

    def critic_terms(self, turn):
        return {"adversarial": 0 * (turn.real_scores["score"].mean() + turn.fake_scores["score"].mean())}

    def generator_terms(self, turn):
        return {"adversarial": turn.fake["sample"].square().mean()}


@pytest.fixture
def with_flat_loss(monkeypatch):
    registry = Registry.installed()
    registry.components.append(Component("loss", "flat", Flat, "ganzoo-test", "1.0"))
    monkeypatch.setattr(Registry, "installed", lambda: registry)


@pytest.mark.usefixtures("with_flat_loss")
@pytest.mark.promise("Divergence", "A collapsed generator and a dead critic are told of once, in the log, the progress line and the report")
def test_a_dead_critic_and_a_collapsed_generator_are_shown_everywhere(train, left, monkeypatch, found):
    shown = []
    monkeypatch.setattr(Task, "show", lambda self, text: shown.append(text))
    pace = ["train.steps=150", "log.every=10", "sample.every=50", "optimizer.generator={name: adam, lr: 0.05}", "train.ema=null"]
    said = train("out", "loss=flat", "generator.norm=none", *pace)
    warnings = [line["text"] for line in left("out").events if line["event"] == "warning"]
    assert [text.partition(":")[0] for text in warnings] == ["the critic no longer learns", "the generator has collapsed"]
    assert all(f"ganzoo: warning: {text}" in said for text in warnings)
    assert shown[-1].startswith("critic gets no gradient")
    assert "the generator has collapsed" in Path("out/report.html").read_text()
    found("1 warning each")


@pytest.mark.promise("Divergence", "Weight clipping that takes the generator's gradient away is told of")
def test_clipping_a_deep_critic_takes_the_gradient_away(train, left, found):
    critic = "critic={name: mlp, hidden: [8, 8, 8, 8, 8, 8]}"
    train("out", critic, "loss=[wasserstein, {name: weight_clip, clip: 0.001}]", "train.steps=40", "log.every=5")
    texts = [line["text"] for line in left("out").events if line["event"] == "warning"]
    assert any("the generator no longer learns: its gradient norm is" in text for text in texts)
    found("clip 0.001 over six layers")


@pytest.mark.slow
@pytest.mark.promise("Divergence", "No false alarm in the first 300 steps of the recipes that need no download")
@pytest.mark.parametrize(
    "name", [path.stem for path in sorted(SHIPPED.glob("*.yaml")) if path.stem.partition("_")[0] in ("ring", "grid", "quickstart")]
)
def test_a_healthy_run_raises_no_alarm(name, train, left, monkeypatch, found):
    Path("ring.yaml").write_bytes((SHIPPED / f"{name}.yaml").read_bytes())
    grids = []
    read = Health.read_samples
    monkeypatch.setattr(Health, "read_samples", lambda self, made: grids.append(spread(made) / self._real) or read(self, made))
    train("out", "train.steps=300", "log.every=10", "sample.every=50", "train.device=cpu", "train.threads=1", "metrics=[]")
    assert [line["text"] for line in left("out").events if line["event"] == "warning"] == []
    found(f"{name}: spread at least {min(grids):.2f} of the data's")
