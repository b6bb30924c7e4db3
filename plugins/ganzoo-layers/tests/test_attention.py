"""Self-attention and conditional batch norm against formulas, place by place."""

import torch
from ganzoo_layers.attention import SelfAttention
from ganzoo_layers.residual import ConditionalBatchNorm, DownBlock, UpBlock, attended, spectral
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, relu


def plain(layer: nn.Conv2d) -> nn.Conv2d:
    return layer


def test_attention_is_the_formula_and_starts_as_the_identity() -> None:
    torch.manual_seed(0)
    layer, x = SelfAttention(16, plain).double(), torch.randn(2, 16, 4, 6, dtype=torch.float64)
    assert torch.equal(layer(x), x)
    nn.init.constant_(layer.gamma, 0.7)
    weights = {name: layer.layers[name].weight[:, :, 0, 0] for name in ("theta", "phi", "g", "o")}  # type: ignore[index]
    assert [tuple(weight.shape) for weight in weights.values()] == [(2, 16), (2, 16), (8, 16), (16, 8)]
    out = layer(x)
    for n in range(2):
        keys, values = (
            torch.stack([(weights[name] @ x[n, :, i : i + 2, j : j + 2].flatten(1)).amax(1) for i in (0, 2) for j in (0, 2, 4)], dim=1)
            for name in ("phi", "g")
        )
        for i in range(4):
            for j in range(6):
                scores = keys.T @ (weights["theta"] @ x[n, :, i, j])
                shares = scores.exp() / scores.exp().sum()
                expected = x[n, :, i, j] + 0.7 * weights["o"] @ (values @ shares)
                torch.testing.assert_close(out[n, :, i, j], expected, rtol=1e-9, atol=1e-9)


def test_odd_maps_and_few_channels_are_attended_too() -> None:
    assert SelfAttention(3, plain)(torch.randn(2, 3, 7, 7)).shape == (2, 3, 7, 7)


def test_the_condition_scales_and_moves_what_is_normalised() -> None:
    torch.manual_seed(0)
    norm = ConditionalBatchNorm(3, lambda channels: nn.Linear(4, channels)).double()
    x, condition = torch.randn(5, 3, 2, 2, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    normal = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
    gain, offset = norm.gain(condition)[:, :, None, None], norm.offset(condition)[:, :, None, None]
    torch.testing.assert_close(norm(x, condition), normal * (1 + gain) + offset, rtol=1e-9, atol=1e-9)


class Through(nn.Module):
    """A norm that changes nothing."""

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return x


def test_blocks_are_their_formulas() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, 6, 6, dtype=torch.float64)
    up = UpBlock(4, 3, lambda channels: Through(), plain).double()
    first, second = up.convolutions
    path = conv2d(interpolate(relu(x), scale_factor=2), first.weight, first.bias, padding=1)
    path = conv2d(relu(path), second.weight, second.bias, padding=1)
    shortcut = conv2d(interpolate(x, scale_factor=2), up.shortcut.weight, up.shortcut.bias)  # type: ignore[arg-type]
    torch.testing.assert_close(up(x, x), path + shortcut, rtol=1e-9, atol=1e-9)
    for of_image in (True, False):
        down = DownBlock(4, 5, plain, halve=True, of_image=of_image).double()
        a, b = (layer for layer in down.path if isinstance(layer, nn.Conv2d))
        path = conv2d(relu(conv2d(x if of_image else relu(x), a.weight, a.bias, padding=1)), b.weight, b.bias, padding=1)
        shortcut = conv2d(x, down.shortcut.weight, down.shortcut.bias)  # type: ignore[arg-type]
        torch.testing.assert_close(down(x), avg_pool2d(path + shortcut, 2), rtol=1e-9, atol=1e-9)


def test_spectral_layers_have_norm_1_and_the_attended_map_is_the_largest_allowed() -> None:
    layer = spectral(nn.Linear(6, 4))
    for _ in range(60):
        layer(torch.randn(1, 6))
    assert abs(torch.linalg.matrix_norm(layer.weight, ord=2).item() - 1) < 0.02
    assert not layer.bias.any()
    assert [attended([8, 16, 32, 64], most) for most in (64, 40, 8, 4)] == [3, 2, 0, None]
