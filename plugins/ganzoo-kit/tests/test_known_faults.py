"""The faults that well-known implementations have, each with a test that fails when the fault is put in.

Most are seen where the code is tested, by mutating it there: the table says where. The others are put in here.
"""

import ast
from pathlib import Path

import pytest
import torch
from ganzoo_dcgan.networks import DCGANCritic, DCGANGenerator
from ganzoo_vanilla.non_saturating import NonSaturating
from ganzoo_wgan_gp.gradient_penalty import GradientPenalty
from ganzoo_wgan_gp.networks import ResNetGenerator
from torch import nn

from ganzoo import Turn, UserError, compat
from ganzoo.compat.dry_run import fake_tensors
from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.optimizers import descend
from ganzoo.registry import Registry
from ganzoo.testing import EXAMPLES
from ganzoo.ui.progress import reporter

ROOT = Path(__file__).parents[3]
PLUGINS = ROOT / "plugins"
DIGITS = EXAMPLES["labelled 28x28 digits"]
EBGAN = PLUGINS / "ganzoo-ebgan/tests/test_ebgan.py"

SEEN_BY = {
    "softmax before the cross entropy": (PLUGINS / "ganzoo-acgan/tests/test_acgan.py", "test_softmax_before_cross_entropy_is_seen"),
    "BatchNorm(n, 0.8) sets eps": (Path(__file__), "test_batch_norm_of_every_network_has_the_default_eps"),
    "penalty norm over channels only": (PLUGINS / "ganzoo-wgan-gp/tests/test_wgan_gp.py", "test_faulty_norms_are_seen"),
    "one penalty norm for the whole batch": (PLUGINS / "ganzoo-wgan-gp/tests/test_wgan_gp.py", "test_faulty_norms_are_seen"),
    "one epsilon for the whole batch": (PLUGINS / "ganzoo-wgan-gp/tests/test_wgan_gp.py", "test_faulty_interpolations_are_seen"),
    "batch norm in a critic with a gradient penalty": (Path(__file__), "test_batch_norm_under_a_penalty_is_refused"),
    "an unused clip value": (PLUGINS / "ganzoo-wgan/tests/test_wgan.py", "test_faulty_clips_are_seen"),
    "batch norm's gains left unclipped": (PLUGINS / "ganzoo-wgan/tests/test_wgan.py", "test_faulty_clips_are_seen"),
    "the critic's loss reaches the generator": (Path(__file__), "test_the_critics_loss_does_not_reach_the_generator"),
    "resume forgets optimizers or random numbers": (ROOT / "tests/engine/test_resume.py", "test_a_saver_that_forgets_is_caught"),
    "DRAGAN's norm over the whole batch": (PLUGINS / "ganzoo-dragan/tests/test_dragan.py", "test_faulty_norms_are_seen"),
    "EBGAN's generator has a detached target": (EBGAN, "test_fakes_are_pushed_up_to_the_margin_alone"),
    "EBGAN's error has a detached target": (EBGAN, "test_scores_have_the_gradient_of_central_differences_by_the_target_too"),
    "BEGAN's error has a detached target": (
        PLUGINS / "ganzoo-began/tests/test_began.py",
        "test_scores_have_the_gradient_of_central_differences_by_the_target_too",
    ),
    "EBGAN's codes pulled away along the batch": (EBGAN, "test_codes_that_are_normalised_over_the_batch_are_seen"),
    "BEGAN's beta, an option that never reaches the optimizer": (Path(__file__), "test_a_beta_that_is_never_passed_is_seen"),
    "SRGAN's optimizer is not the one of its settings": (Path(__file__), "test_another_optimizer_than_the_configured_is_seen"),
}


@pytest.mark.parametrize("fault", SEEN_BY)
def test_each_known_fault_has_its_test(fault):
    path, name = SEEN_BY[fault]
    functions = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
    assert name in functions


def build_networks():
    """Every installed generator and critic that serves digits, with batch norm where it is a choice, on fake memory."""
    built = []
    for component in (*Registry.installed().of_kind("generator"), *Registry.installed().of_kind("critic")):
        cls = component.load()
        with fake_tensors():
            for parameters in ({"norm": "batch"}, {}):
                try:
                    built.append(cls(DIGITS, **parameters))
                    break
                except (TypeError, UserError):  # no such choice, or it does not serve digits
                    continue
    return built


