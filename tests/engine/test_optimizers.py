"""Optimizers on either device."""

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from small_game import make
from small_game import optimizer as part_of
from torch import nn

from ganzoo.cli import invoke
from ganzoo.config import ResolvedPart, differences
from ganzoo.engine import graphs, optimizers
from ganzoo.engine.graphs import UpdateRunner, choose_runner
from ganzoo.errors import UserError
from ganzoo.params import PositiveFloat
from ganzoo.params.curves import Curve, Piece
from ganzoo.registry import Component


@pytest.mark.parametrize("part", [part_of("adam", lr=1e-2), part_of("sgd", lr=1e-2, momentum=0.9), part_of("rmsprop", lr=1e-2)])
def test_an_optimizers_state_holds_nothing_of_its_device(part):
    network = nn.Linear(2, 2)
    optimizer = optimizers.build(part, network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    state = optimizers.state_of(optimizer)
    assert state["param_groups"][0].keys() & {"lr", "fused", "foreach", "capturable"} == set()
    other = optimizers.build(part, nn.Linear(2, 2).parameters())
    other.param_groups[0]["lr"] = 0.005
    optimizers.restore(other, state)
    assert other.param_groups[0]["lr"] == 0.005
    optimizers.move(other, 0, 1)
    assert other.param_groups[0]["lr"] == 0.01
    ours, theirs = other.state_dict()["state"], optimizer.state_dict()["state"]
    assert all(np.array_equal(ours[i][name], theirs[i][name]) for i in theirs for name in theirs[i] if theirs[i][name] is not None)
    with pytest.raises(ValueError, match="0 groups"):
        optimizers.restore(other, state | {"param_groups": []})


class Signs(torch.optim.Optimizer):
    """Steps by the sign of the gradient; it says nothing of CUDA graphs."""

    def __init__(self, params, *, lr: PositiveFloat = 1e-3):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.sub_(group["lr"] * parameter.grad.sign())


class OwnStep(torch.optim.Adam):
    """Adam's options, but a step that reads none of them."""

    def __init__(self, params, *, lr: PositiveFloat = 1e-3):
        super().__init__(params, lr=lr)

    step = Signs.step


@pytest.mark.parametrize(
    ("cls", "on_cpu", "recordable"),
    [
        (torch.optim.Adam, {"fused": True}, True),
        (torch.optim.SGD, {"fused": True}, True),
        (torch.optim.RMSprop, {}, True),
        (torch.optim.Adagrad, {}, False),
        (Signs, {}, False),
        (OwnStep, {}, True),
    ],
)
def test_options_of_the_device_are_set_where_a_class_has_them(cls, on_cpu, recordable):
    part = ResolvedPart(Component("optimizer", "mine", cls, "ganzoo-mine", "1"), cls, {"lr": 0.1})
    built = optimizers.build(part, [nn.Parameter(torch.ones(2))], torch.device("cpu"))
    group = built.param_groups[0]
    assert {name: group[name] for name in ("fused", "foreach", "capturable") if group.get(name)} == on_cpu
    assert bool(built.defaults.get("fused")) == bool(on_cpu)
    assert (optimizers.why_not_recorded(built) == "") == recordable


def test_an_optimizer_that_cannot_be_built_is_told_with_its_place():
    cls = torch.optim.Adagrad
    part = ResolvedPart(Component("optimizer", "mine", cls, "ganzoo-mine", "1"), cls, {"lr": -1.0}, "optimizer.critic", "a.yaml:3")
    with pytest.raises(UserError) as caught:
        optimizers.build(part, [nn.Parameter(torch.ones(2))])
    assert str(caught.value).startswith(
        "a.yaml:3: optimizer.critic: the optimizer 'mine' of ganzoo-mine cannot be built: ValueError: Invalid"
    )


def test_one_whose_step_may_count_in_python_runs_without_graphs_and_says_so(monkeypatch):
    notes = []
    run = make().run
    run.optimizers["critic"] = Signs([nn.Parameter(torch.ones(2))])
    monkeypatch.setattr(run, "runtime", SimpleNamespace(device=torch.device("cuda")))
    assert type(choose_runner(run, notes.append)) is UpdateRunner
    assert notes == [
        "note: updates run kernel by kernel, which is slower than as CUDA graphs, because Signs has no 'capturable' among its "
        "defaults, so its step may count in Python"
    ]


FALL = Curve(Piece(1e-2, 0.0, 0.5))


def test_rates_and_betas_move_with_the_step_and_a_loaded_state_does_not_stop_them():
    part = part_of("adam", lr=FALL, betas=(0.0, Curve(Piece(0.9, 0.99))), eps=1e-8)
    optimizer = optimizers.build(part, nn.Linear(2, 2))
    assert isinstance(optimizer.param_groups[0]["betas"][1], float)
    for step, rate, beta in [(0, 1e-2, 0.9), (50, 1e-2, 0.945), (75, 5e-3, 0.9675)]:
        optimizers.move(optimizer, step, 100)
        assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"]) == (rate, (0.0, pytest.approx(beta)))
    optimizers.restore(optimizer, optimizers.state_of(optimizers.build(part, nn.Linear(2, 2))))
    optimizers.move(optimizer, 100, 100)
    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"][1]) == (0.0, 0.99)


def test_a_rate_that_is_a_tensor_is_filled_in_place_so_that_a_recorded_step_follows():
    optimizer = optimizers.build(part_of("sgd", lr=FALL), nn.Linear(2, 2))
    rate = optimizer.param_groups[0]["lr"] = torch.tensor(1.0)
    optimizers.move(optimizer, 75, 100)
    assert rate.item() == pytest.approx(5e-3)


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.mapping = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        self.head = nn.Linear(2, 1)


def test_groups_take_the_weights_of_their_modules_the_innermost_deciding():
    groups = {"mapping": {"lr": Curve(Piece(1.0, 0.0))}, "mapping.1": {"betas": (0.9, 0.9)}}
    network = Nested()
    part = dataclasses.replace(part_of("adam", lr=0.1, betas=(0.0, 0.5)), groups=groups)
    optimizer = optimizers.build(part, network)
    optimizers.move(optimizer, 75, 100)
    found = [([p.shape for p in group["params"]], group["lr"], group["betas"]) for group in optimizer.param_groups]
    assert [group["params"] for group in optimizer.param_groups] == [
        list(network.head.parameters()),
        list(network.mapping[0].parameters()),
        list(network.mapping[1].parameters()),
    ]
    assert [entry[1:] for entry in found] == [(0.1, (0.0, 0.5)), (0.25, (0.0, 0.5)), (0.1, (0.9, 0.9))]


@pytest.mark.parametrize(
    ("groups", "params", "said"),
    [
        ({"maping": {"lr": 1.0}}, {}, "'maping' is not part of the network; did you mean 'mapping'?"),
        ({}, {"eps": Curve(Piece(1, 2)), "nothing": 1}, "cannot be built"),
        ({"head": {"size": 2}}, {}, "has no 'size' in its groups"),
    ],
)
def test_groups_and_curves_that_an_optimizer_cannot_have_are_refused(groups, params, said):
    with pytest.raises(UserError, match=re.escape(said)):
        optimizers.build(dataclasses.replace(part_of("adam", lr=0.1, **params), groups=groups), Nested())


def test_a_curve_of_a_beta_runs_without_graphs_and_says_so_and_one_of_a_rate_does_not(monkeypatch):
    notes = []
    run = make().run
    monkeypatch.setattr(run, "runtime", SimpleNamespace(device=torch.device("cuda")))
    monkeypatch.setattr(graphs, "CudaGraphs", lambda device: None)
    run.optimizers["critic"] = optimizers.build(part_of("adam", lr=FALL), run.critic)
    for optimizer in run.optimizers.values():
        optimizer.defaults["capturable"] = True
    assert type(choose_runner(run, notes.append)) is not UpdateRunner
    run.optimizers["critic"] = optimizers.build(part_of("adam", betas=(0.0, Curve(Piece(0.9, 0.99)))), run.critic)
    assert type(choose_runner(run, notes.append)) is UpdateRunner
    assert "because Adam takes betas, which moves along a curve, as a number from Python" in notes.pop()
    monkeypatch.setattr(run, "ranks", SimpleNamespace(recorded=False))
    assert type(choose_runner(run, notes.append)) is UpdateRunner
    assert "average their gradients without NCCL" in notes.pop()


def test_adamw_trains_and_resumes_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("run.yaml").write_text(
        "data: {name: ring, count: 64}\ngenerator: {name: mlp, hidden: [8]}\ncritic: {name: mlp, hidden: [8]}\nloss: non_saturating\n"
        "optimizer: {generator: {name: adamw, lr: 1e-2}, critic: {name: adamw, weight_decay: 0.1}}\n"
        "train: {batch_size: 8, device: cpu, threads: 1}\nsample: {count: 4}\n"
    )
    for steps, folder in ((6, "whole"), (3, "parts"), (6, "parts")):
        assert invoke(["run", "run.yaml", "-q", "-o", f"train.steps={steps}", "--out", folder, "--resume"]) == 0
    for side in ("generator", "critic"):
        whole, parts = (load_file(f"{folder}/weights/{side}.safetensors") for folder in ("whole", "parts"))
        assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert "name: ganzoo-core/adamw" in Path("whole/config.yaml").read_text()


def test_a_run_that_named_its_optimizer_without_a_distribution_is_the_same_run():
    def tree(name):
        return {"optimizer": {"critic": {"name": name, "lr": 1.0}}}

    assert differences(tree("adam"), tree("ganzoo-core/adam")) == []
    assert differences(tree("adam"), tree("ganzoo-core/sgd")) == ["optimizer.critic.name: ganzoo-core/adam, now ganzoo-core/sgd"]
