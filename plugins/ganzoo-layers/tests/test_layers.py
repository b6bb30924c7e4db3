"""Each layer against a formula written out by hand, in float64."""

import math

import pytest
import torch
from ganzoo_layers.blur import Blur, Downsample, Upsample
from ganzoo_layers.equal import equalised
from ganzoo_layers.norms import MinibatchDeviation, PixelNorm
from torch import Tensor, nn

TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def image(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def test_weights_are_drawn_at_unit_variance_and_scaled_in_the_forward() -> None:
    layer = equalised(nn.Linear(300, 200), gain=math.sqrt(2), rate=0.01, start=0.5).double()
    weight, bias = layer.parametrizations.weight.original, layer.parametrizations.bias.original  # type: ignore[union-attr]
    assert weight.std().item() == pytest.approx(100, rel=0.02)
    x = image(3, 300)
    torch.testing.assert_close(layer(x), x @ weight.T * (math.sqrt(2) * 0.01 / math.sqrt(300)) + 0.01 * bias, rtol=1e-10, atol=1e-10)
    assert (0.01 * bias).mean().item() == pytest.approx(0.5)


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(6, 4, 3), nn.Conv2d(6, 4, 3, groups=2), nn.ConvTranspose2d(6, 4, 3), nn.Linear(6, 4, bias=False)]
)
def test_he_s_constant_counts_the_inputs_of_one_output(layer: nn.Conv2d) -> None:
    fan_in = 6 if isinstance(layer, nn.Linear) else 54 // layer.groups
    equal = equalised(layer)
    torch.testing.assert_close(equal.weight * math.sqrt(fan_in), equal.parametrizations.weight.original)  # type: ignore[union-attr]
    assert equal.bias is None or not equal.bias.any()


def test_the_output_has_unit_variance_and_the_rate_is_the_learning_rate() -> None:
    assert equalised(nn.Linear(512, 512))(torch.randn(64, 512)).std().item() == pytest.approx(1, rel=0.05)
    moved = []
    for rate in (1.0, 0.01):
        torch.manual_seed(1)
        layer = equalised(nn.Linear(8, 8), rate=rate)
        before = layer(torch.ones(1, 8)).detach()
        optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3)
        layer(torch.ones(1, 8)).sum().backward()
        optimizer.step()
        moved.append((layer(torch.ones(1, 8)) - before).abs().mean().item())
    assert moved[1] == pytest.approx(moved[0] / 100, rel=1e-2)


@pytest.mark.parametrize("shape", [(4, 7), (2, 5, 3, 3)])
def test_pixel_norm_brings_each_pixel_to_unit_mean_square(shape: tuple[int, ...]) -> None:
    out = PixelNorm()(image(*shape))
    torch.testing.assert_close(out.square().mean(1), torch.ones_like(out.square().mean(1)), rtol=0, atol=1e-6)


def test_the_deviation_is_that_of_each_group_over_all_features() -> None:
    x = image(8, 4, 2, 2)
    out = MinibatchDeviation(group=4, channels=2)(x)
    assert torch.equal(out[:, :4], x)
    for sample in range(8):
        others = x[sample % 2 :: 2]  # sample i is in group i mod 2
        for channel in range(2):
            features = others[:, 2 * channel : 2 * channel + 2].flatten(1)
            wanted = (features.var(0, correction=0) + 1e-8).sqrt().mean().item()
            assert out[sample, 4 + channel].flatten().tolist() == pytest.approx([wanted] * 4, rel=1e-6)


@pytest.mark.parametrize(("n", "group"), [(4, 4), (6, 3), (2, 2), (5, 1), (1, 1)])
def test_groups_are_the_largest_divisor_of_the_batch(n: int, group: int) -> None:
    x = image(n, 3, 2, 2)
    wanted = (x.reshape(group, n // group, -1).var(0, correction=0) + 1e-8).sqrt().mean(1).repeat(group)
    torch.testing.assert_close(MinibatchDeviation()(x)[:, 3, 0, 0], wanted, rtol=1e-6, atol=1e-6)


def test_equal_samples_have_a_gradient() -> None:
    x = torch.ones(4, 2, 2, 2, requires_grad=True)
    MinibatchDeviation()(x)[:, 2].sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def matrix(n: int, up: bool) -> Tensor:
    """What resampling does to an axis of n pixels, tap by tap."""
    found = torch.zeros(2 * n if up else n // 2, n, dtype=torch.float64)
    for out in range(len(found)):
        for tap in range(4):
            place, spread = (divmod(out + tap - 2, 2)) if up else (2 * out + tap - 1, 0)
            if spread == 0 and 0 <= place < n:
                found[out, place] += TAPS[tap] * (2 if up else 1)
    return found


@pytest.mark.parametrize("up", [True, False])
def test_resampling_is_the_filter_along_both_axes(up: bool) -> None:
    x = image(2, 3, 4, 6)
    layer = (Upsample() if up else Downsample()).double()
    torch.testing.assert_close(layer(x), matrix(4, up) @ x @ matrix(6, up).T, rtol=1e-10, atol=1e-10)


def test_a_constant_stays_constant_within_and_the_padding_sets_the_side() -> None:
    for layer, side in ((Upsample(), 16), (Downsample(), 4), (Blur((1, 2, 1), pad=1), 8), (Blur(pad=2), 9)):
        out = layer(torch.ones(1, 2, 8, 8))
        assert out.shape == (1, 2, side, side)
        torch.testing.assert_close(out[..., 1:-1, 1:-1].max(), torch.tensor(1.0))


def test_the_filter_goes_where_its_input_is_and_is_neither_weight_nor_buffer() -> None:
    layer = Upsample()
    assert layer(torch.randn(1, 2, 4, 4, device="meta", dtype=torch.float64)).shape == (1, 2, 8, 8)
    assert layer(torch.randn(1, 2, 4, 4, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert layer.state_dict() == {}
    assert not list(layer.buffers())


@pytest.mark.parametrize("layer", [Upsample(), Downsample(), PixelNorm(), MinibatchDeviation(), equalised(nn.Conv2d(2, 2, 3))])
def test_every_layer_can_be_differentiated_twice(layer: nn.Module) -> None:
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(layer.double(), x, fast_mode=True)
