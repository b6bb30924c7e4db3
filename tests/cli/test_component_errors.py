"""An exception of a plugin's component names the component, its line and the step, not ganzoo."""

import pytest
from ganzoo_vanilla.networks import MLPGenerator

from ganzoo.cli import invoke

CONFIG = """
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 5, batch_size: 8, device: cpu, threads: 1}
"""


def test_an_exception_in_mid_run_names_step_and_component(tmp_path, capsys, monkeypatch):
    calls = []
    original = MLPGenerator.forward

    def forward(self, latent):
        calls.append(latent.device.type)
        if len(calls) > 9:
            return original(self, [][0])
        return original(self, latent)

    monkeypatch.setattr(MLPGenerator, "forward", forward)
    (tmp_path / "a.yaml").write_text(CONFIG)
    assert invoke(["run", str(tmp_path / "a.yaml"), "--out", str(tmp_path / "run"), "--quiet"]) == 3
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "generator MLPGenerator (test_component_errors.py:" in error
    assert " fails in step " in error
    assert "IndexError: list index out of range; repair the component" in error
    assert "doctor" not in error


@pytest.mark.parametrize("error", [IndexError("ours"), KeyError("ours")])
def test_an_exception_of_ganzoo_itself_is_still_to_be_reported(error, capsys):
    from ganzoo.cli import explain

    assert explain(error) == 3
    assert "report it with 'ganzoo doctor'" in capsys.readouterr().err
