import pytest
import torch
from ganzoo_translation.patches import PairedPatchCritic, PatchCritic
from torch import nn

from ganzoo import DataSpec, UserError

PAIRS = DataSpec({"sample": (3, 256, 256), "source": (3, 256, 256)})


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_numbers_of_weights_are_those_of_the_reference_code() -> None:
    with torch.device("meta"):
        assert count(PairedPatchCritic(PAIRS)) == 2_768_705  # junyanz/pytorch-CycleGAN-and-pix2pix: 2.769 M
        assert count(PatchCritic(PAIRS, norm="instance")) == 2_764_737  # and 2.765 M
        score = PairedPatchCritic(PAIRS)(torch.empty(2, 3, 256, 256), torch.empty(2, 3, 256, 256))["score"]
    assert score.shape == (2, 30, 30)


@pytest.mark.parametrize(("layers", "seen"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_a_score_sees_a_patch_of_that_many_pixels(layers: int, seen: int) -> None:
    critic = PatchCritic(DataSpec({"sample": (1, 192, 192)}), width=2, layers=layers, norm="none").double()
    for module in critic.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 0.1)  # nothing cancels out
    image = torch.ones(1, 1, 192, 192, dtype=torch.float64, requires_grad=True)
    score = critic(image)["score"]
    middle = score.shape[-1] // 2
    (gradient,) = torch.autograd.grad(score[0, middle, middle], image)
    rows = gradient[0, 0].abs().amax(dim=1).nonzero()
    assert int(rows[-1] - rows[0]) + 1 == seen


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_it_says_truly_whether_it_mixes_the_batch(norm) -> None:
    critic = PatchCritic(DataSpec({"sample": (3, 32, 32)}), width=4, layers=2, norm=norm)
    sample = torch.randn(4, 3, 32, 32)
    other = torch.cat([sample[:1], torch.randn(3, 3, 32, 32)])
    mixes = not torch.allclose(critic(sample)["score"][0], critic(other)["score"][0], atol=1e-6)
    assert critic.mixes_batch == mixes == (norm == "batch")


def test_a_pair_is_seen_as_a_pair() -> None:
    critic = PairedPatchCritic(DataSpec({"sample": (3, 32, 32), "source": (1, 32, 32)}), width=4, layers=2, norm="none")
    source, sample = torch.randn(2, 1, 32, 32), torch.randn(2, 3, 32, 32)
    assert not torch.allclose(critic(source, sample)["score"], critic(source.flip(0), sample)["score"])


@pytest.mark.parametrize(
    ("critic", "fields", "said"),
    [
        (PatchCritic, {"sample": (3, 16, 16)}, "wants images of 24 pixels or more"),
        (PatchCritic, {"sample": (2,)}, "wants images"),
        (PairedPatchCritic, {"sample": (3, 32, 32)}, "no 'source', only sample"),
        (PairedPatchCritic, {"sample": (3, 32, 32), "source": (3, 16, 16)}, r"'source' of \(3, 16, 16\) and 'sample' of \(3, 32, 32\)"),
    ],
)
def test_data_that_it_cannot_serve_is_refused_in_words(critic, fields, said) -> None:
    with pytest.raises(UserError, match=said):
        critic(DataSpec(fields))
