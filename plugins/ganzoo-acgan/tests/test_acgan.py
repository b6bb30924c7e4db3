# mypy: disable-error-code="no-untyped-call"
import math
import subprocess
import sys

import pytest
import torch
from ganzoo_acgan.loss import LabelClassification
from ganzoo_acgan.networks import ACGANCritic, ACGANGenerator
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Critic, DataSpec, Generator, Scores, Terms, Turn, UserError
from ganzoo.params import model_of
from ganzoo.registry import Registry

SIZES = (16, 28, 32, 64, 128, 256)
LOGITS = DataSpec({"sample": (3,), "label": ()}, classes=3)


def labelled(size: int, channels: int = 3, classes: int = 10) -> DataSpec:
    return DataSpec({"sample": (channels, size, size), "label": ()}, classes=classes)


class Given(Critic):
    """Its logits are the sample."""

    gives = frozenset({"label_logits"})

    def forward(self, sample: Tensor) -> Scores:
        return {"label_logits": sample}


def turn_of(side: str, logits: Tensor, real_label: list[int], fake_label: list[int]) -> Turn:
    """A turn whose logits, of real samples as of fakes, are these."""
    real = {"sample": logits.detach(), "label": torch.tensor(real_label)}
    return Turn(side, Generator(), Given(), real, {"label": torch.tensor(fake_label)}, shared_fake={"sample": logits})  # type: ignore[arg-type]


def golden_logits() -> Tensor:
    return torch.tensor([[2, 0, -1], [0, 1, 0]], dtype=torch.float64, requires_grad=True)


def check_values(cls: type[LabelClassification]) -> None:
    loss = cls(LOGITS)
    terms = loss.critic_terms(turn_of("critic", golden_logits(), [0, 2], [0, 2]))
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {"label_real": 0.860645366744, "label_fake": 0.860645366744}, abs=1e-6
    )
    generator = loss.generator_terms(turn_of("generator", golden_logits(), [0, 2], [0, 2]))
    assert {name: term.item() for name, term in generator.items()} == pytest.approx({"label_fake": 0.860645366744}, abs=1e-6)


def test_both_sides_meet_the_closed_form() -> None:
    check_values(LabelClassification)


class Softmaxed(LabelClassification):
    """The best-known fault of AC-GAN code: a softmax before the cross entropy, which applies its own."""

    def critic_terms(self, turn: Turn) -> Terms:
        return {
            "label_real": nn.functional.cross_entropy(turn.real_scores["label_logits"].softmax(dim=1), turn.real["label"]),
            "label_fake": nn.functional.cross_entropy(turn.fake_scores["label_logits"].softmax(dim=1), turn.fake["label"]),
        }


def test_softmax_before_cross_entropy_is_seen() -> None:
    with pytest.raises(AssertionError):
        check_values(Softmaxed)


def test_totals_with_the_adversarial_loss() -> None:
    real, fake = torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64), torch.tensor([-0.5, 1.0, 0.0], dtype=torch.float64)
    critic = softplus(-real).mean() + softplus(fake).mean()
    loss = LabelClassification(LOGITS)
    critic += sum(loss.critic_terms(turn_of("critic", golden_logits(), [0, 2], [0, 2])).values())
    generator = softplus(-fake).mean() + sum(loss.generator_terms(turn_of("generator", golden_logits(), [0, 2], [0, 2])).values())
    assert critic.item() == pytest.approx(3.186208245155, abs=1e-6)
    assert generator.item() == pytest.approx(1.520807317497, abs=1e-6)


def test_uniform_logits_cost_ln_k_and_weight_is_a_factor() -> None:
    logits = torch.zeros(2, 10, dtype=torch.float64)
    terms = LabelClassification(LOGITS, weight=3.0).generator_terms(turn_of("generator", logits, [0, 9], [0, 9]))
    assert terms["label_fake"].item() == pytest.approx(3 * math.log(10), abs=1e-6)


def test_a_fake_is_classified_by_the_label_it_was_made_for() -> None:
    turn = turn_of("critic", golden_logits(), real_label=[0, 1], fake_label=[2, 0])
    terms = LabelClassification(LOGITS).critic_terms(turn)
    log_probabilities = golden_logits().log_softmax(dim=1)
    assert terms["label_real"].item() == pytest.approx(-(log_probabilities[0, 0] + log_probabilities[1, 1]).item() / 2, abs=1e-6)
    assert terms["label_fake"].item() == pytest.approx(-(log_probabilities[0, 2] + log_probabilities[1, 0]).item() / 2, abs=1e-6)


