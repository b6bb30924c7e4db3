# mypy: disable-error-code="no-untyped-call"
import pytest
import torch
from ganzoo_pacgan.critic import Maxout, PackedMLP
from pydantic import ValidationError
from torch import Tensor, nn

from ganzoo import DataSpec
from ganzoo.compat import declared
from ganzoo.params import model_of
from ganzoo.registry import Registry

POINTS = DataSpec({"sample": (2,)})


class Difference(nn.Module):
    """Of a pack of two points: the second's first value less the first's."""

    def forward(self, packs: Tensor) -> Tensor:
        return packs[:, 2:3] - packs[:, :1]


def scores(n: int, pack: int = 2) -> list[float]:
    critic = PackedMLP(POINTS, pack=pack)
    critic.net = Difference()  # type: ignore[assignment]
    return critic(torch.tensor([[i * i, -1.0] for i in range(n)]))["score"].tolist()


def check_packs() -> None:
    assert scores(6) == [1, 1, 5, 5, 9, 9]  # 1 - 0, 9 - 4, 25 - 16
    assert scores(5) == [1, 1, 5, 5, -16]  # the last with the first: 0 - 16


def test_neighbours_are_packed_and_share_their_score() -> None:
    check_packs()


class Overlapping(PackedMLP):
    """A fault: a sample is in several packs."""

    def forward(self, sample: Tensor) -> dict[str, Tensor]:
        return {"score": self.net(torch.cat([sample, sample.roll(-1, 0)], dim=1)).flatten()}


class WithItself(PackedMLP):
    """A fault: a pack holds one sample twice."""

    def forward(self, sample: Tensor) -> dict[str, Tensor]:
        return {"score": self.net(sample.repeat(1, 2)).flatten()}


@pytest.mark.parametrize("faulty", [Overlapping, WithItself])
def test_faulty_packs_are_seen(faulty: type[PackedMLP], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PackedMLP", faulty)
    with pytest.raises(AssertionError):
        check_packs()


def test_a_collapsed_batch_is_seen_by_a_pack_and_not_by_a_sample() -> None:
    """Two modes at -1 and 1, each half of the data; a generator with one of them at a time has the same single samples."""
    torch.manual_seed(0)
    critic = PackedMLP(DataSpec({"sample": (1,)}), pack=2, hidden=(8,))
    optimizer = torch.optim.Adam(critic.parameters(), lr=0.02)
    for _ in range(60):
        mixed = torch.randint(2, (128, 1)) * 2.0 - 1
        alike = (torch.randint(2, (64, 1)) * 2.0 - 1).repeat_interleave(2, dim=0)
        optimizer.zero_grad()
        (nn.functional.softplus(-critic(mixed)["score"]).mean() + nn.functional.softplus(critic(alike)["score"]).mean()).backward()
        optimizer.step()
    pair = critic(torch.tensor([[-1.0], [1.0], [1.0], [1.0]]))["score"]
    assert pair[0] > pair[2] + 1


def test_one_sample_in_a_pack_is_an_ordinary_critic() -> None:
    critic = PackedMLP(POINTS, pack=1, hidden=(4,))
    sample = torch.randn(5, 2)
    assert torch.allclose(critic(sample)["score"], critic.net(sample).flatten())
    assert (critic.mixes_batch, PackedMLP(POINTS).mixes_batch) == (False, True)


def test_default_sizes_are_the_authors() -> None:
    widths = [(m.linear.in_features, m.linear.out_features // m.pieces, m.pieces) for m in PackedMLP(POINTS).net if isinstance(m, Maxout)]
    assert widths == [(4, 200, 5), (200, 200, 5), (200, 200, 5)]


def test_a_penalty_on_single_samples_is_refused() -> None:
    r1 = Registry.installed().find("loss", "r1").load()(POINTS)
    problems = list(declared._loss_problems("loss.0", "r1", r1, PackedMLP(POINTS)))
    assert [problem.key for problem in problems] == ["loss.0"]
    assert list(declared._loss_problems("loss.0", "r1", r1, PackedMLP(POINTS, pack=1))) == []


def test_parameters_are_validated_and_the_name_leads_to_the_class() -> None:
    for bad in ('{"pack": 0}', '{"pieces": 0}', '{"hidden": [0]}'):
        with pytest.raises(ValidationError):
            model_of(PackedMLP).model_validate_json(bad)
    assert Registry.installed().find("critic", "ganzoo-pacgan/packed_mlp").load() is PackedMLP
