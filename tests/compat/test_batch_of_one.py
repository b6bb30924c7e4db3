"""A norm that needs more than one value per channel is refused before training where a batch, or a share of it, is one."""

import pytest
from processes import command
from torch import nn

from ganzoo import compat
from ganzoo.cli import invoke
from ganzoo.config import ResolvedPart, parse_config, resolve
from ganzoo.players import Critic, Generator
from ganzoo.registry import Registry

TEXT = """
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [8], latent_dim: 2, norm: GENERATOR}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 2, batch_size: BATCH, device: cpu, threads: 1}
"""


def written(folder, norm, batch):
    path = folder / "ring.yaml"
    path.write_text(TEXT.replace("GENERATOR", norm).replace("BATCH", str(batch)))
    return path


@pytest.mark.parametrize("command", ["run", "check"])
def test_batch_norm_and_a_batch_of_one_is_one_line_and_no_folder(command, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, "batch", 1)
    assert invoke([command, str(path), *(["--out", "out"] if command == "run" else [])]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "train.batch_size: a norm of the generator MLP" in said
    assert "needs more than the one sample that it gets; set it to at least 2" in said
    assert [each.name for each in tmp_path.iterdir()] == ["ring.yaml"]


@pytest.mark.parametrize(("norm", "batch"), [("batch", 2), ("none", 1)])
def test_what_can_be_trained_trains(norm, batch, tmp_path, capsys):
    assert invoke(["run", str(written(tmp_path, norm, batch)), "--out", str(tmp_path / "out"), "-q"]) == 0, capsys.readouterr().err


class Odd(nn.Module):
    """A norm of one's own that is not a subclass of torch's."""

    def forward(self, values):
        return nn.functional.batch_norm(values, None, None, training=True)


class OwnBatchNorm(nn.BatchNorm1d):
    """A subclass, which processes do not synchronise."""


def generator_with(norm):
    class Own(Generator):
        latent_dim = 2

        def __init__(self, *, data) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(2, 8), norm(), nn.Linear(8, 2))

        def forward(self, latent):
            return {"sample": self.layers(latent)}

    return Own


class Judge(Critic):
    def __init__(self, *, data) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))

    def forward(self, sample):
        return {"score": self.layers(sample)[:, 0]}


class Built(ResolvedPart):
    def build(self, data=None):
        return self.cls(data=data)


def verdict(generator, critic=None, **batch):
    resolved = resolve(parse_config(TEXT.replace("GENERATOR", "none").replace("BATCH", "4")), Registry.installed())
    data = resolved.data.build()
    from ganzoo.data.cache import Cache
    from ganzoo.data.spec import describe

    spec = describe(data.arrays(Cache()), data.classes, data.scale)

    def part(cls, like):
        return Built(like.component, cls, {}) if cls else like

    return compat.check(
        part(generator, resolved.generator), part(critic, resolved.critic), resolved.losses, resolved.schedule, spec, **batch
    )


@pytest.mark.parametrize(
    "norm", [lambda: nn.BatchNorm1d(8), lambda: nn.BatchNorm1d(8, track_running_stats=False), lambda: OwnBatchNorm(8), Odd]
)
def test_every_norm_that_needs_more_is_found(norm):
    problems = verdict(generator_with(norm), batch=1).problems
    assert [problem.key for problem in problems] == ["train.batch_size"] * len(problems)
    assert problems
    assert verdict(generator_with(norm), batch=2).fits


def test_a_critics_norm_is_found_too():
    (problem,) = {str(problem): problem for problem in verdict(None, Judge, batch=1).problems}.values()
    assert problem.key == "train.batch_size"
    assert "critic Judge" in problem.what


@pytest.mark.parametrize("norm", [lambda: nn.BatchNorm1d(8), lambda: nn.GroupNorm(2, 8), lambda: nn.LayerNorm(8)])
def test_a_share_of_one_does_for_norms_that_see_the_whole_batch_or_one_sample(norm):
    assert verdict(generator_with(norm), batch=2, share=1, synchronised=True).fits


@pytest.mark.parametrize("norm", [lambda: OwnBatchNorm(8), Odd])
def test_a_share_of_one_is_refused_where_a_norm_sees_no_more(norm):
    assert [problem.key for problem in verdict(generator_with(norm), batch=2, share=1, synchronised=True).problems][:1] == [
        "train.batch_size"
    ]


def test_two_processes_with_a_share_of_one_are_refused_where_norms_are_not_synchronised(tmp_path):
    """Torch synchronises them on GPUs only."""
    written(tmp_path, "batch", 2)
    codes, text = command(2, tmp_path, "run", "ring.yaml", "--out", "run", "-o", "train.device=cpu").wait()
    assert codes == [2, 2], text
    assert text.count("ganzoo: error:") == 1
    assert "needs more than the one sample that it gets" in text
    assert not (tmp_path / "run").exists()
