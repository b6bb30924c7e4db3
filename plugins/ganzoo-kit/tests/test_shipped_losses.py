"""Every loss and penalty against its formula in float64, where scores come in patches, one sample at a time, or depend on the label."""

import formulas
import pytest
import torch
from formulas import OTHERS, SCORES, K, Shaped, built
from processes import start
from torch import nn

from ganzoo import DataSpec, Generator
from ganzoo.engine.distributed import Ranks
from ganzoo.registry import Registry
from ganzoo.turn import Turn

DATA = DataSpec({"sample": (1, 4, 4), "label": ()}, classes=K)
SHAPES = {"one score": (), "a column": (1,), "patches": (3, 2), "channels of patches": (1, 2, 2)}


class Made(Generator):
    """Gives the fakes that it is given."""

    def __init__(self, fakes):
        super().__init__()
        self.fakes = nn.Parameter(fakes)

    def forward(self, label):
        return {"sample": self.fakes}


def game(n, shape, conditional):
    """Critic, and both batches."""
    random = torch.Generator().manual_seed(n)
    real, fake = torch.randn(2, n, 1, 4, 4, generator=random, dtype=torch.float64).tanh()
    return Shaped(shape, conditional), {"sample": real, "label": torch.arange(n) % K}, fake


IN_THEIR_PLUGINS = {
    *("ada", "augment", "diffaugment", "image_pool", "fade_reals", "top_k_fakes"),  # they change what is seen or counts, and have no term
    "weight_clip",  # it has none either: what it leaves within its bounds is a test of ganzoo-wgan
    *("consistency", "latent_consistency"),  # each process draws its own changes
    "pulling_away",  # of the pairs of a process's share, as its README says
    *("mutual_information", "path_length", "orthogonal"),  # of the generator's codes, its Jacobian, its weights
    *("cycle_consistency", "identity_mapping", "domain_transfer", "reconstruction"),  # of data with a source, or a mask
    *("matching_attributes", "inversion"),  # of data with attributes, of encoders
    *("matching_aware", "conditioning_kl"),  # of texts: ganzoo-stackgan
    *("perceptual", "unrolled"),  # of a network in float32; of steps of the critic's optimizer
}
"""Their formulas stand in the tests of their plugins, on the networks and data that they need."""


@pytest.fixture(autouse=True)
def halves(monkeypatch):
    """Uniform random numbers are all 0.5."""
    monkeypatch.setattr(torch, "rand", formulas.halves)
    monkeypatch.setattr(torch, "rand_like", lambda value: torch.full_like(value, 0.5))


def turn_of(side, loss, critic, batch, fake):
    return Turn(side, Made(fake), critic, batch, {}, views=[loss])


def total(terms):
    return sum(terms.values()) if terms else None


CASES = pytest.mark.parametrize(
    ("n", "shape", "conditional"),
    [pytest.param(n, shape, c, id=f"{n} of {s}{' by label' * c}") for n in (1, 2, 5) for s, shape in SHAPES.items() for c in (False, True)],
)


@CASES
def test_a_loss_and_its_gradient_are_those_of_the_formula(n, shape, conditional):
    critic, batch, fake = game(n, shape, conditional)
    for name, objectives in SCORES.items():
        loss = built(name, DATA)
        for side, formula in zip(("critic", "generator"), objectives, strict=True):
            turn = turn_of(side, loss, critic, batch, fake)
            ours = total(loss.critic_terms(turn) if side == "critic" else loss.generator_terms(turn))
            r, f = (critic(sample, batch["label"])["score"] for sample in (batch["sample"], fake))
            theirs = formula(r, f)
            assert ours.item() == pytest.approx(theirs.item(), rel=1e-12, abs=1e-14), name
            if side == "critic":
                for own, other in zip(*(torch.autograd.grad(value, critic.scores) for value in (ours, theirs)), strict=True):
                    torch.testing.assert_close(own, other, rtol=1e-10, atol=1e-14)


@CASES
def test_a_penalty_and_what_is_of_more_than_scores_is_that_of_the_formula(n, shape, conditional):
    critic, batch, fake = game(n, shape, conditional)
    for name, formulas_of in OTHERS.items():
        loss = built(name, DATA)
        for side in ("critic", "generator"):
            ours = total(getattr(loss, f"{side}_terms")(turn_of(side, loss, critic, batch, fake)))
            if side in formulas_of:
                theirs = formulas_of[side](critic, batch["sample"], fake, batch["label"])
                assert ours.item() == pytest.approx(theirs.item(), rel=1e-12, abs=1e-14), name
            else:
                assert ours is None, name


def test_the_formulas_hold_in_a_run_on_two_ranks_and_in_one_that_is_resumed():
    """Of patches that depend on the label, each loss a step of one run, which goes on from a checkpoint between them."""
    together, _ = start(2, formulas.apart)
    for found in (together, formulas.apart(Ranks(), resumed=True)):
        assert {name.partition(",")[0] for name in found} == {*SCORES, *OTHERS}
        assert max(found.values()) < 1e-12, found


def test_every_shipped_loss_has_a_formula_here_or_a_reason():
    shipped = {c.name for c in Registry.installed().of_kind("loss") if c.distribution.startswith("ganzoo-")}
    assert shipped == {*SCORES, *OTHERS, *IN_THEIR_PLUGINS}