def check_batch_norms(networks):
    layers = [m for network in networks for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert len(layers) > 10
    assert {(layer.eps, layer.momentum) for layer in layers} == {(1e-5, 0.1)}


def test_batch_norm_of_every_network_has_the_default_eps(monkeypatch):
    networks, right = build_networks(), nn.BatchNorm2d
    check_batch_norms(networks)
    monkeypatch.setattr(nn, "BatchNorm2d", lambda n: right(n, 0.8))
    with pytest.raises(AssertionError):
        check_batch_norms([*networks, ResNetGenerator(DIGITS, width=4)])  # one is enough to be seen


PENALISED = """
data: digits
generator: dcgan
critic: {name: dcgan, width: 8, norm: batch}
loss: [wasserstein, gradient_penalty]
"""


def check_refusal():
    resolved = resolve(parse_config(PENALISED), Registry.installed())
    verdict = compat.check(resolved.generator, resolved.critic, resolved.losses, resolved.schedule, DIGITS)
    assert any("mixes the batch" in problem.what for problem in verdict.problems)


def test_batch_norm_under_a_penalty_is_refused(monkeypatch):
    check_refusal()
    # A critic that does not admit to it is seen through; only a penalty that does not ask goes unnoticed
    monkeypatch.setattr(DCGANCritic, "mixes_batch", property(lambda self: False, lambda self, value: None))
    check_refusal()
    monkeypatch.setattr(GradientPenalty, "per_sample", False)
    with pytest.raises(AssertionError):
        check_refusal()


class Leaky(Turn):
    """A fault: the generator runs with gradients on the critic's turn too."""

    def make(self, fields, *, route=""):
        self.side = "generator"
        made = super().make(fields, route=route)
        self.side = "critic"
        return made


def check_generator_rests(turn_class):
    generator, critic = DCGANGenerator(DIGITS, width=4, latent_dim=4), DCGANCritic(DIGITS, width=4)
    batch = {"sample": torch.randn(4, 1, 28, 28)}
    turn = turn_class("critic", generator, critic, batch, generator.draw(4))
    sum(NonSaturating(DIGITS).critic_terms(turn).values()).backward()
    assert all(parameter.grad is not None for parameter in critic.parameters())
    assert all(parameter.grad is None for parameter in generator.parameters())


def test_the_critics_loss_does_not_reach_the_generator():
    check_generator_rests(Turn)
    with pytest.raises(AssertionError):
        check_generator_rests(Leaky)


ADAM = """
data: {name: ring, count: 64}
generator: mlp
critic: mlp
loss: non_saturating
optimizer: {generator: {name: adam, lr: 0.1, betas: [0.3, 0.8]}, critic: {name: adam, lr: 0.1, betas: [0.7, 0.6]}}
train: {device: cpu, threads: 1}
"""


def check_steps(text):
    """Each side's optimizer takes the steps of Adam's formula with its own betas."""
    config = parse_config(text)
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    for side, (first, second) in {"generator": (0.3, 0.8), "critic": (0.7, 0.6)}.items():
        weights = [p.detach().double() for p in run.players[side].parameters()]
        for weight, moved in zip(weights, descend(run.optimizers[side], 3), strict=True):
            mean = square = 0
            for step in (1, 2, 3):  # of half the sum of squares, whose gradient is the weight
                mean, square = first * mean + (1 - first) * weight, second * square + (1 - second) * weight**2
                weight = weight - 0.1 * mean / (1 - first**step) / ((square / (1 - second**step)).sqrt() + 1e-8)
            assert torch.allclose(moved.double(), weight, atol=1e-4)


def test_a_beta_that_is_never_passed_is_seen(monkeypatch):
    check_steps(ADAM)
    right = torch.optim.Adam.__init__
    monkeypatch.setattr(torch.optim.Adam, "__init__", lambda self, params, betas, **others: right(self, params, **others))
    with pytest.raises(AssertionError):
        check_steps(ADAM)


def test_another_optimizer_than_the_configured_is_seen():
    with pytest.raises(AssertionError):
        check_steps(ADAM.replace("adam, lr: 0.1, betas: [0.7, 0.6]", "sgd, lr: 0.1, momentum: 0.7"))