def test_the_critic_may_learn_to_classify_from_real_samples_alone() -> None:
    loss = LabelClassification(LOGITS, learn_fakes=False)
    assert set(loss.critic_terms(turn_of("critic", golden_logits(), [0, 2], [0, 2]))) == {"label_real"}
    assert set(loss.generator_terms(turn_of("generator", golden_logits(), [0, 2], [0, 2]))) == {"label_fake"}


def test_gradient_is_softmax_minus_one_hot() -> None:
    logits = golden_logits()
    LabelClassification(LOGITS).generator_terms(turn_of("generator", logits, [0, 2], [0, 2]))["label_fake"].backward()
    wanted = (logits.softmax(dim=1) - torch.eye(3, dtype=torch.float64)[[0, 2]]) / 2
    assert logits.grad is not None
    assert torch.allclose(logits.grad, wanted, atol=1e-9)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kernel", [3, 4, 5])
@pytest.mark.parametrize("refine", [True, False])
def test_shapes_at_every_size(size: int, kernel: int, refine: bool) -> None:
    with torch.device("meta"):
        generator = ACGANGenerator(labelled(size), latent_dim=5, width=2, kernel=max(kernel, 4))  # type: ignore[arg-type]
        critic = ACGANCritic(labelled(size), width=2, max_width=8, kernel=kernel, refine=refine)  # type: ignore[arg-type]
        sample = generator(torch.empty(4, 5), torch.zeros(4, dtype=torch.int64))["sample"]
        assert sample.shape == (4, 3, size, size)
        scores = critic(sample)
    assert {name: tuple(score.shape) for name, score in scores.items()} == {"score": (4,), "label_logits": (4, 10)}


