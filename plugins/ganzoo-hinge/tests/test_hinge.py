# mypy: disable-error-code="no-untyped-call"
import pytest
import torch
from ganzoo_hinge.loss import Hinge
from pydantic import ValidationError
from torch import Tensor
from torch.nn.functional import relu

from ganzoo import Critic, DataSpec, Generator, Scores, Terms, Turn
from ganzoo.params import model_of
from ganzoo.registry import Registry

SCORES = DataSpec({"sample": (1,)})


class Identity(Critic):
    """Scores a sample by its own value, and counts its forwards."""

    forwards = 0

    def forward(self, sample: Tensor) -> Scores:
        self.forwards += 1
        return {"score": sample[:, 0]}


def turn_of(side: str, fake: tuple[float, ...] = (-0.5, 1.0, 0.0)) -> tuple[Turn, Tensor, Identity]:
    """A turn whose raw scores are known, the fake scores, which can be differentiated, and the critic."""
    fakes, critic = torch.tensor(fake, dtype=torch.float64, requires_grad=True), Identity()
    reals = {"sample": torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64)[:, None]}
    return Turn(side, Generator(), critic, reals, {}, shared_fake={"sample": fakes[:, None]}), fakes, critic  # type: ignore[arg-type]


def check_values(cls: type[Hinge]) -> None:
    assert cls(SCORES).critic_terms(turn_of("critic")[0])["adversarial"].item() == pytest.approx(2.0, abs=1e-6)
    assert cls(SCORES, weight=3.0).critic_terms(turn_of("critic")[0])["adversarial"].item() == pytest.approx(6.0, abs=1e-6)
    assert cls(SCORES).generator_terms(turn_of("generator")[0])["adversarial"].item() == pytest.approx(-1 / 6, abs=1e-6)
    assert cls(SCORES, weight=3.0).generator_terms(turn_of("generator")[0])["adversarial"].item() == pytest.approx(-0.5, abs=1e-6)


def test_both_sides_meet_the_closed_form() -> None:
    check_values(Hinge)


class Halved(Hinge):
    """A fault: the mean of the real and the fake part, not their sum."""

    def critic_terms(self, turn: Turn) -> Terms:
        return {"adversarial": super().critic_terms(turn)["adversarial"] / 2}


class Swapped(Hinge):
    """A fault: the signs of real and fake exchanged."""

    def critic_terms(self, turn: Turn) -> Terms:
        real, fake = turn.real_scores["score"], turn.fake_scores["score"]
        return {"adversarial": self.weight * (relu(1 + real).mean() + relu(1 - fake).mean())}


class GeneratorWithMargin(Hinge):
    """A fault: a margin on the generator's side, which stops its gradient where a fake is liked."""

    def generator_terms(self, turn: Turn) -> Terms:
        return {"adversarial": self.weight * relu(1 - turn.fake_scores["score"]).mean()}


@pytest.mark.parametrize("faulty", [Halved, Swapped, GeneratorWithMargin])
def test_faulty_losses_are_seen(faulty: type[Hinge]) -> None:
    with pytest.raises(AssertionError):
        check_values(faulty)


def test_the_critic_learns_within_the_margin_only_and_the_generator_everywhere() -> None:
    turn, fake, _ = turn_of("critic", (-2.0, -0.5, 3.0))
    Hinge(SCORES).critic_terms(turn)["adversarial"].backward()
    assert fake.grad is not None
    assert fake.grad.tolist() == pytest.approx([0, 1 / 3, 1 / 3], abs=1e-6)
    turn, fake, _ = turn_of("generator", (-2.0, -0.5, 3.0))
    Hinge(SCORES).generator_terms(turn)["adversarial"].backward()
    assert fake.grad is not None
    assert fake.grad.tolist() == pytest.approx([-1 / 3] * 3, abs=1e-6)


def test_real_samples_and_fakes_share_a_forward_of_the_critic() -> None:
    turn, _, critic = turn_of("critic")
    Hinge(SCORES).critic_terms(turn)
    assert critic.forwards == 1


def test_parameters_are_validated_and_the_name_leads_to_the_class() -> None:
    for bad in ('{"weight": -1}', '{"margin": 1.0}'):
        with pytest.raises(ValidationError):
            model_of(Hinge).model_validate_json(bad)
    assert Registry.installed().find("loss", "ganzoo-hinge/hinge").load() is Hinge
