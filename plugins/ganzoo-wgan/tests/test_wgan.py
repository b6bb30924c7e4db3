# mypy: disable-error-code="no-untyped-call"
import subprocess
import sys

import pytest
import torch
from ganzoo_wgan.schedule import WGANSchedule
from ganzoo_wgan.wasserstein import Wasserstein
from ganzoo_wgan.weight_clip import WeightClip
from pydantic import ValidationError
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Generator, Scores, Turn
from ganzoo.params import model_of
from ganzoo.registry import Registry

SCORES = DataSpec({"sample": (1,)})


class Identity(Critic):
    """Scores a sample by its own value."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample[:, 0]}


class Normalised(Critic):
    """A linear layer and a batch norm, for the clip."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.norm_layer = nn.Linear(7, 1, dtype=torch.float64), nn.BatchNorm1d(1, dtype=torch.float64)

    def forward(self, sample: Tensor) -> Scores:
        return {"score": self.norm_layer(self.linear(sample))[:, 0]}


def turn_of(side: str) -> tuple[Turn, Tensor]:
    """A turn whose raw scores are those of the golden values, and the fake scores, which can be differentiated."""
    fakes = torch.tensor([-0.5, 1.0, 0.0], dtype=torch.float64, requires_grad=True)
    reals = {"sample": torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64)[:, None]}
    return Turn(side, Generator(), Identity(), reals, {}, shared_fake={"sample": fakes[:, None]}), fakes  # type: ignore[arg-type]


def test_wasserstein_meets_the_closed_form() -> None:
    turn, fake = turn_of("critic")
    assert Wasserstein(SCORES).critic_terms(turn)["adversarial"].item() == pytest.approx(-0.333333333333, abs=1e-6)
    assert Wasserstein(SCORES, weight=3.0).critic_terms(turn)["adversarial"].item() == pytest.approx(-1.0, abs=1e-6)
    assert Wasserstein(SCORES, weight=3.0).estimates(turn)["wasserstein_estimate"].item() == pytest.approx(0.333333333333, abs=1e-6)
    turn, fake = turn_of("generator")
    term = Wasserstein(SCORES).generator_terms(turn)["adversarial"]
    term.backward()
    assert fake.grad is not None
    assert term.item() == pytest.approx(-0.166666666667, abs=1e-6)
    assert fake.grad.tolist() == pytest.approx([-1 / 3] * 3, abs=1e-6)


def check_clip(cls: type[WeightClip]) -> None:
    critic = Normalised()
    with torch.no_grad():
        critic.linear.weight.copy_(torch.tensor([[-0.5, -0.01, -0.003, 0.0, 0.0099, 0.01, 3.0]], dtype=torch.float64))
    cls(SCORES).constrain_(critic)
    wanted = [-0.01, -0.01, -0.003, 0.0, 0.0099, 0.01, 0.01]
    assert critic.linear.weight[0].tolist() == pytest.approx(wanted, abs=1e-12)
    assert critic.norm_layer.weight.item() == pytest.approx(0.01)  # batch norm's gain, which starts at 1, is clipped too
    cls(SCORES, clip=0.002).constrain_(critic)
    assert max(p.abs().max().item() for p in critic.parameters()) == pytest.approx(0.002)


def test_clip_bounds_every_parameter() -> None:
    check_clip(WeightClip)


class Unused(WeightClip):
    """A fault: the clip value is taken and not used."""

    def constrain_(self, critic: Critic) -> None:
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-0.01, 0.01)


class NotTheGains(WeightClip):
    """A fault: batch norm's gains are left out."""

    def constrain_(self, critic: Critic) -> None:
        gains = [m.weight for m in critic.modules() if isinstance(m, nn.BatchNorm1d)]
        with torch.no_grad():
            for parameter in critic.parameters():
                if all(parameter is not gain for gain in gains):
                    parameter.clamp_(-self.clip, self.clip)


@pytest.mark.parametrize("faulty", [Unused, NotTheGains])
def test_faulty_clips_are_seen(faulty: type[WeightClip]) -> None:
    with pytest.raises(AssertionError):
        check_clip(faulty)


def test_clip_adds_no_term_and_keeps_no_gradient() -> None:
    loss, critic = WeightClip(SCORES), Normalised()
    assert loss.critic_terms(turn_of("critic")[0]) == loss.generator_terms(turn_of("generator")[0]) == {}
    loss.constrain_(critic)
    assert all(p.is_leaf and p.requires_grad and p.grad_fn is None for p in critic.parameters())


def test_schedule_is_the_authors() -> None:
    schedule = WGANSchedule(SCORES)
    updates = [schedule.plan(step, 2000).critic_updates for step in range(2000)]
    assert [step for step, n in enumerate(updates) if n == 100] == [*range(25), 500, 1000, 1500]
    assert set(updates) == {5, 100}
    assert all(schedule.plan(step, 2000).generator_updates == 1 for step in (0, 24, 25, 500))


def test_schedule_can_be_changed() -> None:
    plain = WGANSchedule(SCORES, critic_updates=2, boost_steps=0, boost_every=0)
    assert {plain.plan(step, 1000).critic_updates for step in range(1000)} == {2}
    boosted = WGANSchedule(SCORES, critic_updates=2, boost_updates=7, boost_steps=3, boost_every=4)
    assert [boosted.plan(step, 9).critic_updates for step in range(9)] == [7, 7, 7, 2, 7, 2, 2, 2, 7]


def test_parameters_are_validated() -> None:
    for cls, bad in [
        (WeightClip, '{"clip": 0}'),
        (WeightClip, '{"clip": -0.01}'),
        (Wasserstein, '{"weight": "1"}'),
        (WGANSchedule, '{"critic_updates": 0}'),
        (WGANSchedule, '{"critic_update": 5}'),
    ]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)


def test_door_imports_no_torch_and_leads_to_the_classes() -> None:
    code = "import sys, ganzoo_wgan; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    registry = Registry.installed()
    assert registry.find("loss", "ganzoo-wgan/wasserstein").load() is Wasserstein
    assert registry.find("loss", "ganzoo-wgan/weight_clip").load() is WeightClip
    assert registry.find("schedule", "ganzoo-wgan/wgan").load() is WGANSchedule