def test_defaults_at_32_pixels_are_the_papers() -> None:
    critic, generator = ACGANCritic(labelled(32)), ACGANGenerator(labelled(32))
    convolutions = [m for m in critic.modules() if isinstance(m, nn.Conv2d)]
    assert [(m.out_channels, m.stride[0], m.kernel_size[0]) for m in convolutions] == [
        (16, 2, 3), (32, 1, 3), (64, 2, 3), (128, 1, 3), (256, 2, 3), (512, 1, 3),
    ]  # fmt: skip
    assert [m.p for m in critic.modules() if isinstance(m, nn.Dropout)] == [0.5] * 6
    assert [type(m) for m in critic.features][:4] == [nn.Conv2d, nn.LeakyReLU, nn.Dropout, nn.Conv2d]
    assert sum(isinstance(m, nn.BatchNorm2d) for m in critic.modules()) == 5
    assert [(m.in_channels, m.kernel_size[0]) for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)] == [
        (384, 5),
        (192, 5),
        (96, 5),
    ]
    norms = [m for network in (critic, generator) for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all((m.eps, m.momentum) == (1e-5, 0.1) for m in norms)


def test_critics_channels_stop_doubling_at_max_width() -> None:
    def channels(**parameters: int) -> list[int]:
        with torch.device("meta"):
            critic = ACGANCritic(labelled(64), **parameters)  # type: ignore[arg-type]
        return [m.out_channels for m in critic.modules() if isinstance(m, nn.Conv2d)]

    assert channels() == [16, 32, 64, 128, 256, 512, 512, 512]
    assert channels(max_width=48) == [16, 32, 48, 48, 48, 48, 48, 48]


def test_small_fast_critic_can_be_expressed() -> None:
    critic = ACGANCritic(labelled(28, 1), width=32, kernel=4, refine=False, norm="none", dropout=0.0)
    assert [type(m) for m in critic.features] == [nn.Conv2d, nn.LeakyReLU, nn.Conv2d, nn.LeakyReLU, nn.Flatten]
    count = sum(p.numel() for p in critic.parameters())
    assert count == (16 * 32 + 32) + (32 * 64 * 16 + 64) + (64 * 49 + 1) + (64 * 49 * 10 + 10)
    assert not critic.mixes_batch


def test_a_hidden_layer_lets_a_change_count_by_what_stands_elsewhere() -> None:
    spots = torch.zeros(4, 1, 28, 28)
    spots[[1, 3], :, 2, 2] = spots[[2, 3], :, 25, 25] = 9.0  # none, one, the other, both: too far apart for one window
    for hidden in (0, 16):
        torch.manual_seed(0)
        critic = ACGANCritic(labelled(28, 1), width=4, kernel=4, refine=False, norm="none", dropout=0.0, hidden=hidden, init_std=0.3)
        for given in (given.detach() for given in critic(spots).values()):
            none, one, other, both = given
            apart = float((both - one - other + none).abs().max() / given.abs().max())
            assert apart > 1e-2 if hidden else apart < 1e-5
    assert sum(p.numel() for p in critic.features[5:].parameters()) == (8 * 49 + 1) * 16


@pytest.mark.parametrize("hidden", [0, 8])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_critic_says_truly_whether_it_mixes_the_batch(norm: str, hidden: int) -> None:
    critic = ACGANCritic(labelled(16), width=4, norm=norm, dropout=0.0, hidden=hidden, init_std=0.3)  # type: ignore[arg-type]
    sample = torch.randn(4, 3, 16, 16)
    other = torch.cat([sample[:1], torch.randn(3, 3, 16, 16)])
    depends = not torch.allclose(critic(sample)["score"][0], critic(other)["score"][0], atol=1e-6)
    assert depends == critic.mixes_batch == (norm == "batch")


def test_label_is_one_hot_beside_the_noise() -> None:
    generator = ACGANGenerator(labelled(16), latent_dim=3, width=2, kernel=4)
    seen: list[Tensor] = []
    generator.net[0].register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    latent = torch.randn(2, 3)
    generator(latent, torch.tensor([4, 0]))
    assert torch.equal(seen[0][:, :3], latent)
    assert torch.equal(seen[0][:, 3:], torch.eye(10)[[4, 0]])


def test_every_weight_gets_a_gradient_and_logits_are_raw() -> None:
    torch.manual_seed(0)
    data = labelled(28, 1)
    generator, critic = ACGANGenerator(data, width=4, init_std=0.3), ACGANCritic(data, width=4, dropout=0.0, init_std=0.3)
    sample = generator(**generator.draw(4), label=torch.arange(4))["sample"]
    assert sample.abs().max() <= 1
    scores = critic(sample)
    assert not torch.allclose(scores["label_logits"].sum(dim=1), torch.ones(4))
    (scores["score"].sum() + scores["label_logits"].square().sum()).backward()
    for network in (generator, critic):
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_initial_weights_have_the_given_spread() -> None:
    torch.manual_seed(0)
    for network in (ACGANGenerator(labelled(28), init_std=0.05), ACGANCritic(labelled(28), init_std=0.05)):
        for module in network.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)) and module.weight.numel() > 5000:
                assert module.weight.std().item() == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize("network", [ACGANGenerator, ACGANCritic])
def test_data_that_cannot_be_served_is_refused(network: type) -> None:
    with pytest.raises(UserError, match="make them 48 x 48 or 56 x 56"):
        network(labelled(50))
    with pytest.raises(UserError, match="serves images; this data"):
        network(DataSpec({"sample": (2,), "label": ()}, classes=8))
    with pytest.raises(UserError, match="needs labels"):
        network(DataSpec({"sample": (3, 32, 32)}))
    with pytest.raises(UserError, match="needs labels"):
        network(DataSpec({"sample": (3, 32, 32), "label": ()}, classes=0))


def test_parameters_are_validated() -> None:
    model_of(ACGANCritic).model_validate_json('{"width": 32, "kernel": 4, "refine": false, "norm": "none", "dropout": 0.0}')
    for cls, bad in [
        (ACGANGenerator, '{"kernel": 3}'),
        (ACGANCritic, '{"kernel": 6}'),
        (ACGANCritic, '{"dropout": 1.5}'),
        (ACGANCritic, '{"refine": 1}'),
        (ACGANCritic, '{"classes": 10}'),
        (LabelClassification, '{"weight": -1}'),
    ]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)


def test_door_imports_no_torch_and_leads_to_the_classes() -> None:
    code = "import sys, ganzoo_acgan; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    registry = Registry.installed()
    assert registry.find("generator", "ganzoo-acgan/acgan").load() is ACGANGenerator
    assert registry.find("critic", "ganzoo-acgan/acgan").load() is ACGANCritic
    assert registry.find("loss", "ganzoo-acgan/label_classification").load() is LabelClassification
