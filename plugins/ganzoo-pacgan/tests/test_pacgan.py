"""Packs hold neighbours, a pack sees what a sample does not, and a run with a wrapped critic is saved whole."""

import json

import pytest
import torch
from ganzoo_pacgan.critic import Pac
from torch import nn

import ganzoo
from ganzoo import ContractError, Critic, DataSpec, UserError
from ganzoo.cli import invoke
from ganzoo.config import parse_config, resolve
from ganzoo.registry import Registry

POINTS = DataSpec({"sample": (2,)})
CONFIG = """
data: {name: ring, count: 64}
generator: {name: mlp, latent_dim: 2, hidden: [8]}
critic: {name: pac, m: 2, critic: {name: mlp, hidden: [8]}}
loss: non_saturating
train: {steps: 4, batch_size: 8, device: cpu, threads: 1}
log: {every: 2}
sample: {every: 4, count: 4}
checkpoint: {every: 2, keep: 2}
"""


class Difference(Critic):
    """Of a pack of two points: the second's first value less the first's."""

    def __init__(self, data: DataSpec) -> None:
        super().__init__()

    def forward(self, sample):
        return {"score": sample[:, 2] - sample[:, 0]}


def resolved(text):
    return resolve(parse_config(text), Registry.installed())


def scores(n):
    return Pac(POINTS, critic=Difference)(torch.tensor([[i * i, -1.0] for i in range(n)]))["score"].tolist()


def test_neighbours_are_packed_and_share_their_score():
    assert scores(6) == [1, 1, 5, 5, 9, 9]  # 1 - 0, 9 - 4, 25 - 16
    assert scores(5) == [1, 1, 5, 5, -16]  # the last with the first: 0 - 16


def test_images_are_joined_along_their_channels():
    class Shapes(Difference):
        def __init__(self, data):
            super().__init__(data)
            self.shape = data.shape

        def forward(self, sample):
            assert sample.shape[1:] == self.shape == (6, 4, 5)
            return {"score": sample[:, 0, :2, :2]}

    images = torch.randn(4, 3, 4, 5)
    score = Pac(DataSpec({"sample": (3, 4, 5)}), critic=Shapes)(images)["score"]
    assert torch.equal(score, images[[0, 0, 2, 2], 0, :2, :2])


def test_a_collapsed_batch_is_seen_by_a_pack_and_not_by_a_sample():
    """Two modes at -1 and 1, each half of the data; a generator with one of them at a time has the same single samples."""
    torch.manual_seed(0)
    mlp = Registry.installed().find("critic", "ganzoo-vanilla/mlp").load()
    critic = Pac(DataSpec({"sample": (1,)}), critic=lambda data: mlp(data, hidden=(16,)))
    optimizer = torch.optim.Adam(critic.parameters(), lr=0.02)
    for _ in range(60):
        mixed = torch.randint(2, (128, 1)) * 2.0 - 1
        alike = (torch.randint(2, (64, 1)) * 2.0 - 1).repeat_interleave(2, dim=0)
        optimizer.zero_grad()
        (nn.functional.softplus(-critic(mixed)["score"]).mean() + nn.functional.softplus(critic(alike)["score"]).mean()).backward()
        optimizer.step()
    pair = critic(torch.tensor([[-1.0], [1.0], [1.0], [1.0]]))["score"]
    assert pair[0] > pair[2] + 1


def test_one_sample_in_a_pack_leaves_the_critic_as_it_is():
    assert Pac(POINTS, critic=Difference, m=1).mixes_batch is False
    assert Pac(POINTS, critic=Difference).mixes_batch == "statistic"


def test_a_critic_that_reads_labels_is_refused():
    with pytest.raises(ContractError, match="packs have no label"):
        resolved(CONFIG.replace("{name: mlp, hidden: [8]}}", "acgan}")).critic.build(
            DataSpec({"sample": (1, 32, 32), "label": ()}, classes=10)
        )


@pytest.mark.parametrize(
    ("critic", "message"),
    [
        ("{name: pac}", "critic.critic: is missing; add 'critic: ...', the name of a critic or a mapping"),
        ("{name: pac, critic: mpl}", "critic.critic: 'mpl' is not an installed critic; did you mean 'mlp'"),
        ("{name: pac, critic: {name: mlp, hiden: [8]}}", "critic.critic.hiden: there is no such parameter; did you mean 'hidden'"),
        ("{name: pac, critic: {name: mlp, hidden: [0]}}", "critic.critic.hidden.0: expects an integer > 0, found 0"),
        ("{name: pac, critic: 3}", "critic.critic: expects the name of a critic or a mapping"),
        ("{name: pac, critic: mlp, m: 0}", "critic.m: expects an integer > 0, found 0"),
    ],
)
def test_what_is_wrong_with_the_inner_critic_is_said_at_its_own_key(critic, message):
    with pytest.raises(UserError) as caught:
        resolved(CONFIG.replace("{name: pac, m: 2, critic: {name: mlp, hidden: [8]}}", critic))
    assert message in str(caught.value)


def test_critics_can_be_wrapped_twice():
    config = CONFIG.replace("critic: {name: mlp, hidden: [8]}}", "critic: {name: pac, m: 3, critic: mlp}}")
    assert resolved(config).critic.build(POINTS).packed.packed.net[1].in_features == 12


def test_a_run_is_resumed_bit_for_bit_sampled_and_told_of_by_info(tmp_path, capsys):
    file = tmp_path / "pac.yaml"
    file.write_text(CONFIG)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert invoke(["check", str(file)]) == 0
    assert invoke(["run", str(file), "--out", str(whole), "-o", "critic.critic.hidden=[9]"]) == 0
    assert invoke(["run", str(file), "--out", str(cut), "-o", "critic.critic.hidden=[9]"]) == 0
    (cut / "checkpoints" / "step-00000004.ckpt").unlink()
    assert invoke(["run", str(cut / "config.yaml"), "--out", str(cut), "--resume"]) == 0
    for side in ("generator", "critic"):
        name = f"weights/{side}.safetensors"
        assert weights_in(whole / name).keys() == weights_in(cut / name).keys()
        assert all(torch.equal(value, weights_in(cut / name)[key]) for key, value in weights_in(whole / name).items())
    assert weights_in(cut / "weights/critic.safetensors")["packed.net.1.weight"].shape == (9, 4)
    assert "ganzoo-vanilla/mlp" in (cut / "config.yaml").read_text()
    assert ganzoo.load(cut).sample(3).shape == (3, 2)
    capsys.readouterr()
    assert invoke(["info", "pac", "--json"]) == 0
    parameters = json.loads(capsys.readouterr().out)[0]["parameters"]
    assert [(p["name"], p["type"], p["default"]) for p in parameters] == [("critic", "critic", "required"), ("m", "int > 0", "2")]


def weights_in(path):
    from safetensors.torch import load_file

    return load_file(path)
