"""What the kit runs components with: seeds and spectral norms that cost no more than they must."""

import traceback

import pytest
import torch
from ganzoo_kit.testing.running import seeded, started_quickly
from torch import nn
from torch.nn.utils.parametrizations import _SpectralNorm, spectral_norm


@pytest.mark.skipif(torch.accelerator.is_available(), reason="the device exists here")
def test_a_seed_is_torchs_own_and_writes_no_stack_down(monkeypatch):
    torch.manual_seed(3)
    wanted, stacks = torch.randn(4), []
    monkeypatch.setattr(traceback, "format_stack", lambda *arguments: stacks.append(1) or [])
    with seeded(3):
        assert torch.equal(torch.randn(4), wanted)
    assert stacks == []


def test_a_spectral_norm_begins_with_one_step_and_goes_on_as_ever(monkeypatch):
    steps, iterate = [], _SpectralNorm._power_method
    monkeypatch.setattr(_SpectralNorm, "_power_method", lambda norm, weight, n: steps.append(n) or iterate(norm, weight, n))
    with started_quickly():
        layer = spectral_norm(nn.Linear(3, 2))
    assert set(steps) == {1}
    with torch.no_grad():
        for _ in range(50):
            layer(torch.zeros(1, 3))
    assert torch.linalg.matrix_norm(layer.weight, 2).item() == pytest.approx(1, abs=1e-4)
    steps.clear()
    spectral_norm(nn.Linear(3, 2))
    assert steps[0] == 15
